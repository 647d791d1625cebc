//! A handover from its plan to each of its ends.

use failover_policy::{
    Exhausted, Handover, HandoverEnd, HandoverRule, HandoverWait, LeaseTiming, OwnershipRecord, Phase,
    Purpose, RecordFinding, Span, SwapOutcome, Timing, UnusableRecord, WatchRule,
};

use crate::bench::{Bench, Heart, Millis, active, boot, id, lease, next, pending, releasing};

const MINUTE: Millis = 60_000;

/// To that cluster, without a drain, with the defaults.
pub(crate) fn handover_rule(to: &str) -> HandoverRule {
    let timing = Timing::default();
    HandoverRule {
        to: id(to),
        drain: Span::ZERO,
        by: "operator".to_owned(),
        watch: WatchRule::new(&timing),
        lease: LeaseTiming::of(&timing),
        cache_age: Span::ZERO,
    }
}

fn handover(rule: HandoverRule) -> Bench<Handover> {
    Bench::new(rule.to.clone().as_str(), Handover::new(rule))
}

#[test]
fn a_handover_releases_waits_until_the_old_side_must_have_stopped_and_completes() {
    let cached = Span::from_secs(2);
    let table = [
        (Span::ZERO, Span::ZERO, lease(9, 2), 11_000),
        (Span::from_secs(5), Span::ZERO, lease(9, 2), 16_010),
        (Span::from_secs(5), cached, lease(9, 2), 18_010),
        (Span::ZERO, Span::ZERO, lease(29, 5), 31_000),
    ];
    for (drain, cache_age, timing, completed_at) in table {
        let mut bench = handover(HandoverRule { drain, cache_age, ..handover_rule("b") })
            .with_record(OwnershipRecord { timing, ..active("a") });
        bench.run_to(completed_at - 1);
        assert_eq!(bench.swaps(), [(2000, Purpose::Release)], "after one beat of the successor");
        assert_eq!(bench.stored().phase, Phase::Releasing { successor: id("b"), drain });
        assert_eq!((bench.stored().revision, bench.stored().term), (6, 3));
        let waits = Some(HandoverWait::OldSideStops(boot(completed_at)));
        assert_eq!(bench.machine.waiting(bench.now()), waits);
        let Some(HandoverEnd::HandedOver(record)) = bench.run_to(completed_at) else { panic!("no end") };
        assert_eq!(bench.swaps()[1..], [(completed_at, Purpose::Complete)]);
        assert_eq!(
            (record.revision, record.term, record.timing),
            (7, 4, lease(9, 2)),
            "nobody holds the work by what was promised before"
        );
        assert_eq!(record.phase, Phase::Active { previous: Some(id("a")) });
    }
}

#[test]
fn what_was_never_written_down_is_not_handed_over_since_it_may_be_lost() {
    for to in ["a", "b"] {
        let mut bench = handover(handover_rule(to));
        assert_eq!((bench.run_to(0), bench.swaps()), (Some(HandoverEnd::NoRecord), vec![]), "to {to}");
    }
}

#[test]
fn a_successor_that_does_not_beat_gets_nothing() {
    for heart in [Heart::DiedAt(0), Heart::Missing, Heart::Torn, Heart::Foreign, Heart::Unreadable] {
        let mut bench = handover(handover_rule("b")).with_record(active("a")).with_heart("b", heart);
        assert_eq!(bench.run_to(9999), None, "{heart:?}");
        assert_eq!(bench.machine.waiting(bench.now()), Some(HandoverWait::SuccessorBeat));
        assert_eq!(bench.run_to(10_000), Some(HandoverEnd::SuccessorSilent), "{heart:?}");
        assert_eq!(bench.swaps(), []);
    }
}

#[test]
fn a_successor_that_dies_meanwhile_gives_the_work_back_to_the_old_owner() {
    let drain = Span::from_secs(600);
    let mut bench = handover(HandoverRule { drain, ..handover_rule("b") })
        .with_record(active("a"))
        .with_heart("b", Heart::DiedAt(4000));
    assert_eq!(bench.run_to(MINUTE), Some(HandoverEnd::SuccessorSilent));
    assert_eq!(bench.swaps(), [(2000, Purpose::Release), (14_000, Purpose::CallOff)]);
    assert_eq!((bench.stored().owner.as_str(), bench.stored().term), ("a", 3));
}

#[test]
fn a_successor_that_cannot_be_seen_is_waited_for() {
    let mut bench = handover(handover_rule("b")).with_record(active("a"));
    bench.run_to(2500);
    bench.set_heart("b", Heart::Unreadable);
    assert_eq!(bench.run_to(MINUTE), None);
    assert_eq!(bench.machine.waiting(bench.now()), Some(HandoverWait::SuccessorBeat));
    bench.set_heart("b", Heart::Beats);
    assert!(matches!(bench.run_to(2 * MINUTE), Some(HandoverEnd::HandedOver(_))));
}

#[test]
fn every_other_state_ends_a_handover_before_it_begins() {
    type End = fn(Box<OwnershipRecord>) -> HandoverEnd;
    let table: [(_, End); 4] = [
        (active("b"), HandoverEnd::AlreadyOwner),
        (pending("c", "a"), HandoverEnd::TakeoverUnderWay),
        (pending("b", "a"), HandoverEnd::TakeoverUnderWay),
        (releasing("a", "c", Span::ZERO), HandoverEnd::OtherHandover),
    ];
    for (record, end) in table {
        let mut bench = handover(handover_rule("b")).with_record(record.clone());
        assert_eq!((bench.run_to(MINUTE), bench.swaps()), (Some(end(Box::new(record))), vec![]));
    }
    let counted_out = OwnershipRecord { term: u64::MAX, ..active("a") };
    let mut bench = handover(handover_rule("b")).with_record(counted_out);
    let end = Some(HandoverEnd::Exhausted(Exhausted::Term(u64::MAX)));
    assert_eq!((bench.run_to(MINUTE), bench.swaps()), (end, vec![]), "nobody would be stopped for nothing");
    let why = UnusableRecord::Newer(2);
    let mut bench = handover(handover_rule("b"));
    bench.record = RecordFinding::Unusable(why.clone());
    assert_eq!((bench.run_to(MINUTE), bench.swaps()), (Some(HandoverEnd::Unusable(why)), vec![]));
}

#[test]
fn a_store_that_cannot_be_read_is_waited_for_and_a_record_that_is_lost_is_not() {
    let mut bench = handover(handover_rule("b"));
    bench.record = RecordFinding::Unreadable;
    assert_eq!(
        (bench.run_to(MINUTE), bench.machine.waiting(bench.now())),
        (None, Some(HandoverWait::Record))
    );
    bench.set_record(active("a"));
    bench.run_to(MINUTE + 5000);
    assert_eq!(bench.swaps().len(), 1);
    bench.record = RecordFinding::Absent;
    assert_eq!(bench.run_to(2 * MINUTE), Some(HandoverEnd::Lost));
}

#[test]
fn an_interrupted_handover_is_completed_by_running_it_again() {
    let drain = Span::from_secs(5);
    let mut bench = handover(HandoverRule { drain: Span::from_secs(60), ..handover_rule("b") })
        .with_record(releasing("a", "b", drain));
    assert_eq!(bench.run_to(14_009), None, "the record's drain counts, from when this process saw it");
    assert!(matches!(bench.run_to(14_010), Some(HandoverEnd::HandedOver(_))));
    assert_eq!(bench.swaps(), [(14_010, Purpose::Complete)]);
}

#[test]
fn a_handover_that_the_successors_gate_completes_first_is_a_success() {
    let mut bench = handover(handover_rule("b")).with_record(active("a"));
    bench.run_to(8500);
    bench.set_record(OwnershipRecord { revision: 7, term: 4, ..active("b") });
    assert!(matches!(bench.run_to(MINUTE), Some(HandoverEnd::HandedOver(_))));
    assert_eq!(bench.swaps().len(), 1, "only the release");
}

#[test]
fn a_handover_that_somebody_else_ended_says_who_owns_the_work() {
    for owner in ["a", "c"] {
        let mut bench = handover(handover_rule("b")).with_record(active("a"));
        bench.run_to(8500);
        let record = OwnershipRecord { revision: 7, ..active(owner) };
        bench.set_record(record.clone());
        assert_eq!(bench.run_to(MINUTE), Some(HandoverEnd::Overtaken(Box::new(record))));
    }
}

#[test]
fn a_handover_to_the_owner_calls_off_the_one_that_is_under_way() {
    let mut bench = handover(handover_rule("a")).with_record(releasing("a", "b", Span::from_secs(600)));
    let Some(HandoverEnd::CalledOff(record)) = bench.run_to(0) else { panic!("no end") };
    assert_eq!(bench.swaps(), [(0, Purpose::CallOff)]);
    assert_eq!((record.revision, record.term, record.owner.as_str()), (6, 3, "a"));
    assert!(record.lets_run(&id("a")));
}

#[test]
fn a_lost_swap_is_followed_by_a_read_and_tried_again_after_a_poll() {
    for outcome in [SwapOutcome::Lost, SwapOutcome::Failed] {
        let mut bench = handover(handover_rule("b")).with_record(active("a"));
        bench.outcome = outcome;
        bench.run_to(4999);
        assert_eq!(bench.swaps().len(), 3, "{outcome:?}");
        bench.set_record(next(pending("c", "a")));
        assert!(matches!(bench.run_to(MINUTE), Some(HandoverEnd::TakeoverUnderWay(_))), "{outcome:?}");
    }
}

#[test]
fn a_call_off_that_nobody_could_tell_the_end_of_is_settled_by_reading() {
    let mut bench = handover(handover_rule("a")).with_record(releasing("a", "b", Span::ZERO));
    bench.outcome = SwapOutcome::Failed;
    bench.run_to(0);
    bench.set_record(bench.last_swap().unwrap().record.clone());
    assert!(matches!(bench.run_to(MINUTE), Some(HandoverEnd::CalledOff(_))));

    let mut bench = handover(handover_rule("b"))
        .with_record(releasing("a", "b", Span::from_secs(600)))
        .with_heart("b", Heart::DiedAt(0));
    bench.outcome = SwapOutcome::Failed;
    bench.run_to(10_000);
    bench.set_record(bench.last_swap().unwrap().record.clone());
    assert_eq!(bench.run_to(MINUTE), Some(HandoverEnd::SuccessorSilent));
}

#[test]
fn a_store_whose_reads_take_as_long_as_a_poll_still_lets_a_handover_end() {
    let mut bench = handover(handover_rule("b")).with_record(active("a"));
    bench.takes = [("record", 900), ("b", 900)].into();
    let Some(HandoverEnd::HandedOver(_)) = bench.run_to(MINUTE) else { panic!("no end") };
}
