//! A store whose every answer takes nearly the whole read deadline, or all of it: nobody stops, and a standby takes over.

use failover_policy::{
    ChildOrder, Gate, GateRule, Guard, Handover, Opening, Purpose, RecordFinding, Span, StopCause,
};

use crate::bench::{
    Bench, Heart, Machine, Millis, active, gate, gate_rule, guard, guard_rule, next, releasing,
};
use crate::handover_rules::handover_rule;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
/// `T` and `p` are those of the defaults.
const T: Millis = 10_000;
const P: Millis = 1000;
/// What reads may take: nothing, and up to the deadline `r`.
const LATENCIES: [Millis; 7] = [0, 100, 500, 750, 800, 900, 1000];

fn slow<M: Machine>(mut bench: Bench<M>, takes: Millis) -> Bench<M> {
    bench.takes = ["own", "record", "a", "b", "c", "maintenance"].map(|what| (what, takes)).into();
    bench
}

/// A standby's guard in b; the owner's heart beats for a minute.
fn standby(takes: Millis) -> Bench<Guard> {
    let bench = guard(guard_rule("b")).with_record(active("a")).with_heart("a", Heart::DiedAt(MINUTE));
    slow(bench, takes)
}

/// The owner's guard, whose beats land at that time of each two seconds.
fn owner(takes: Millis, phase: Millis) -> Bench<Guard> {
    slow(guard(guard_rule("a")).with_record(active("a")).with_heart("a", Heart::BackAt(phase)), takes)
}

#[test]
fn a_standby_with_a_guard_takes_over_a_poll_and_a_few_answers_after_t() {
    for takes in LATENCIES {
        let mut bench = standby(takes);
        bench.run_to(2 * MINUTE);
        let swaps = bench.swaps();
        assert_eq!(
            swaps.iter().map(|swap| swap.1).collect::<Vec<_>>(),
            [Purpose::Claim, Purpose::Own],
            "{takes}"
        );
        let latest = MINUTE + T + P + 5 * takes;
        assert!(swaps.iter().all(|(at, _)| (MINUTE + T..=latest).contains(at)), "{takes}: {swaps:?}");
        assert_eq!(
            bench.orders().last().map(|order| order.1),
            Some(ChildOrder::Start { term: 4 }),
            "{takes}"
        );
    }
}

#[test]
fn so_does_a_gate_without_a_guard() {
    for takes in LATENCIES {
        let bench = gate(gate_rule("b")).with_record(active("a")).with_heart("a", Heart::DiedAt(MINUTE));
        let opened = slow(bench, takes).run_to(MINUTE + T + P + 5 * takes);
        assert!(matches!(opened, Some(Opening::Owner(_))), "{takes}: {opened:?}");
    }
}

#[test]
fn the_workload_of_an_owner_runs_on_whenever_its_beats_land() {
    for takes in LATENCIES {
        for phase in (0..2000).step_by(50) {
            let mut bench = owner(takes, phase);
            bench.run_to(HOUR / 6);
            let orders: Vec<_> = bench.orders().into_iter().map(|order| order.1).collect();
            assert_eq!(orders, [ChildOrder::Start { term: 3 }], "reads of {takes} ms, beats at {phase} ms");
        }
    }
}

#[test]
fn each_thing_is_read_once_a_poll_and_no_more() {
    for takes in LATENCIES {
        let mut bench = standby(takes);
        bench.run_to(50_000);
        let reads = bench.reads(10_000, 50_000);
        for what in ["own", "record", "a"] {
            let count = reads.iter().filter(|read| **read == what).count();
            assert!((39..=41).contains(&count), "{takes}: {what} was read {count} times in 40 polls");
        }
    }
}

#[test]
fn with_one_read_at_a_time_the_same_store_would_stop_the_owner_and_keep_the_standby_waiting() {
    let mut bench = standby(900);
    bench.one_at_a_time = true;
    bench.run_to(10 * MINUTE);
    assert_eq!(bench.swaps(), []);
    let stops = |phase| {
        let mut bench = owner(900, phase);
        bench.one_at_a_time = true;
        bench.run_to(10 * MINUTE);
        bench.orders().iter().any(|order| order.1 == ChildOrder::Terminate(StopCause::Expired))
    };
    assert!((0..2000).step_by(50).any(stops));
}

#[test]
fn a_claim_is_verified_by_a_look_that_was_issued_after_it_though_one_was_under_way() {
    let mut bench = standby(900);
    bench.after_swap = Some(("a", Heart::BackAt(MINUTE + T)));
    bench.run_to(2 * MINUTE);
    let purposes: Vec<_> = bench.swaps().into_iter().map(|swap| swap.1).collect();
    assert_eq!(
        purposes,
        [Purpose::Claim, Purpose::GiveBack],
        "the beat is not in the look that was under way"
    );
}

#[test]
fn a_stamp_that_was_under_way_when_the_claim_was_made_verifies_no_later_look_without_one() {
    let mut bench = standby(900);
    // Such bytes were read before, so that they are no news that would start silence over.
    bench.run_to(MINUTE / 2);
    bench.set_heart("a", Heart::Torn);
    bench.run_to(MINUTE / 2 + 3000);
    bench.set_heart("a", Heart::DiedAt(MINUTE));
    bench.after_swap = Some(("a", Heart::Torn));
    bench.run_to(2 * MINUTE);
    let [(claimed, Purpose::Claim), (owned, Purpose::Own)] = bench.swaps()[..] else {
        panic!("{:?}", bench.swaps())
    };
    assert!(owned >= claimed + T - P, "claimed at {claimed}, owned at {owned}: a beat may be hidden");
}

#[test]
fn a_record_that_was_asked_for_before_a_beat_was_seen_starts_no_workload() {
    let mut bench = owner(0, 0);
    bench.takes = [("own", 500), ("record", 1200)].into();
    bench.run_to(T);
    // The beat of second 2 is seen at 2.5 s. A record is read from 1.7 s to 2.9 s, and the next one to 4.1 s.
    assert_eq!(bench.orders(), [(4100, ChildOrder::Start { term: 3 })]);
}

#[test]
fn what_was_read_before_a_freeze_opens_no_gate_whatever_was_under_way() {
    let mut bench = slow(gate(gate_rule("a")), 900).with_record(active("a"));
    assert_eq!(bench.run_to(500), None, "the record is being read");
    bench.freeze_to(30_000);
    bench.set_record(next(releasing("a", "b", Span::ZERO)));
    assert_eq!(bench.run_to(45_000), None);
}

#[test]
fn the_primary_goes_after_the_store_grace_where_every_read_times_out() {
    let rule = GateRule { store_grace: Span::from_secs(20), ..gate_rule("a") };
    let mut bench = slow(gate(rule), 1000);
    bench.record = RecordFinding::Unreadable;
    assert_eq!(bench.run_to(19_999), None);
    assert_eq!(bench.run_to(21_000), Some(Opening::StoreGrace));
}

#[test]
fn an_operators_handover_begins() {
    for takes in LATENCIES {
        let mut bench: Bench<Handover> = slow(Bench::new("b", Handover::new(handover_rule("b"))), takes);
        bench.set_record(active("a"));
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps().first().map(|swap| swap.1), Some(Purpose::Release), "{takes}");
    }
}

#[test]
fn a_gate_that_waits_for_its_own_side_is_not_kept_waiting_by_a_slow_heart() {
    let mut bench: Bench<Gate> = gate(gate_rule("b")).with_record(active("a"));
    bench.takes = [("a", 1000)].into();
    assert_eq!(bench.run_to(20_300), None);
    bench.set_record(next(active("b")));
    assert!(matches!(bench.run_to(21_000), Some(Opening::Owner(_))), "with the next read of the record");
}
