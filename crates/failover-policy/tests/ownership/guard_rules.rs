//! When the workload runs, when it is stopped, and how.

use failover_policy::{
    ChildOrder, GateRule, GuardRule, LeaseTiming, OnStoreLoss, OwnershipRecord, Purpose, RecordFinding, Role,
    Span, StopCause, SwapOutcome, Timing, UnusableRecord, WatchRule,
};

use crate::bench::{Bench, Heart, Millis, active, guard, guard_rule, lease, next, pending, releasing};

const MINUTE: Millis = 60_000;

const fn start(term: u64) -> ChildOrder {
    ChildOrder::Start { term }
}

const fn term(cause: StopCause) -> ChildOrder {
    ChildOrder::Terminate(cause)
}

const fn kill(cause: StopCause) -> ChildOrder {
    ChildOrder::Kill(cause)
}

type Guarded = Bench<failover_policy::Guard>;

/// A guard in a, which owns the work under term 3; its workload ignores SIGTERM.
fn owner(rule: GuardRule) -> Guarded {
    let mut bench = guard(rule).with_record(active("a"));
    bench.child_obeys = false;
    bench
}

/// The same, with its workload running since 2 s.
fn running() -> Guarded {
    let mut bench = owner(guard_rule("a"));
    bench.run_to(5500);
    assert_eq!(bench.orders(), [(2000, start(3))]);
    bench
}

#[test]
fn a_cold_start_needs_one_beat_that_was_seen_to_come_in() {
    for (heart, expected) in [
        (Heart::Beats, vec![(2000, start(3))]),
        (Heart::BackAt(7000), vec![(7000, start(3))]),
        (Heart::DiedAt(0), vec![]),
        (Heart::Missing, vec![]),
        (Heart::Torn, vec![]),
        (Heart::Foreign, vec![]),
        (Heart::Unreadable, vec![]),
    ] {
        let mut bench = owner(guard_rule("a")).with_heart("a", heart);
        bench.run_to(10_000);
        assert_eq!(bench.orders(), expected, "{heart:?}");
    }
}

#[test]
fn nothing_starts_without_a_record_that_says_that_this_cluster_is_the_active_owner() {
    let records = [active("b"), pending("a", "b"), pending("b", "a"), releasing("a", "b", Span::ZERO)];
    let findings = records.map(|record| RecordFinding::Found(Box::new(record)));
    let others = [RecordFinding::Unreadable, RecordFinding::Unusable(UnusableRecord::Newer(2))];
    for finding in findings.into_iter().chain(others) {
        let mut bench = owner(guard_rule("a"));
        bench.record = finding.clone();
        bench.outcome = SwapOutcome::Lost;
        bench.run_to(MINUTE);
        assert_eq!(bench.orders(), [], "{finding:?}");
    }
}

#[test]
fn the_guard_of_a_primary_without_a_record_writes_it_and_then_starts() {
    let mut bench = owner(guard_rule("a"));
    bench.record = RecordFinding::Absent;
    bench.run_to(MINUTE);
    assert_eq!((bench.swaps(), bench.orders()), (vec![(9000, Purpose::Create)], vec![(9000, start(1))]));
}

#[test]
fn an_absence_that_nobody_watched_starts_over_since_a_record_may_have_come_and_gone() {
    for finding in [None, Some(RecordFinding::Unreadable)] {
        let mut bench = owner(guard_rule("a"));
        bench.record = RecordFinding::Absent;
        bench.run_to(5000);
        match finding {
            None => bench.freeze_to(20_000),
            Some(finding) => {
                bench.record = finding;
                bench.run_to(19_999);
                bench.record = RecordFinding::Absent;
            }
        }
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps(), [(29_000, Purpose::Create)]);
    }
}

#[test]
fn the_right_lasts_from_the_last_read_that_did_not_show_the_beat_yet() {
    let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
    bench.run_to(9981);
    assert_eq!(bench.orders(), [(2000, start(3))]);
    bench.run_to(9982);
    let expired = term(StopCause::Expired);
    assert_eq!(bench.orders()[1..], [(9982, expired)], "3 s + L: the beat at 4 s was not there at 3 s");
}

#[test]
fn reads_that_failed_do_not_count_as_reads_that_did_not_show_the_beat() {
    for failure in [Heart::Unreadable, Heart::Missing, Heart::Torn, Heart::Foreign] {
        let mut bench = owner(guard_rule("a"));
        bench.run_to(2500);
        bench.set_heart("a", failure);
        bench.run_to(3500);
        bench.set_heart("a", Heart::DiedAt(4000));
        bench.run_to(8981);
        assert_eq!(bench.orders(), [(2000, start(3))], "{failure:?}");
        bench.run_to(8982);
        assert_eq!(bench.orders()[1..], [(8982, term(StopCause::Expired))], "2 s + L, {failure:?}");
    }
}

#[test]
fn a_beat_extends_nothing_until_the_record_was_read_after_it() {
    let mut bench = running();
    bench.record = RecordFinding::Unreadable;
    bench.run_to(9981);
    assert_eq!(bench.orders().len(), 1);
    bench.run_to(9982);
    assert_eq!(bench.orders()[1..], [(9982, term(StopCause::Expired))], "confirmed last at 5 s: 3 s + L");
}

#[test]
fn a_guard_holds_by_the_shorter_watch_of_itself_and_the_record_less_its_own_stop() {
    let table = [
        (lease(9, 2), lease(9, 2), 9982),
        (lease(9, 2), lease(20, 2), 9982),
        (lease(9, 3), lease(9, 2), 8982),
        (lease(9, 2), lease(9, 3), 9982),
    ];
    for (own, recorded, stops) in table {
        let gate = GateRule { lease: own, ..guard_rule("a").gate };
        let mut bench = owner(GuardRule { gate, ..guard_rule("a") }).with_heart("a", Heart::DiedAt(4000));
        bench.set_record(OwnershipRecord { timing: recorded, ..active("a") });
        bench.run_to(MINUTE);
        assert_eq!(bench.orders()[1].0, stops, "{own:?} under {recorded:?}");
        assert_eq!(bench.swaps(), [], "{own:?} under {recorded:?}");
    }
}

#[test]
fn an_owner_that_needs_a_longer_watch_records_it_before_it_relies_on_it() {
    let own = lease(29, 12);
    let gate = GateRule { lease: own, ..guard_rule("a").gate };
    let mut bench = owner(GuardRule { gate, ..guard_rule("a") }).with_heart("a", Heart::DiedAt(4000));
    bench.set_record(OwnershipRecord { timing: lease(9, 2), ..active("a") });
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(0, Purpose::Lengthen)]);
    assert_eq!((bench.stored().timing, bench.stored().term), (own, 3), "and the term is the same");
    let orders: Vec<_> = bench.orders().iter().map(|(at, _)| *at).collect();
    assert_eq!(orders[..2], [2000, 3000 + 28_942 - 12_000], "3 s + 29·0.998 − 12");
}

#[test]
fn a_workload_that_ignores_sigterm_is_killed_when_its_grace_is_over() {
    let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
    bench.run_to(11_481);
    assert_eq!(bench.orders().len(), 2);
    bench.run_to(MINUTE);
    let expected = [(2000, start(3)), (9982, term(StopCause::Expired)), (11_482, kill(StopCause::Expired))];
    assert_eq!(bench.orders(), expected, "1.5 s of grace, counted from the deadline");
}

#[test]
fn a_deadline_that_is_noticed_a_quarter_of_a_second_late_was_slept_through_and_kills_at_once() {
    for (woke_at, order) in [
        (10_231, term(StopCause::Expired)),
        (10_232, kill(StopCause::Expired)),
        (99_000, kill(StopCause::Expired)),
    ] {
        let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
        bench.run_to(5500);
        bench.freeze_to(woke_at);
        bench.run_to(woke_at);
        assert_eq!(bench.orders()[1..], [(woke_at, order)]);
    }
    let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
    bench.run_to(5500);
    bench.freeze_to(10_231);
    bench.run_to(MINUTE);
    assert_eq!(bench.orders()[2], (11_482, kill(StopCause::Expired)), "the grace counts from the deadline");
}

#[test]
fn another_owner_stops_the_workload_at_once() {
    for record in [active("b"), releasing("b", "c", Span::from_secs(60))] {
        let mut bench = running();
        bench.set_record(OwnershipRecord { term: 4, ..next(record) });
        bench.run_to(MINUTE);
        let cause = StopCause::OwnerChanged;
        assert_eq!(bench.orders()[1..], [(6000, term(cause)), (7500, kill(cause))]);
    }
}

#[test]
fn another_owner_leaves_no_more_time_than_the_deadline_did() {
    let mut bench = running();
    bench.freeze_to(9900);
    bench.set_record(next(active("b")));
    bench.run_to(9900);
    bench.run_to(MINUTE);
    assert_eq!(bench.orders()[1].0, 9900);
    let mut bench = running();
    bench.freeze_to(10_100);
    bench.set_record(next(active("b")));
    bench.run_to(MINUTE);
    assert_eq!(bench.orders()[1..], [(10_100, term(StopCause::Expired)), (11_482, kill(StopCause::Expired))]);
}

#[test]
fn a_release_gives_the_workload_its_drain_and_then_its_grace() {
    for (drain, killed_at) in [(0, 7500), (5, 12_500), (600, 607_500)] {
        let mut bench = running();
        bench.set_record(next(releasing("a", "b", Span::from_secs(drain))));
        bench.run_to(killed_at - 1);
        let cause = StopCause::Releasing;
        assert_eq!(bench.orders()[1..], [(6000, term(cause))], "{drain}");
        bench.run_to(killed_at);
        assert_eq!(bench.orders()[2..], [(killed_at, kill(cause))], "{drain}");
    }
}

#[test]
fn another_owner_cuts_a_drain_short() {
    let mut bench = running();
    bench.set_record(next(releasing("a", "b", Span::from_secs(600))));
    bench.run_to(20_500);
    bench.set_record(OwnershipRecord { term: 4, ..next(next(active("b"))) });
    bench.run_to(MINUTE);
    let expected = [(6000, term(StopCause::Releasing)), (22_500, kill(StopCause::OwnerChanged))];
    assert_eq!(bench.orders()[1..], expected, "SIGTERM was sent long ago; the grace counts from the news");
}

#[test]
fn a_handover_that_is_called_off_starts_the_workload_again_under_the_same_term() {
    let mut bench = running();
    bench.child_obeys = true;
    bench.set_record(next(releasing("a", "b", Span::ZERO)));
    bench.run_to(8500);
    bench.set_record(next(next(active("a"))));
    bench.run_to(11_000);
    assert_eq!(bench.orders()[1..], [(6000, term(StopCause::Releasing)), (9000, start(3))]);
}

#[test]
fn another_term_is_another_right_and_the_workload_starts_again_with_it() {
    let mut bench = running();
    bench.child_obeys = true;
    bench.set_record(OwnershipRecord { term: 5, ..next(active("a")) });
    bench.run_to(9000);
    assert_eq!(bench.orders()[1..], [(6000, term(StopCause::TermChanged)), (6000, start(5))]);
}

#[test]
fn a_claim_that_is_contested_in_time_does_not_stop_the_workload() {
    let mut bench = running();
    bench.set_record(next(pending("b", "a")));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(6000, Purpose::Contest)]);
    assert_eq!(bench.orders(), [(2000, start(3))]);
    assert_eq!(bench.stored().term, 3);
}

#[test]
fn a_claim_extends_nothing_and_takes_nothing_away() {
    let mut bench = running();
    bench.outcome = SwapOutcome::Failed;
    bench.set_record(next(pending("b", "a")));
    bench.run_to(9981);
    assert_eq!(bench.orders().len(), 1, "beats come in, and nobody can contest");
    bench.run_to(9982);
    assert_eq!(bench.orders()[1..], [(9982, term(StopCause::Expired))], "3 s + L, as before the claim");
}

#[test]
fn a_claim_from_another_cluster_under_a_new_term_is_no_right_of_ours() {
    let mut bench = running();
    bench.set_record(OwnershipRecord { term: 4, ..next(pending("b", "c")) });
    bench.run_to(6000);
    assert_eq!(bench.orders()[1..], [(6000, term(StopCause::OwnerChanged))]);
}

#[test]
fn a_store_that_is_lost_lets_the_right_run_out() {
    let findings = [
        RecordFinding::Absent,
        RecordFinding::Found(Box::new(OwnershipRecord { revision: 4, ..active("a") })),
        RecordFinding::Unreadable,
        RecordFinding::Unusable(UnusableRecord::Malformed(String::new())),
        RecordFinding::Unusable(UnusableRecord::Newer(2)),
    ];
    for finding in findings {
        let mut bench = running();
        bench.record = finding.clone();
        bench.run_to(9982);
        assert_eq!(bench.orders()[1..], [(9982, term(StopCause::Expired))], "{finding:?}");
    }
}

#[test]
fn after_it_ran_out_the_same_guard_starts_the_workload_again() {
    let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
    bench.child_obeys = true;
    bench.run_to(20_500);
    bench.set_heart("a", Heart::BackAt(21_000));
    bench.run_to(25_000);
    let expected = [(2000, start(3)), (9982, term(StopCause::Expired)), (21_000, start(3))];
    assert_eq!(bench.orders(), expected, "20 s was the last read that did not show the beat");
}

#[test]
fn a_right_with_less_than_a_poll_left_is_not_worth_a_start() {
    for (stop, starts) in [(6982, true), (6983, false)] {
        let lease = LeaseTiming { stop: Span::from_millis(stop), ..lease(9, 2) };
        let gate = GateRule { lease, ..guard_rule("a").gate };
        let mut bench = owner(GuardRule { gate, ..guard_rule("a") });
        bench.run_to(2999);
        assert_eq!(
            bench.orders(),
            if starts { vec![(2000, start(3))] } else { vec![] },
            "L = 8.982 s − {stop} ms"
        );
    }
}

#[test]
fn a_beat_that_may_be_from_before_an_outage_starts_nothing() {
    for (back_at, last_beat) in [(7000, 6000), (6000, 4000)] {
        let mut bench = owner(guard_rule("a"));
        bench.run_to(500);
        bench.set_heart("a", Heart::Unreadable);
        bench.run_to(back_at - 500);
        bench.set_heart("a", Heart::DiedAt(last_beat));
        bench.run_to(MINUTE);
        assert_eq!(bench.orders(), [], "seen at {back_at} ms, counted from 0 s");
    }
}

#[test]
fn a_standbys_guard_starts_the_moment_it_owns() {
    let mut bench = guard(guard_rule("b")).with_record(active("a")).with_heart("a", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, Purpose::Claim), (10_000, Purpose::Own)]);
    assert_eq!(bench.orders(), [(10_000, start(4))], "its own heart's beats were watched all the while");
}

/// With `--on-store-loss keep`.
fn keeper() -> Guarded {
    owner(GuardRule { on_store_loss: OnStoreLoss::Keep, ..guard_rule("a") })
}

#[test]
fn keep_survives_an_outage_of_any_length_and_its_end() {
    for lost in [RecordFinding::Unreadable, RecordFinding::Absent] {
        let mut bench = keeper();
        bench.run_to(5500);
        (bench.record, bench.outcome) = (lost.clone(), SwapOutcome::Failed);
        bench.set_heart("a", Heart::Unreadable);
        bench.run_to(10 * MINUTE);
        bench.set_record(active("a"));
        bench.set_heart("a", Heart::Beats);
        bench.run_to(11 * MINUTE);
        assert_eq!(bench.orders(), [(2000, start(3))], "{lost:?}");
    }
}

#[test]
fn keep_stops_for_another_owner_and_for_a_silent_heart_on_a_store_that_can_be_read() {
    let mut bench = keeper();
    bench.run_to(5500);
    bench.set_record(next(active("b")));
    bench.run_to(6000);
    assert_eq!(bench.orders()[1..], [(6000, term(StopCause::OwnerChanged))]);

    let mut bench = keeper().with_heart("a", Heart::DiedAt(4000));
    bench.run_to(9982);
    assert_eq!(bench.orders()[1..], [(9982, term(StopCause::Expired))]);
}

#[test]
fn keep_gives_no_right_that_was_not_held() {
    let mut bench = keeper();
    bench.record = RecordFinding::Unreadable;
    bench.run_to(MINUTE);
    assert_eq!(bench.orders(), []);

    let mut bench = keeper();
    bench.run_to(5500);
    bench.set_heart("a", Heart::Unreadable);
    bench.freeze_to(13_000);
    bench.run_to(MINUTE);
    assert_eq!(bench.orders()[1..], [(13_000, kill(StopCause::Expired))], "a thawed node's right is over");
}

#[test]
fn a_workload_that_could_not_be_started_is_tried_again_after_a_poll() {
    let mut bench = owner(guard_rule("a"));
    bench.run_to(2500);
    let failed_at = bench.now().hold;
    bench.machine.handle_child_failed(failed_at);
    bench.run_to(MINUTE);
    assert_eq!(bench.orders(), [(2000, start(3)), (4000, start(3))], "asked again with the look after 3.5 s");
}

#[test]
fn a_workload_that_is_gone_is_not_signalled_again() {
    let mut bench = owner(guard_rule("a")).with_heart("a", Heart::DiedAt(4000));
    bench.child_obeys = true;
    bench.run_to(MINUTE);
    assert_eq!(bench.orders(), [(2000, start(3)), (9982, term(StopCause::Expired))]);
    assert!(!bench.machine.is_running());
}

/// Both sides were rolled out with slower timings; the record is from before.
#[test]
fn an_owner_with_slower_timings_than_its_record_runs_without_a_break() {
    let timing =
        Timing { flatline_after: Span::from_secs(35), interval: Span::from_secs(10), ..Timing::default() };
    timing.check(Role::Guard).unwrap();
    let gate =
        GateRule { lease: LeaseTiming::of(&timing), watch: WatchRule::new(&timing), ..guard_rule("a").gate };
    let mut bench = owner(GuardRule { gate, ..guard_rule("a") }).with_heart("a", Heart::BeatsEvery(10_000));
    bench.run_to(10 * MINUTE);
    assert_eq!(bench.orders(), [(10_000, start(3))]);
}

#[test]
fn a_beat_is_worth_more_once_the_record_has_a_longer_watch_and_never_less() {
    let gate = GateRule { lease: lease(34, 2), ..guard_rule("a").gate };
    for (then, stops) in [(lease(9, 2), 7982), (lease(20, 2), 18_960), (lease(5, 2), 7982)] {
        let mut bench = owner(GuardRule { gate: gate.clone(), ..guard_rule("a") });
        bench.outcome = SwapOutcome::Failed;
        bench.set_heart("a", Heart::DiedAt(2000));
        bench.run_to(5500);
        bench.set_record(OwnershipRecord { timing: then, ..next(active("a")) });
        bench.run_to(MINUTE);
        assert_eq!(bench.orders()[1].0, stops, "{then:?}");
    }
}
