//! Handovers on virtual time: to the end, interrupted, run again, called off, overtaken.

use std::time::Duration;

use failover_policy::{ClusterId, HandoverEnd, OwnershipRecord, Phase, RecordState, Span, UnusableRecord};
use flatline_shell::Exit;
use heartbeat_store::{Fault, Operation, RecordName};

use super::{Order, Transfer, endings};
use crate::operator::args::ConsentArgs;
use crate::operator::console::Consent;
use crate::operator::console::notebook::Notebook;
use crate::operator::testing::{ACTIVE, SECOND, World, id, pending, releasing};

const YES: ConsentArgs = ConsentArgs { yes: true, dry_run: false };
const DRY: ConsentArgs = ConsentArgs { yes: false, dry_run: true };
const ASK: ConsentArgs = ConsentArgs { yes: false, dry_run: false };

struct Run {
    exit: Exit,
    console: Notebook,
    took: Duration,
}

fn order(to: &str, consent: ConsentArgs) -> Order {
    let to = (!to.is_empty()).then(|| id(to));
    Order { command: "handover", to, primary: Some(id("a")), drain: Span::ZERO, timeout: None, consent }
}

/// Runs it, with one signal at that moment, if any.
async fn carry_out(world: &World, order: Order, mut console: Notebook, signal: Option<Duration>) -> Run {
    let transfer = Transfer { setting: world.setting(), order };
    let began = world.now();
    let mut signal = signal;
    let interrupted = async || {
        let Some(at) = signal else { return std::future::pending().await };
        tokio::time::sleep((began + at).saturating_sub(world.now())).await;
        signal = None;
        2
    };
    let exit = transfer.run(&mut console, interrupted).await.unwrap_or_else(|error| {
        console.complaints.push(error.to_string());
        Exit::Refused
    });
    Run { exit, console, took: world.now().saturating_sub(began) }
}

fn nobody() -> Notebook {
    Notebook::answering(Consent::NobodyToAsk)
}

async fn hand_over(world: &World, to: &str) -> Run {
    carry_out(world, order(to, YES), nobody(), None).await
}

async fn interrupted_at(world: &World, to: &str, at: Duration) -> Run {
    carry_out(world, order(to, YES), nobody(), Some(at)).await
}

#[tokio::test(start_paused = true)]
async fn the_work_changes_hands_once_the_old_side_has_stopped_for_certain() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let (_a, _b) = (world.beat("a"), world.beat("b"));
    let run = hand_over(&world, "b").await;
    let record = world.stored();
    assert_eq!((run.exit, record.revision, record.term), (Exit::Done, 9, 4), "{:?}", run.console);
    assert!(record.lets_run(&id("b")));
    assert!(record.by.starts_with("operator:"), "{}", record.by);
    assert!(run.took >= 9 * SECOND && run.took <= 12 * SECOND, "{:?}", run.took);
    insta::assert_snapshot!("handed_over", run.console.plain());
    assert_eq!(run.console.waits.first().unwrap(), "waiting for a beat of cluster b, 10 s at most");
    let wait = "waiting for cluster a to have stopped for certain: 9 s left";
    assert!(run.console.waits.iter().any(|line| line == wait), "{:#?}", run.console.waits);

    let again = hand_over(&world, "b").await;
    assert_eq!((again.exit, world.stored().revision), (Exit::Done, 9), "a second run changes nothing");
    assert!(again.console.plain().starts_with("nothing to do: cluster b owns the work: term 4"));
}

#[tokio::test(start_paused = true)]
async fn the_drain_is_recorded_and_waited_for() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let order = Order { drain: Span::from_secs(30), ..order("b", YES) };
    let run = carry_out(&world, order, nobody(), None).await;
    assert_eq!(run.exit, Exit::Done);
    assert!(run.took >= 39 * SECOND, "{:?}", run.took);
    assert!(run.console.plain().contains("SIGKILL 30s and a stop grace later"), "{}", run.console.plain());
}

#[tokio::test(start_paused = true)]
async fn failback_goes_to_the_primary_and_has_to_know_which_cluster_that_is() {
    let world = World::new();
    world.plant(&World::record("b", ACTIVE));
    let _a = world.beat("a");
    let run = hand_over(&world, "").await;
    assert_eq!(run.exit, Exit::Done);
    assert!(world.stored().lets_run(&id("a")));

    let empty = World::new();
    let _b = empty.beat("b");
    let nameless = Order { primary: None, ..order("b", YES) };
    let nowhere = Order { to: None, ..nameless };
    let run = carry_out(&empty, nowhere, nobody(), None).await;
    assert!(run.console.complaints[0].starts_with("to which cluster?"), "{:?}", run.console.complaints);
}

#[tokio::test(start_paused = true)]
async fn without_a_record_nobody_can_tell_who_owns_the_work_and_no_handover_says_that_it_is_done() {
    let world = World::new();
    let _hearts = (world.beat("a"), world.beat("b"));
    let known = "no ownership record: on a new store cluster a owns the work as the primary; where there ever was one it is \
                 lost. ";
    let unknown = "on a new store the primary owns the work (which cluster that is, --primary says)";
    let nameless = |to| Order { primary: None, ..order(to, YES) };
    let table = [
        (order("", YES), known, "failback"),
        (order("a", YES), known, "to the primary"),
        (order("b", YES), known, "away from it"),
        (order("a", DRY), known, "nor is there a plan"),
        (nameless("c"), unknown, "among clusters that nobody named"),
    ];
    for (order, part, why) in table {
        let world = if order.primary.is_some() { world.clone() } else { World::new() };
        let run = carry_out(&world, order, nobody(), None).await;
        assert_eq!((run.exit, run.console.plain()), (Exit::CannotTell, String::new()), "{why}");
        let said = run.console.complaints.join("\n");
        assert!(said.contains(part) && said.contains("restart no monitor"), "{why}: {said}");
        assert!(world.stored_bytes().is_none(), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_and_a_missing_go_ahead_change_nothing() {
    let table = [
        (DRY, Consent::Given, Exit::Done, "dry run: nothing was changed"),
        (ASK, Consent::Refused, Exit::Refused, "nothing was changed"),
        (ASK, Consent::NobodyToAsk, Exit::Refused, "say --yes"),
        (ASK, Consent::Given, Exit::Done, "done: cluster b owns the work"),
    ];
    for (consent, answer, exit, word) in table {
        let world = World::new();
        world.plant(&World::record("a", ACTIVE));
        let _b = world.beat("b");
        let run = carry_out(&world, order("b", consent), Notebook::answering(answer), None).await;
        let said = format!("{}{}", run.console.plain(), run.console.complaints.join("\n"));
        assert_eq!(run.exit, exit, "{said}");
        assert!(said.contains(word), "{said}");
        let changed = consent == ASK && answer == Consent::Given;
        assert_eq!(world.stored().revision != 7, changed, "{said}");
        let asked =
            if consent == ASK { vec!["Hand the work over from cluster a to cluster b?"] } else { vec![] };
        assert_eq!(run.console.questions, asked);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_thinks_the_plan_over_for_long_finds_the_successor_as_alive_as_before() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let console = Notebook { thinks: 600 * SECOND, ..Notebook::answering(Consent::Given) };
    let patient = Order { timeout: Some(Span::from_secs(60)), ..order("b", ASK) };
    let run = carry_out(&world, patient, console, None).await;
    assert_eq!((run.exit, world.stored().term), (Exit::Done, 4), "{:?}", run.console);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_handover_says_where_it_stands_and_the_next_run_completes_it() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let run = interrupted_at(&world, "b", 6 * SECOND).await;
    assert_eq!((run.exit, run.took), (Exit::Signal(2), 6 * SECOND));
    insta::assert_snapshot!("interrupted", run.console.complaints.join("\n"));
    assert_eq!(world.stored().phase, releasing("b", 0));

    let again = hand_over(&world, "b").await;
    assert_eq!(again.exit, Exit::Done);
    assert!(again.took >= 9 * SECOND, "the wait is counted anew: {:?}", again.took);
    insta::assert_snapshot!("completed", again.console.plain());
    assert_eq!((world.stored().term, world.stored().revision), (4, 9));
}

#[tokio::test(start_paused = true)]
async fn before_the_release_an_interruption_leaves_everything_as_it_was() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.beat_once(&id("b")).await;
    let run = interrupted_at(&world, "b", 3 * SECOND).await;
    assert_eq!((run.exit, world.stored().revision), (Exit::Signal(2), 7));
    let expected = "interrupted: cluster a owns the work: term 3 since 2025-10-31T23:00:00.000Z; \
                    'heart-monitor handover --to b' starts again";
    assert_eq!(run.console.complaints, [expected]);
}

#[tokio::test(start_paused = true)]
async fn naming_the_owner_calls_an_interrupted_handover_off() {
    let world = World::new();
    world.plant(&World::record("a", releasing("b", 0)));
    let run = hand_over(&world, "a").await;
    let record = world.stored();
    assert_eq!((run.exit, record.term, record.revision), (Exit::Done, 3, 8));
    assert!(record.lets_run(&id("a")));
    insta::assert_snapshot!("called_off", run.console.plain());
}

#[tokio::test(start_paused = true)]
async fn a_successor_whose_own_gate_completes_the_handover_is_as_good() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let gate = tokio::spawn({
        let world = world.clone();
        async move {
            tokio::time::sleep(8 * SECOND).await;
            let released = world.stored();
            let phase = Phase::Active { previous: Some(id("a")) };
            world.plant(&OwnershipRecord { revision: 9, term: 4, owner: id("b"), phase, ..released });
        }
    });
    let run = hand_over(&world, "b").await;
    gate.await.unwrap();
    assert_eq!((run.exit, world.stored().revision), (Exit::Done, 9));
    assert!(run.console.plain().contains("done: cluster b owns the work: term 4"));
}

#[tokio::test(start_paused = true)]
async fn a_handover_that_somebody_calls_off_says_so() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let other = tokio::spawn({
        let world = world.clone();
        async move {
            tokio::time::sleep(8 * SECOND).await;
            let released = world.stored();
            world.plant(&OwnershipRecord {
                revision: 9,
                phase: ACTIVE,
                reason: "by hand".to_owned(),
                ..released
            });
        }
    });
    let run = hand_over(&world, "b").await;
    other.await.unwrap();
    assert_eq!(run.exit, Exit::CannotTell);
    assert!(
        run.console.complaints[0].starts_with("not handed over: somebody else ended"),
        "{:?}",
        run.console
    );
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_never_beat_here_is_refused_at_once_with_the_one_that_was_meant() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let (_a, _b) = (world.beat("a"), world.beat("b"));
    tokio::time::sleep(SECOND).await;
    let run = hand_over(&world, "flatline-b").await;
    assert_eq!((run.exit, world.stored().revision), (Exit::CannotTell, 7));
    assert!(run.took < SECOND, "no beat of it is worth waiting for: {:?}", run.took);
    let told = "did you mean b? 'heart-monitor handover --to b' names that one; else start its beacon first";
    assert!(run.console.complaints[0].ends_with(told), "{:?}", run.console);
}

#[tokio::test(start_paused = true)]
async fn a_silent_successor_gets_nothing_and_one_that_falls_silent_gives_it_back() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.beat_once(&id("b")).await;
    tokio::time::sleep(60 * SECOND).await;
    let run = hand_over(&world, "b").await;
    assert_eq!((run.exit, world.stored().revision), (Exit::CannotTell, 7));
    assert!(run.took >= 10 * SECOND && run.took < 12 * SECOND, "{:?}", run.took);
    insta::assert_snapshot!("successor_silent", run.console.complaints.join("\n"));

    let world = World::new();
    let order = Order { drain: Span::from_secs(60), ..order("b", YES) };
    world.plant(&World::record("a", ACTIVE));
    let beacon = world.beat("b");
    let silence = async {
        tokio::time::sleep(10 * SECOND).await;
        drop(beacon);
    };
    let (run, ()) = tokio::join!(carry_out(&world, order, nobody(), None), silence);
    assert_eq!((run.exit, world.stored().revision, world.stored().term), (Exit::CannotTell, 9, 3));
    assert!(world.stored().lets_run(&id("a")), "the old owner has it back");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_waited_for_until_the_timeout() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    world.memory.break_with(&Operation::ALL, Fault::Unreachable);
    let patient = Order { timeout: Some(Span::from_secs(20)), ..order("b", YES) };
    let run = carry_out(&world, patient, nobody(), None).await;
    assert_eq!((run.exit, run.took), (Exit::TimedOut, 20 * SECOND));
    assert_eq!(run.console.complaints, ["--timeout reached: nothing was changed"]);
    let wait = "waiting for the ownership record to be read: could not read memory: the test says so";
    assert_eq!(run.console.waits, [wait]);

    let _b = world.beat("b");
    let heal = async {
        tokio::time::sleep(3600 * SECOND).await;
        world.memory.heal(&Operation::ALL);
    };
    let (run, ()) = tokio::join!(hand_over(&world, "b"), heal);
    assert_eq!(run.exit, Exit::Done, "without a timeout it waits for an hour: {:?}", run.console);
}

#[tokio::test(start_paused = true)]
async fn an_outage_in_the_middle_is_told_and_outlasted_and_a_lost_answer_settled() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let trouble = async {
        tokio::time::sleep(6 * SECOND).await;
        world.memory.break_with(&Operation::ALL, Fault::Denied);
        tokio::time::sleep(30 * SECOND).await;
        world.memory.heal(&Operation::ALL);
        tokio::time::sleep(SECOND / 2).await;
        world.memory.lose_next_answer();
    };
    let (run, ()) = tokio::join!(hand_over(&world, "b"), trouble);
    assert_eq!((run.exit, world.stored().term), (Exit::Done, 4), "{:?}", run.console);
    let told = run.console.waits.iter().any(|wait| wait.contains("record to be read: not allowed"));
    assert!(told, "{:#?}", run.console.waits);
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_ends_a_handover_that_has_not_begun_with_the_reason_and_the_next_command() {
    for (fault, reason) in [(Fault::Denied, "not allowed to"), (Fault::NoSpace, "no room to")] {
        let world = World::new();
        world.plant(&World::record("a", ACTIVE));
        let _b = world.beat("b");
        world.memory.break_with(&[Operation::Swap], fault);
        let run = hand_over(&world, "b").await;
        assert_eq!((run.exit, world.stored().revision), (Exit::CannotTell, 7), "{reason}");
        let [said] = &run.console.complaints[..] else { panic!("{:?}", run.console.complaints) };
        assert!(said.starts_with(&format!("not handed over: {reason}")), "{said}");
        assert!(said.ends_with("'heart-monitor handover --to b' starts again"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_fails_on_the_way_shows_its_reason_for_as_long_as_it_fails() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let order = Order { timeout: Some(Span::from_secs(60)), ..order("b", YES) };
    let trouble = async {
        tokio::time::sleep(6 * SECOND).await;
        world.memory.break_with(&[Operation::Swap], Fault::Denied);
        tokio::time::sleep(20 * SECOND).await;
        world.memory.break_with(&[Operation::Swap], Fault::Unreachable);
    };
    let (run, ()) = tokio::join!(carry_out(&world, order, nobody(), None), trouble);
    assert_eq!(run.exit, Exit::TimedOut);
    let tries: Vec<&String> =
        run.console.waits.iter().filter(|wait| wait.starts_with("trying again")).collect();
    assert_eq!(tries.len(), 2, "the reason and its change, each once: {:#?}", run.console.waits);
    assert!(tries[0].contains("not allowed to") && tries[1].contains("could not"), "{tries:#?}");
    let [said] = &run.console.complaints[..] else { panic!("{:?}", run.console.complaints) };
    assert!(said.contains("'heart-monitor handover --to b' completes it"), "{said}");
    assert!(said.contains("could not"), "the last reason: {said}");
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_is_said_at_once_and_left_alone() {
    let newer = br#"{"version":2,"revision":7,"term":3}"#.to_vec();
    let table = [
        (World::record("c", pending("a")).to_json(), "a takeover is under way"),
        (World::record("a", releasing("c", 0)).to_json(), "another handover is under way"),
        (newer, "this program understands 1"),
        (b"{".to_vec(), "the ownership record is malformed"),
    ];
    for (bytes, word) in table {
        let world = World::new();
        world.plant_bytes(&bytes);
        let _b = world.beat("b");
        let run = hand_over(&world, "b").await;
        assert_eq!(run.exit, Exit::CannotTell, "{word}");
        assert!(run.console.complaints[0].contains(word), "{:?}", run.console.complaints);
        assert!(run.console.told.is_empty(), "there is no plan: {}", run.console.told);
        assert_eq!(world.stored_bytes(), Some(bytes), "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_vanishes_under_a_handover_is_lost_and_left_alone() {
    let world = World::new();
    world.plant(&World::record("a", ACTIVE));
    let _b = world.beat("b");
    let loss = async {
        tokio::time::sleep(6 * SECOND).await;
        world.memory.remove_record(&RecordName::Ownership);
    };
    let (run, ()) = tokio::join!(hand_over(&world, "b"), loss);
    assert_eq!(run.exit, Exit::CannotTell);
    assert!(run.console.complaints[0].contains("the store lost it"), "{:?}", run.console.complaints);
    assert!(world.stored_bytes().is_none());
}

#[test]
fn every_end_has_its_exit_code_and_says_what_to_do() {
    let active = |owner: &str| Box::new(World::record(owner, ACTIVE));
    let table = [
        HandoverEnd::HandedOver(active("b")),
        HandoverEnd::AlreadyOwner(active("b")),
        HandoverEnd::CalledOff(active("b")),
        HandoverEnd::SuccessorSilent,
        HandoverEnd::Overtaken(active("a")),
        HandoverEnd::TakeoverUnderWay(Box::new(World::record("b", pending("a")))),
        HandoverEnd::OtherHandover(Box::new(World::record("a", releasing("c", 0)))),
        HandoverEnd::NoRecord,
        HandoverEnd::Lost,
        HandoverEnd::Unusable(UnusableRecord::Newer(2)),
    ];
    let (to, primary, state) = (id("b"), id("a"), RecordState::Found(active("a")));
    let heart = endings::Successor { found: Some("no beat for 12.000s"), never_beat: false };
    let lines = table.iter().map(|end| {
        let line = endings::line(end, &to, Some(&primary), &state, heart);
        format!("{} {line}\n", endings::exit_of(end).code())
    });
    insta::assert_snapshot!("ends", lines.collect::<String>());
}

#[test]
fn whoever_stops_short_learns_where_the_record_stands() {
    let found = |owner: &str, phase: Phase| RecordState::Found(Box::new(World::record(owner, phase)));
    let table = [
        found("b", ACTIVE),
        found("a", ACTIVE),
        found("b", pending("a")),
        found("a", releasing("b", 0)),
        found("a", releasing("c", 0)),
        RecordState::Absent,
        RecordState::Unreadable,
        RecordState::Unusable(UnusableRecord::Newer(2)),
    ];
    let to: ClusterId = id("b");
    let lines =
        table.iter().map(|state| format!("{}\n", endings::standing("heart-monitor handover", &to, state)));
    insta::assert_snapshot!("standings", lines.collect::<String>());
}
