//! Claims that others made: left behind, contested, taken up; and what becomes of a handover that nobody completes.

use failover_policy::{
    GateRule, Maintenance, MaintenanceFinding, Opening, OwnershipRecord, Phase, Purpose, Span, Waiting,
};

use crate::bench::{
    Bench, Heart, Millis, active, boot, gate, gate_rule, id, lease, next, pending, releasing, wall,
};

const MINUTE: Millis = 60_000;

fn guarded(this: &str) -> GateRule {
    GateRule { guarded: true, ..gate_rule(this) }
}

/// b claimed a's work, and whoever did it is gone; a beat for the last time at zero.
fn left_behind(rule: GateRule) -> Bench<failover_policy::Gate> {
    gate(rule).with_record(pending("b", "a")).with_heart("a", Heart::DiedAt(0))
}

#[test]
fn a_claim_left_behind_is_owned_by_its_cluster_after_a_whole_watch_and_a_new_verify() {
    let mut bench = left_behind(gate_rule("b"));
    assert!(bench.run_to(MINUTE).is_some());
    assert_eq!(bench.swaps(), [(10_000, Purpose::Own)], "flat at 10 s, the record stood still since 0 s");
    assert_eq!((bench.stored().revision, bench.stored().term), (6, 4));
}

#[test]
fn a_claim_that_was_made_a_moment_ago_is_left_to_whoever_made_it() {
    let mut bench = gate(gate_rule("b")).with_record(active("a")).with_heart("a", Heart::DiedAt(0));
    bench.maintenance = MaintenanceFinding::Unreadable;
    bench.run_to(19_500);
    bench.set_record(next(pending("b", "a")));
    bench.maintenance = MaintenanceFinding::Off;
    bench.run_to(28_999);
    assert_eq!(bench.swaps(), [], "first seen at 20 s");
    bench.run_to(29_000);
    assert_eq!(bench.swaps(), [(29_000, Purpose::Own)], "T − p later");
}

#[test]
fn a_claim_left_behind_stands_still_for_the_longer_of_the_own_watch_and_the_records() {
    let record = OwnershipRecord { timing: lease(29, 2), ..pending("b", "a") };
    let mut bench = left_behind(gate_rule("b")).with_record(record.clone());
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(30_000, Purpose::Own)], "29 s of standstill, and 30 s of silence");

    let mut bench =
        left_behind(gate_rule("b")).with_record(OwnershipRecord { timing: lease(29, 2), ..active("a") });
    bench.maintenance = MaintenanceFinding::Unreadable;
    bench.run_to(39_500);
    bench.set_record(next(record));
    bench.maintenance = MaintenanceFinding::Off;
    bench.run_to(2 * MINUTE);
    assert_eq!(
        bench.swaps(),
        [(69_000, Purpose::Own)],
        "first seen at 40 s, when the heart had long been flat"
    );
}

#[test]
fn a_claim_left_behind_is_given_back_as_soon_as_the_old_owner_beats() {
    for rule in [gate_rule("b"), guarded("b")] {
        let mut bench = left_behind(rule).with_heart("a", Heart::BackAt(4000));
        assert_eq!(bench.run_to(MINUTE), None);
        assert_eq!(bench.swaps(), [(4000, Purpose::GiveBack)]);
        assert_eq!((bench.stored().owner.as_str(), bench.stored().term), ("a", 3));
    }
}

#[test]
fn giving_back_needs_no_beat_of_the_own_heart() {
    let mut bench = left_behind(guarded("b")).with_heart("b", Heart::DiedAt(0)).with_heart("a", Heart::Beats);
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(2000, Purpose::GiveBack)]);
}

#[test]
fn a_third_cluster_claims_anew_from_the_last_that_could_run() {
    let mut bench = left_behind(gate_rule("c"));
    assert!(bench.run_to(MINUTE).is_some());
    assert_eq!(bench.swaps(), [(10_000, Purpose::Claim), (10_000, Purpose::Own)]);
    assert_eq!(bench.stored().phase, Phase::Active { previous: Some(id("a")) }, "b never ran");
    assert_eq!((bench.stored().revision, bench.stored().term), (7, 4));
}

#[test]
fn a_third_cluster_leaves_a_claim_alone_until_it_stood_still_for_a_watch() {
    let mut bench = gate(gate_rule("c")).with_record(active("a")).with_heart("a", Heart::DiedAt(0));
    bench.maintenance = MaintenanceFinding::Unreadable;
    bench.run_to(19_500);
    bench.set_record(next(pending("b", "a")));
    bench.maintenance = MaintenanceFinding::Off;
    bench.run_to(28_999);
    assert_eq!(bench.swaps(), []);
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Claim(id("b"), boot(29_000))));
    bench.run_to(29_000);
    assert_eq!(bench.swaps().first(), Some(&(29_000, Purpose::Claim)));
}

#[test]
fn maintenance_holds_up_a_claim_left_behind_as_any_takeover() {
    for this in ["b", "c"] {
        let mut bench = left_behind(gate_rule(this));
        let (by, reason) = ("operator".to_owned(), String::new());
        bench.maintenance =
            MaintenanceFinding::On(Maintenance { version: 1, active: true, until: wall(0), by, reason });
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps(), [], "{this}");
        assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Maintenance), "{this}");
        bench.maintenance = MaintenanceFinding::Off;
        bench.run_to(MINUTE + 1000);
        assert!(!bench.swaps().is_empty(), "{this}");
    }
}

#[test]
fn maintenance_does_not_hold_up_giving_back_or_contesting() {
    for (this, purpose) in [("b", Purpose::GiveBack), ("a", Purpose::Contest)] {
        let mut bench = left_behind(gate_rule(this)).with_heart("a", Heart::Beats);
        bench.maintenance = MaintenanceFinding::Unreadable;
        bench.run_to(2000);
        assert_eq!(bench.swaps(), [(2000, purpose)]);
    }
}

#[test]
fn the_cluster_that_is_claimed_from_contests_as_soon_as_it_beats() {
    for rule in [gate_rule("a"), guarded("a")] {
        let mut bench = left_behind(rule.clone()).with_heart("a", Heart::BackAt(7000));
        let opening = bench.run_to(MINUTE);
        assert_eq!(opening.is_some(), !rule.guarded, "then it owns the work");
        assert_eq!(bench.swaps(), [(7000, Purpose::Contest)]);
        let record = bench.stored();
        assert_eq!((record.revision, record.term, record.owner.as_str()), (6, 3, "a"), "its old term");
        assert_eq!(record.refused(), Some(&id("b")));
    }
}

#[test]
fn a_silent_cluster_does_not_contest_and_does_not_take_up_the_claim_against_itself() {
    for rule in [gate_rule("a"), guarded("a")] {
        for heart in [Heart::DiedAt(0), Heart::Missing, Heart::Unreadable, Heart::Torn, Heart::Foreign] {
            let mut bench = left_behind(rule.clone()).with_heart("a", heart);
            assert_eq!((bench.run_to(MINUTE), bench.swaps()), (None, vec![]), "{heart:?}");
        }
    }
}

#[test]
fn only_a_beat_since_the_record_last_said_that_we_own_it_contests() {
    let mut bench = gate(guarded("a")).with_record(active("a"));
    bench.run_to(4500);
    bench.set_heart("a", Heart::DiedAt(4000));
    bench.set_record(next(pending("b", "a")));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [], "the beat at 4 s was seen before the record was read at 4 s");

    let mut bench = gate(guarded("a")).with_record(active("a"));
    bench.run_to(5500);
    bench.set_record(next(pending("b", "a")));
    bench.run_to(MINUTE);
    assert_eq!(
        bench.swaps(),
        [(6000, Purpose::Contest)],
        "the beat at 6 s is seen right before the claim is"
    );
}

#[test]
fn a_contest_that_comes_too_late_finds_the_new_owner_and_gives_in() {
    let mut bench = gate(guarded("a")).with_record(pending("b", "a")).with_heart("a", Heart::DiedAt(0));
    bench.run_to(5500);
    bench.set_record(OwnershipRecord { term: 4, ..next(active("b")) });
    bench.set_heart("a", Heart::BackAt(6000));
    assert_eq!((bench.run_to(MINUTE), bench.swaps()), (None, vec![]));
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Heart(id("b"))));
}

#[test]
fn a_successor_completes_a_handover_when_the_old_side_must_have_stopped() {
    let cached = GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") };
    let drain = Span::from_secs(5);
    let table = [
        (gate_rule("b"), Span::ZERO, lease(9, 2), 9000),
        (gate_rule("b"), drain, lease(9, 2), 14_010),
        (cached, drain, lease(9, 2), 16_010),
        (gate_rule("b"), drain, lease(29, 2), 34_010),
    ];
    for (rule, drain, timing, at) in table {
        let record = OwnershipRecord { timing, ..releasing("a", "b", drain) };
        let mut bench = gate(rule).with_record(record);
        bench.run_to(at - 1);
        assert_eq!(
            (bench.swaps(), bench.machine.waiting(bench.now())),
            (vec![], Some(Waiting::Release(boot(at))))
        );
        let Some(Opening::Owner(record)) = bench.run_to(at) else { panic!("the gate did not open") };
        assert_eq!(bench.swaps(), [(at, Purpose::Complete)]);
        assert_eq!(
            (record.revision, record.term, record.timing),
            (6, 4, lease(9, 2)),
            "under its own timing"
        );
        assert_eq!(record.phase, Phase::Active { previous: Some(id("a")) });
    }
}

#[test]
fn under_a_guard_a_successor_completes_only_while_its_own_heart_beats() {
    let mut bench =
        gate(guarded("b")).with_record(releasing("a", "b", Span::ZERO)).with_heart("b", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!((bench.swaps(), bench.machine.waiting(bench.now())), (vec![], Some(Waiting::OwnBeat)));
}

#[test]
fn a_record_that_moves_while_releasing_starts_the_standstill_over() {
    let mut bench = gate(gate_rule("b")).with_record(releasing("a", "b", Span::ZERO));
    bench.run_to(5500);
    bench.set_record(releasing("a", "b", Span::ZERO).bumped("operator").unwrap());
    bench.run_to(14_999);
    assert_eq!(bench.swaps(), []);
    bench.run_to(15_000);
    assert_eq!(bench.swaps(), [(15_000, Purpose::Complete)]);
}

#[test]
fn the_owner_takes_the_work_back_from_a_successor_that_is_silent() {
    for rule in [gate_rule("a"), guarded("a")] {
        let mut bench = gate(rule)
            .with_record(releasing("a", "b", Span::from_secs(600)))
            .with_heart("b", Heart::DiedAt(0));
        bench.run_to(9999);
        assert_eq!(bench.swaps(), []);
        bench.run_to(10_000);
        assert_eq!(bench.swaps(), [(10_000, Purpose::CallOff)]);
        assert_eq!((bench.stored().owner.as_str(), bench.stored().term), ("a", 3), "it never lost its term");
        assert!(bench.stored().lets_run(&id("a")));
    }
}

#[test]
fn the_owner_takes_the_work_back_when_nobody_completes_the_handover_although_the_successor_beats() {
    let mut bench = gate(guarded("a")).with_record(releasing("a", "b", Span::from_secs(5)));
    let left_alone = 9000 + 5010 + 2 * 9000;
    bench.run_to(left_alone - 1);
    assert_eq!(bench.swaps(), []);
    bench.run_to(left_alone + 1000);
    assert_eq!(bench.swaps().iter().map(|(_, purpose)| *purpose).collect::<Vec<_>>(), [Purpose::CallOff]);
    assert!(bench.stored().lets_run(&id("a")));
}

#[test]
fn a_guarded_owner_takes_nothing_back_while_its_own_heart_is_silent() {
    let mut bench = gate(guarded("a"))
        .with_record(releasing("a", "b", Span::ZERO))
        .with_heart("a", Heart::DiedAt(0))
        .with_heart("b", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!((bench.swaps(), bench.machine.waiting(bench.now())), (vec![], Some(Waiting::OwnBeat)));
}

#[test]
fn a_third_cluster_claims_from_a_release_after_its_standstill_and_a_whole_watch() {
    let mut bench = gate(gate_rule("c"))
        .with_record(releasing("a", "b", Span::from_secs(5)))
        .with_heart("a", Heart::DiedAt(0));
    bench.run_to(23_009);
    assert_eq!(bench.swaps(), [], "14.01 s for the old side to stop, and 9 s");
    bench.run_to(23_010);
    assert_eq!(bench.swaps(), [(23_010, Purpose::Claim), (23_010, Purpose::Own)]);

    let mut bench = gate(gate_rule("c")).with_record(releasing("a", "b", Span::ZERO));
    assert_eq!((bench.run_to(MINUTE), bench.swaps()), (None, vec![]), "the owner beats");
}

#[test]
fn a_cache_age_that_grows_while_the_old_side_stops_is_waited_for() {
    let mut bench = gate(gate_rule("b")).with_record(releasing("a", "b", Span::ZERO));
    bench.run_to(5000);
    bench.machine.allow_for_caches(Span::from_secs(3));
    bench.run_to(11_999);
    assert_eq!(bench.swaps(), []);
    bench.run_to(12_000);
    assert_eq!(bench.swaps(), [(12_000, Purpose::Complete)], "T − p, and 3 s");
}
