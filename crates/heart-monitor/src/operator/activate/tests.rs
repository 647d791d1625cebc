//! Activations over every kind of record, and what can come between.

use failover_policy::{LeaseTiming, OwnershipRecord, Phase, SignedSpan, Span, Timing};
use flatline_shell::Exit;
use heartbeat_store::{Fault, Operation};

use super::{Activation, Order};
use crate::operator::args::ConsentArgs;
use crate::operator::console::Consent;
use crate::operator::console::notebook::Notebook;
use crate::operator::testing::{ACTIVE, SECOND, World, id, pending};

const NEWER: &[u8] = br#"{"version":2,"revision":70,"term":5,"owner":{"cluster":"a"}}"#;
const YES: ConsentArgs = ConsentArgs { yes: true, dry_run: false };

struct Run {
    exit: Exit,
    console: Notebook,
}

/// To cluster b, at once.
fn to_b(term: Option<u64>) -> Order {
    Order { cluster: id("b"), term, never_seen: false, replace_newer: false, consent: YES }
}

/// A store in which a and b have beaten.
async fn pair() -> World {
    let world = World::new();
    world.beat_once(&id("a")).await;
    world.beat_once(&id("b")).await;
    world
}

async fn carry_out(world: &World, order: Order, answer: Consent) -> Run {
    let activation = Activation { setting: world.setting(), order };
    let mut console = Notebook::answering(answer);
    let exit = activation.run(&mut console).await.unwrap();
    Run { exit, console }
}

async fn activate_as(world: &World, term: Option<u64>, consent: ConsentArgs, answer: Consent) -> Run {
    carry_out(world, Order { consent, ..to_b(term) }, answer).await
}

async fn activate(world: &World, term: Option<u64>) -> Run {
    activate_as(world, term, YES, Consent::NobodyToAsk).await
}

#[tokio::test(start_paused = true)]
async fn the_plan_says_first_which_safety_is_given_up_and_that_there_is_a_better_way() {
    let world = pair().await;
    world.plant(&World::record("a", ACTIVE));
    let run = activate(&world, None).await;
    let record = world.stored();
    assert_eq!((run.exit, record.revision, record.term), (Exit::Done, 8, 4), "{:?}", run.console);
    assert!(record.lets_run(&id("b")));
    assert_eq!(record.phase, Phase::Active { previous: Some(id("a")) });
    insta::assert_snapshot!("activated", run.console.plain());

    let again = activate(&world, None).await;
    assert_eq!((again.exit, world.stored().revision), (Exit::Done, 8), "a second run changes nothing");
    let text = again.console.plain();
    assert!(text.starts_with("nothing to do: cluster b owns the work: term 4"), "{text}");
    assert!(text.contains("it was activated by hand, by operator:desk"), "{text}");
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
        let world = pair().await;
        world.plant(&World::record("a", ACTIVE));
        let run = activate_as(&world, None, consent, answer).await;
        assert_eq!((run.exit, world.stored().revision != 7), (exit, changed), "{consent:?}, {answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_term_cannot_be_known_it_has_to_be_said() {
    let counting = World::record("a", ACTIVE);
    let counted_out = OwnershipRecord { term: u64::MAX, ..counting.clone() }.to_json();
    let (counting, counted_out) = (counting.to_json(), counted_out.as_slice());
    let counting = counting.as_slice();
    let table = [
        (None, None, Err("N is 2"), "no record"),
        (None, Some(4), Ok(4), "no record, and a term"),
        (Some(b"not JSON".as_slice()), None, Err("its FLATLINE_TERM"), "malformed"),
        (Some(b"not JSON".as_slice()), Some(9), Ok(9), "malformed, and a term"),
        (Some(NEWER), None, Err("refuses to replace it without --replace-newer"), "newer: it is well"),
        (Some(NEWER), Some(9), Err("bring what is older"), "newer, and a term"),
        (Some(counting), Some(u64::MAX), Err("say a lower --term"), "no term would be left"),
        (Some(counted_out), None, Err("begin anew"), "no term is left"),
    ];
    for (planted, term, expected, why) in table {
        let world = pair().await;
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
    let world = pair().await;
    world.plant(&World::record("c", pending("a")));
    let run = activate(&world, None).await;
    assert_eq!((run.exit, world.stored().term), (Exit::Done, 4));
    assert_eq!(world.stored().phase, Phase::Active { previous: Some(id("a")) }, "the last that may have run");

    let restored = pair().await;
    restored.plant(&World::record("b", ACTIVE));
    let run = activate(&restored, Some(12)).await;
    assert_eq!(
        (run.exit, restored.stored().term, restored.stored().revision),
        (Exit::Done, 12, 1_761_955_200)
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_ends_it_with_what_to_do() {
    let world = pair().await;
    world.memory.break_with(&Operation::ALL, Fault::Unreachable);
    let run = activate(&world, None).await;
    assert_eq!(run.exit, Exit::CannotTell);
    insta::assert_snapshot!("no_store", run.console.complaints.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_swap_that_is_lost_is_tried_again_over_what_came_between() {
    let world = pair().await;
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
    let world = pair().await;
    world.plant(&World::record("a", ACTIVE));
    world.memory.lose_next_answer();
    assert_eq!(activate(&world, None).await.exit, Exit::Done);
    assert_eq!(world.stored().revision, 8, "written once");

    let away = pair().await;
    away.plant(&World::record("a", ACTIVE));
    away.memory.break_with(&[Operation::Swap], Fault::Unreachable);
    let run = activate(&away, None).await;
    assert_eq!((run.exit, run.console.waits.len()), (Exit::CannotTell, 1), "{:?}", run.console);
    assert!(
        run.console.complaints[0].starts_with("whether it was activated is not known: "),
        "{:?}",
        run.console
    );
    let full = pair().await;
    full.plant(&World::record("a", ACTIVE));
    full.memory.break_with(&[Operation::Swap], Fault::NoSpace);
    let run = activate(&full, None).await;
    assert!(run.console.complaints[0].starts_with("not activated: "), "{:?}", run.console);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_a_newer_version_is_replaced_only_by_whoever_insists() {
    let world = pair().await;
    world.plant_bytes(NEWER);
    let refused = carry_out(&world, to_b(None), Consent::NobodyToAsk).await;
    assert_eq!((refused.exit, world.stored_bytes().as_deref()), (Exit::CannotTell, Some(NEWER)));
    insta::assert_snapshot!("newer", refused.console.complaints.join("\n"));
    let insisted = Order { replace_newer: true, ..to_b(None) };
    assert_eq!(carry_out(&world, insisted, Consent::NobodyToAsk).await.exit, Exit::Done);
    assert_eq!(world.stored().term, 6, "one above the newer record's");
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_never_beat_here_is_refused_with_the_one_that_was_meant() {
    let world = pair().await;
    world.plant(&World::record("a", ACTIVE));
    let context = Order { cluster: id("flatline-b"), ..to_b(None) };
    let refused = carry_out(&world, context.clone(), Consent::Given).await;
    assert_eq!((refused.exit, world.stored().revision), (Exit::CannotTell, 7));
    insta::assert_snapshot!("never_seen", refused.console.complaints.join("\n"));
    assert_eq!(refused.console.plain(), "", "there is no plan to agree to");
    let insisted = Order { never_seen: true, ..context };
    assert_eq!(carry_out(&world, insisted, Consent::NobodyToAsk).await.exit, Exit::Done);
    assert!(world.stored().lets_run(&id("flatline-b")));
}

#[tokio::test(start_paused = true)]
async fn the_new_record_has_the_watch_of_whoever_activates_and_the_plan_says_what_that_waives() {
    let world = pair().await;
    let slip = LeaseTiming { watch: Span::from_millis(29_800), stop: Span::from_secs(2) };
    world.plant(&OwnershipRecord { timing: slip, ..World::record("a", ACTIVE) });
    let run = activate(&world, None).await;
    assert_eq!(world.stored().timing, LeaseTiming::of(&Timing::default()));
    let told =
        "for 30 s a guard that cannot read the store may hold by that, while a takeover comes after 9s";
    assert!(run.console.plain().contains(told), "{}", run.console.plain());
}

/// The first write lands after its deadline; by the time the command looks again, this has become of the record.
async fn after_a_late_landing(
    meanwhile: impl Fn(OwnershipRecord) -> OwnershipRecord,
) -> (Run, OwnershipRecord) {
    let world = pair().await;
    // A clock that tells finer than what is stored.
    world.clock.step_wall(SignedSpan::from_ticks(1234));
    world.plant(&World::record("a", ACTIVE));
    world.memory.break_with(&[Operation::Swap], Fault::Delay(2 * SECOND));
    let others = async {
        while world.stored().revision == 7 {
            tokio::time::sleep(SECOND / 100).await;
        }
        world.plant(&meanwhile(world.stored()));
    };
    let (run, ()) = tokio::join!(activate(&world, None), others);
    (run, world.stored())
}

#[tokio::test(start_paused = true)]
async fn an_activation_whose_answer_was_lost_finds_its_own_work_and_says_that_it_is_done() {
    type Meanwhile = fn(OwnershipRecord) -> OwnershipRecord;
    let longer = LeaseTiming { watch: Span::from_secs(34), stop: Span::from_secs(2) };
    let table: [(Meanwhile, u64, &str); 2] = [
        (|landed| landed, 8, "nobody touched it"),
        (|landed| OwnershipRecord { revision: 9, by: "b-0".to_owned(), ..landed }, 9, "a guard built on it"),
    ];
    for (meanwhile, revision, why) in table {
        let (run, stored) = after_a_late_landing(meanwhile).await;
        assert_eq!((run.exit, stored.revision, stored.term), (Exit::Done, revision, 4), "{why}");
        let text = run.console.plain();
        assert!(text.ends_with("see 'heart-monitor status' whether it stays so\n"), "{why}: {text}");
        assert!(text.contains("done: cluster b owns the work: term 4"), "{why}: {text}");
    }
    let taken = |landed| OwnershipRecord { revision: 10, term: 5, timing: longer, ..landed };
    let (run, _) = after_a_late_landing(taken).await;
    assert!(
        run.console.plain().contains("nothing to do: "),
        "another term is another's doing: {:?}",
        run.console
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_swallows_answers_leaves_it_open_what_landed() {
    let world = pair().await;
    world.plant(&World::record("a", ACTIVE));
    world.memory.break_with(&[Operation::Swap], Fault::Hang);
    let run = activate(&world, None).await;
    assert_eq!(run.exit, Exit::CannotTell);
    let complaint = &run.console.complaints[0];
    assert!(complaint.starts_with("whether it was activated is not known: "), "{complaint}");
}
