//! Activations over every kind of record, and what can come between.

use failover_policy::{OwnershipRecord, Phase};
use flatline_shell::Exit;
use heartbeat_store::{Fault, Operation};

use super::Activation;
use crate::operator::args::ConsentArgs;
use crate::operator::console::Consent;
use crate::operator::console::notebook::Notebook;
use crate::operator::testing::{ACTIVE, SECOND, World, id, pending};

const YES: ConsentArgs = ConsentArgs { yes: true, dry_run: false };

struct Run {
    exit: Exit,
    console: Notebook,
}

async fn activate_as(world: &World, term: Option<u64>, consent: ConsentArgs, answer: Consent) -> Run {
    let activation = Activation { setting: world.setting(), cluster: id("b"), term, consent };
    let mut console = Notebook::answering(answer);
    let exit = activation.run(&mut console).await.unwrap();
    Run { exit, console }
}

async fn activate(world: &World, term: Option<u64>) -> Run {
    activate_as(world, term, YES, Consent::NobodyToAsk).await
}

#[tokio::test(start_paused = true)]
async fn the_plan_says_first_which_safety_is_given_up_and_that_there_is_a_better_way() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.beat_once(&id("a")).await;
    world.beat_once(&id("b")).await;
    let run = activate(&world, None).await;
    let record = world.stored();
    assert_eq!((run.exit, record.revision, record.term), (Exit::Done, 8, 4), "{:?}", run.console);
    assert!(record.lets_run(&id("b")));
    assert_eq!(record.phase, Phase::Active { previous: Some(id("a")) });
    insta::assert_snapshot!("activated", run.console.plain());

    let again = activate(&world, None).await;
    assert_eq!((again.exit, world.stored().revision), (Exit::Done, 8), "a second run changes nothing");
    assert!(again.console.plain().starts_with("nothing to do: cluster b owns the work: term 4"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_and_a_missing_go_ahead_change_nothing() {
    let dry = ConsentArgs { yes: false, dry_run: true };
    let ask = ConsentArgs { yes: false, dry_run: false };
    let table = [
        (dry, Consent::Given, Exit::Done, false),
        (ask, Consent::Refused, Exit::Refused, false),
        (ask, Consent::NobodyToAsk, Exit::Refused, false),
        (ask, Consent::Given, Exit::Done, true),
    ];
    for (consent, answer, exit, changed) in table {
        let world = World::new();
        world.plant(&World::record("a", ACTIVE));
        let run = activate_as(&world, None, consent, answer).await;
        assert_eq!((run.exit, world.stored().revision != 7), (exit, changed), "{consent:?}, {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_term_cannot_be_known_it_has_to_be_said() {
    let newer = br#"{"version":2,"revision":70,"term":5,"owner":{"cluster":"a"}}"#.as_slice();
    let table = [
        (None, None, Err("N is 2"), "no record"),
        (None, Some(4), Ok(4), "no record, and a term"),
        (Some(b"not JSON".as_slice()), None, Err("its FLATLINE_TERM"), "malformed"),
        (Some(b"not JSON".as_slice()), Some(9), Ok(9), "malformed, and a term"),
        (Some(newer), None, Ok(6), "newer, with its term"),
    ];
    for (planted, term, expected, why) in table {
        let world = World::new();
        planted.inspect(|bytes| world.plant_bytes(bytes));
        let run = activate(&world, term).await;
        match expected {
            Ok(term) => {
                assert_eq!((run.exit, world.stored().term), (Exit::Done, term), "{why}: {:?}", run.console);
                assert_eq!(world.stored().revision, 1_761_955_200, "{why}: it counts above every lost one");
            }
            Err(part) => {
                assert_eq!(run.exit, Exit::CannotTell, "{why}");
                assert!(run.console.complaints[0].contains(part), "{why}: {:?}", run.console);
                assert_eq!(world.stored_bytes().as_deref(), planted, "{why}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_and_a_lost_record_are_overruled() {
    let world = World::new();
    world.plant(&World::record("c", pending("a")));
    let run = activate(&world, None).await;
    assert_eq!((run.exit, world.stored().term), (Exit::Done, 4));
    assert_eq!(world.stored().phase, Phase::Active { previous: Some(id("a")) }, "the last that may have run");

    let restored = World::new();
    restored.plant(&World::record("b", ACTIVE));
    let run = activate(&restored, Some(12)).await;
    assert_eq!(
        (run.exit, restored.stored().term, restored.stored().revision),
        (Exit::Done, 12, 1_761_955_200)
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_ends_it_with_what_to_do() {
    let world = World::new();
    world.memory.break_with(&Operation::ALL, Fault::Unreachable);
    let run = activate(&world, None).await;
    assert_eq!(run.exit, Exit::CannotTell);
    insta::assert_snapshot!("no_store", run.console.complaints.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_swap_that_is_lost_is_tried_again_over_what_came_between() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.memory.break_with(&[Operation::Swap], Fault::Delay(SECOND / 2));
    let meanwhile = async {
        tokio::time::sleep(SECOND / 4).await;
        world.plant(&OwnershipRecord { revision: 8, ..World::record("c", pending("a")) });
    };
    let (run, ()) = tokio::join!(activate(&world, None), meanwhile);
    assert_eq!(
        (run.exit, world.stored().revision, world.stored().term),
        (Exit::Done, 9, 4),
        "{:?}",
        run.console
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_and_a_store_that_never_answers_gives_up() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.memory.lose_next_answer();
    assert_eq!(activate(&world, None).await.exit, Exit::Done);
    assert_eq!(world.stored().revision, 8, "written once");

    let away = World::new();
    away.plant(&World::record("a", ACTIVE));
    away.memory.break_with(&[Operation::Swap], Fault::Unreachable);
    let run = activate(&away, None).await;
    assert_eq!((run.exit, run.console.waits.len()), (Exit::CannotTell, 1), "{:?}", run.console);
    assert!(run.console.complaints[0].starts_with("not activated: "), "{:?}", run.console);
}
