//! In which order and how often a machine looks, and that it never spins.

use failover_policy::{
    GateRule, GuardRule, Handover, Maintenance, MaintenanceFinding, Mode, OnStoreLoss, OwnershipRecord,
    RecordFinding, Span, SwapOutcome, UnusableRecord,
};
use proptest::prelude::*;

use crate::bench::{
    Bench, Heart, Machine, Millis, active, found, gate, gate_rule, guard, guard_rule, pending, releasing,
    wall,
};
use crate::handover_rules::handover_rule;

#[test]
fn a_blocked_monitor_reads_what_it_must_per_poll_and_no_more() {
    let guarded = GateRule { guarded: true, ..gate_rule("b") };
    let owner = GateRule { guarded: true, ..gate_rule("a") };
    let table: [(GateRule, &[&str]); 4] = [
        (gate_rule("b"), &["record", "a"]),
        (GateRule { mode: Mode::Strict, ..gate_rule("b") }, &["record", "a"]),
        (guarded, &["own", "record", "a"]),
        (owner, &["own", "record"]),
    ];
    for (rule, expected) in table {
        let mut bench = gate(rule).with_record(active("a"));
        bench.run_to(20_000);
        for poll in 1..20 {
            assert_eq!(bench.reads(poll * 1000, poll * 1000 + 1000), expected, "poll {poll}");
        }
    }
}

#[test]
fn under_a_guard_the_record_is_read_after_the_own_stamp_whatever_happens() {
    let mut bench = gate(GateRule { guarded: true, ..gate_rule("b") })
        .with_record(active("a"))
        .with_heart("a", Heart::DiedAt(0));
    bench.outcome = SwapOutcome::Lost;
    bench.run_to(30_000);
    let reads = bench.reads(0, 30_001);
    assert_eq!(reads.first(), Some(&"own"));
    let follows_own = |(at, read): (usize, &&str)| *read != "own" || reads.get(at + 1) == Some(&"record");
    assert!(reads.iter().enumerate().all(follows_own), "{reads:?}");
}

#[test]
fn a_slow_store_puts_nothing_between_the_own_stamps_answer_and_the_record() {
    let mut bench = gate(GateRule { guarded: true, ..gate_rule("b") }).with_record(active("a"));
    bench.takes = [("own", 100), ("record", 900), ("a", 800)].into();
    bench.run_to(59_950);
    let own = bench.times_of("own");
    let records: Vec<_> = own.iter().map(|at| at + 100).collect();
    assert!(own.len() == 60, "{own:?}");
    assert_eq!(bench.times_of("record"), records);
    assert!(bench.times_of("a").len() + 1 >= own.len(), "the heart is not starved");
}

#[test]
fn a_record_read_again_after_a_lost_swap_does_not_stand_in_for_the_one_after_the_own_stamp() {
    let mut bench = gate(GateRule { guarded: true, ..gate_rule("b") })
        .with_record(active("a"))
        .with_heart("a", Heart::DiedAt(0));
    bench.takes = [("a", 500)].into();
    bench.outcome = SwapOutcome::Lost;
    bench.run_to(30_000);
    let reads = bench.reads(10_000, 30_000);
    let own = reads.iter().filter(|read| **read == "own").count();
    let pairs = reads.windows(2).filter(|pair| **pair == ["own", "record"]).count();
    assert!(own >= 19 && pairs + 1 >= own, "{reads:?}");
}

fn hearts() -> impl Strategy<Value = Heart> {
    let moment = 0..40_000_u64;
    prop_oneof![
        3 => Just(Heart::Beats),
        2 => moment.clone().prop_map(Heart::DiedAt),
        2 => moment.prop_map(Heart::BackAt),
        1 => Just(Heart::Torn),
        1 => Just(Heart::TornBesideDetails),
        1 => Just(Heart::Foreign),
        1 => Just(Heart::Missing),
        2 => Just(Heart::Unreadable),
    ]
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c"])
}

fn records() -> impl Strategy<Value = RecordFinding> {
    let spans = prop::sample::select(vec![0, 1, 9, 29]).prop_map(Span::from_secs);
    let phases = (names(), names(), 0..3, spans).prop_map(|(owner, other, phase, drain)| match phase {
        1 if owner != other => pending(owner, other),
        2 if owner != other => releasing(owner, other, drain),
        _ => active(owner),
    });
    let numbered =
        (phases, 1..9_u64, 1..5_u64, prop::bool::ANY).prop_map(|(record, revision, term, ours)| {
            let by = if ours { "b-1" } else { "gone" }.to_owned();
            found(OwnershipRecord { revision, term, by, ..record })
        });
    let newer = RecordFinding::Unusable(UnusableRecord::Newer(2));
    prop_oneof![
        6 => numbered,
        1 => Just(RecordFinding::Absent),
        1 => Just(RecordFinding::Unreadable),
        1 => Just(newer),
    ]
}

fn maintenance() -> impl Strategy<Value = MaintenanceFinding> {
    let (by, reason) = ("operator".to_owned(), String::new());
    let on = Maintenance { version: 1, active: true, until: wall(20_000), by, reason };
    prop::sample::select(vec![
        MaintenanceFinding::Off,
        MaintenanceFinding::On(on),
        MaintenanceFinding::Unreadable,
    ])
}

/// What changes at random moments, or what the process sleeps through.
#[derive(Debug, Clone)]
enum Event {
    Heart(&'static str, Heart),
    Record(RecordFinding),
    Maintenance(MaintenanceFinding),
    SwapsEnd(SwapOutcome),
    ChildObeys(bool),
    Takes(&'static str, Millis),
    Freeze,
}

fn events() -> impl Strategy<Value = Vec<(Millis, Event)>> {
    let outcomes = prop::sample::select(vec![SwapOutcome::Won, SwapOutcome::Lost, SwapOutcome::Failed]);
    let event = prop_oneof![
        4 => (names(), hearts()).prop_map(|(name, heart)| Event::Heart(name, heart)),
        4 => records().prop_map(Event::Record),
        2 => maintenance().prop_map(Event::Maintenance),
        2 => outcomes.prop_map(Event::SwapsEnd),
        1 => prop::bool::ANY.prop_map(Event::ChildObeys),
        2 => (prop::sample::select(vec!["own", "record", "a", "b", "c", "maintenance"]), 0..1500_u64)
            .prop_map(|(what, takes)| Event::Takes(what, takes)),
        1 => Just(Event::Freeze),
    ];
    prop::collection::vec((1..9000_u64, event), 0..12)
}

/// The bench fails where a machine answers differently when asked twice, sleeps into the past, or takes more than a
/// dozen steps at one moment.
fn live_through<M: Machine>(mut bench: Bench<M>, events: Vec<(Millis, Event)>) {
    let mut at = 0;
    for (later, event) in events {
        at += later;
        match event {
            Event::Heart(name, heart) => bench.set_heart(name, heart),
            Event::Record(record) => bench.record = record,
            Event::Maintenance(finding) => bench.maintenance = finding,
            Event::SwapsEnd(outcome) => bench.outcome = outcome,
            Event::ChildObeys(obeys) => bench.child_obeys = obeys,
            Event::Takes(what, takes) => {
                bench.takes.insert(what, takes);
            }
            Event::Freeze => bench.freeze_to(at),
        }
        if bench.run_to(at).is_some() {
            return;
        }
    }
    bench.run_to(at + 60_000);
}

fn gate_rules() -> impl Strategy<Value = GateRule> {
    let spans = || prop::sample::select(vec![0, 2, 7]).prop_map(Span::from_secs);
    (names(), prop::bool::ANY, prop::bool::ANY, spans(), spans(), spans()).prop_map(
        |(this, strict, guarded, cache_age, takeover_delay, store_grace)| {
            let mode = if strict { Mode::Strict } else { Mode::Prefer };
            let by = "b-1".to_owned();
            GateRule { mode, guarded, cache_age, takeover_delay, store_grace, by, ..gate_rule(this) }
        },
    )
}

proptest! {
    #[test]
    fn no_gate_spins_or_sleeps_into_the_past_whatever_it_is_told(rule in gate_rules(), events in events()) {
        live_through(gate(rule), events);
    }

    #[test]
    fn no_guard_spins_or_sleeps_into_the_past_whatever_it_is_told(
        gate in gate_rules(),
        keeps in prop::bool::ANY,
        events in events(),
    ) {
        let on_store_loss = if keeps { OnStoreLoss::Keep } else { OnStoreLoss::Stop };
        live_through(guard(GuardRule { gate, on_store_loss, ..guard_rule("b") }), events);
    }

    #[test]
    fn no_handover_spins_or_sleeps_into_the_past_whatever_it_is_told(to in names(), events in events()) {
        live_through(Bench::new(to, Handover::new(handover_rule(to))), events);
    }
}
