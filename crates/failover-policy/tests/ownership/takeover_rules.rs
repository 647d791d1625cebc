//! A takeover: claim, verify, own; and everything that stops one.

use failover_policy::{
    GateRule, LeaseTiming, Maintenance, MaintenanceFinding, NeverSeen, Opening, OwnershipRecord, Phase,
    Purpose, RecordFinding, Span, SwapOutcome, Timing, Waiting, WatchRule,
};

use crate::bench::{
    Bench, Heart, Millis, active, boot, found, gate, gate_rule, id, lease, next, pending, wall,
};

const CLAIM: Purpose = Purpose::Claim;
const OWN: Purpose = Purpose::Own;
const GIVE_BACK: Purpose = Purpose::GiveBack;
const MINUTE: Millis = 60_000;

/// A standby's gate in b, while a owns the work and beat for the last time at zero.
fn standby(rule: GateRule) -> Bench<failover_policy::Gate> {
    gate(rule).with_record(active("a")).with_heart("a", Heart::DiedAt(0))
}

#[test]
fn a_standby_claims_verifies_and_owns_as_soon_as_the_heart_is_flat() {
    let mut bench = standby(gate_rule("b"));
    assert_eq!(bench.run_to(9999), None);
    assert_eq!(bench.swaps(), []);
    let Some(Opening::Owner(record)) = bench.run_to(10_000) else { panic!("the gate did not open") };
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (10_000, OWN)]);
    assert_eq!((record.revision, record.term, record.owner.as_str()), (7, 4, "b"), "one term, two revisions");
    assert_eq!(record.phase, Phase::Active { previous: Some(id("a")) });
    assert_eq!((record.by.as_str(), record.since), ("b-1", wall(10_000)));
    assert_eq!(
        bench.reads(10_000, 10_001),
        ["record", "a", "a"],
        "the look that decides, and one more after the claim; maintenance was read ahead"
    );
}

#[test]
fn with_clocks_in_step_the_claim_falls_as_the_stamp_turns_ten_seconds_old() {
    let mut bench = standby(gate_rule("b"));
    bench.freeze_to(500);
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (10_000, OWN)], "9.5 s after it was first seen");
}

#[test]
fn a_claim_says_who_claims_from_whom_and_changes_nothing_else() {
    let mut bench = standby(gate_rule("b"));
    bench.outcome = SwapOutcome::Lost;
    bench.run_to(10_000);
    let swap = bench.last_swap().unwrap();
    let claim = OwnershipRecord {
        by: "b-1".to_owned(),
        since: wall(10_000),
        reason: "claim: the heart of cluster a is flat".to_owned(),
        primary: Some(id("a")),
        ..next(pending("b", "a"))
    };
    assert_eq!((swap.over, &swap.record), (Some(5), &claim));
}

#[test]
fn where_there_is_no_record_the_primary_is_the_owner_that_is_claimed_from() {
    let mut bench = standby(gate_rule("b"));
    bench.record = RecordFinding::Absent;
    let Some(Opening::Owner(record)) = bench.run_to(10_000) else { panic!("the gate did not open") };
    assert_eq!((record.revision, record.term), (2, 2), "the claim is revision 1 of term 1");
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (10_000, OWN)]);
}

#[test]
fn only_a_heart_that_is_known_to_be_flat_is_claimed_from() {
    for heart in [Heart::Beats, Heart::Missing, Heart::Torn, Heart::Foreign, Heart::Unreadable] {
        let mut bench = standby(gate_rule("b")).with_heart("a", heart);
        assert_eq!((bench.run_to(MINUTE), bench.swaps()), (None, vec![]), "{heart:?}");
    }
    for (then, claimed_at) in [
        (Heart::Unreadable, None),
        (Heart::Missing, None),
        (Heart::Foreign, None),
        (Heart::TornBesideDetails, None),
        (Heart::Torn, Some(15_000)),
        (Heart::BackAt(9500), None),
    ] {
        let mut bench = standby(gate_rule("b"));
        bench.run_to(5500);
        bench.set_heart("a", then);
        bench.run_to(MINUTE);
        let claim = bench.swaps().first().map(|(at, _)| *at);
        assert_eq!(claim, claimed_at, "after a stamp was seen: {then:?}");
    }
}

#[test]
fn a_heart_that_was_never_seen_is_claimed_from_only_where_that_was_asked_for() {
    let mut rule = gate_rule("b");
    rule.watch.never_seen = NeverSeen::Flatline;
    for heart in [Heart::Missing, Heart::Torn] {
        let mut bench = standby(rule.clone()).with_heart("a", heart);
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps(), [(10_000, CLAIM), (19_000, OWN)], "{heart:?}: no beat could be seen");
    }
}

#[test]
fn a_record_that_cannot_be_read_stops_a_takeover_and_the_watch_goes_on() {
    let mut bench = standby(gate_rule("b"));
    bench.run_to(5000);
    bench.record = RecordFinding::Unreadable;
    bench.run_to(20_500);
    assert_eq!((bench.swaps(), bench.reads(10_000, 13_000).contains(&"a")), (vec![], true));
    bench.set_record(active("a"));
    bench.run_to(21_000);
    assert_eq!(bench.swaps(), [(21_000, CLAIM), (21_000, OWN)]);
}

#[test]
fn a_gate_watches_the_longer_of_its_own_silence_and_the_records() {
    let own = |seconds| {
        let timing = Timing { flatline_after: Span::from_secs(seconds), ..Timing::default() };
        let (watch, lease) = (WatchRule::new(&timing), LeaseTiming::of(&timing));
        GateRule { watch, lease, ..gate_rule("b") }
    };
    for (rule, record, at) in [
        (own(10), lease(9, 2), 10_000),
        (own(10), lease(19, 2), 20_000),
        (own(20), lease(9, 2), 20_000),
        (own(20), lease(29, 2), 30_000),
    ] {
        let written = rule.lease;
        let mut bench = standby(rule).with_record(OwnershipRecord { timing: record, ..active("a") });
        bench.run_to(at - 1);
        assert_eq!(bench.swaps(), [], "{record:?}");
        bench.run_to(at);
        assert_eq!(bench.swaps(), [(at, CLAIM), (at, OWN)], "{record:?}");
        assert_eq!(bench.stored().timing, written, "a takeover writes the new owner's timing");
    }
}

#[test]
fn the_claim_keeps_the_timing_under_which_the_old_side_still_runs() {
    let mut bench =
        standby(gate_rule("b")).with_record(OwnershipRecord { timing: lease(19, 5), ..active("a") });
    bench.outcome = SwapOutcome::Lost;
    bench.run_to(20_000);
    assert_eq!(bench.last_swap().unwrap().record.timing, lease(19, 5));
}

#[test]
fn without_a_record_the_watch_is_at_least_what_this_gate_promises() {
    let mut rule = gate_rule("b");
    rule.watch.confirm = Span::from_secs(1);
    let mut bench = standby(rule);
    bench.record = RecordFinding::Absent;
    bench.freeze_to(5000);
    bench.run_to(13_999);
    assert_eq!(bench.swaps(), [], "the stamp is old enough, the silence is not");
    bench.run_to(14_000);
    assert_eq!(bench.swaps(), [(14_000, CLAIM), (14_000, OWN)]);
}

#[test]
fn nobody_claims_in_an_absence_that_was_not_watched() {
    let mut bench = standby(gate_rule("b"));
    bench.record = RecordFinding::Absent;
    bench.run_to(500);
    bench.record = RecordFinding::Unreadable;
    bench.run_to(19_999);
    bench.record = RecordFinding::Absent;
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(29_000, CLAIM), (29_000, OWN)], "the heart has been flat since 10 s");
}

#[test]
fn a_cache_age_that_grows_while_a_claim_is_verified_is_waited_for_and_never_shrinks() {
    let mut bench = standby(gate_rule("b"));
    bench.takes = [("a", 500)].into();
    let claimed_at = (0..20_000).step_by(100).find(|at| {
        bench.run_to(*at);
        !bench.swaps().is_empty()
    });
    let claimed_at = claimed_at.unwrap();
    assert_eq!(
        bench.swaps().last().map(|swap| swap.1),
        Some(CLAIM),
        "a look is under way that would verify it"
    );
    bench.machine.allow_for_caches(Span::from_secs(2));
    bench.machine.allow_for_caches(Span::ZERO);
    assert!(bench.run_to(claimed_at + 4400).is_none());
    assert!(bench.run_to(claimed_at + 4600).is_some(), "2c, and a look that was asked for after that");
}

#[test]
fn on_a_caching_place_the_verifying_look_comes_twice_the_cache_age_after_the_claim() {
    let rule = GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") };
    let mut bench = standby(rule);
    bench.run_to(13_999);
    assert_eq!(bench.swaps(), [(10_000, CLAIM)]);
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Verify(crate::bench::boot(14_000))));
    bench.run_to(14_000);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (14_000, OWN)]);
    assert!(bench.reads(14_000, 14_001).contains(&"a"));
}

#[test]
fn a_verifying_look_that_fails_does_not_verify() {
    let rule = GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") };
    let mut bench = standby(rule);
    bench.run_to(13_500);
    bench.set_heart("a", Heart::Unreadable);
    bench.run_to(14_500);
    assert_eq!(bench.swaps(), [(10_000, CLAIM)]);
    bench.set_heart("a", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (15_000, OWN)], "the next good look does");
}

#[test]
fn what_was_seen_before_the_claim_verifies_nothing_even_in_the_same_instant() {
    let mut bench = standby(gate_rule("b"));
    bench.after_swap = Some(("a", Heart::Unreadable));
    bench.run_to(11_500);
    assert_eq!(bench.swaps(), [(10_000, CLAIM)]);
    bench.set_heart("a", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (12_000, OWN)]);
    let mut bench = standby(gate_rule("b"));
    bench.after_swap = Some(("a", Heart::BackAt(10_000)));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (10_000, GIVE_BACK)]);
}

#[test]
fn a_watch_that_was_interrupted_while_pending_starts_over() {
    let mut bench = standby(GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") });
    bench.run_to(11_500);
    bench.set_heart("a", Heart::Unreadable);
    bench.run_to(19_500);
    bench.set_heart("a", Heart::DiedAt(0));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (29_000, OWN)], "T − p after 20 s: the stamp is old");
}

#[test]
fn a_beat_while_pending_gives_the_claim_back() {
    let mut bench = standby(GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") });
    bench.run_to(10_500);
    bench.set_heart("a", Heart::BackAt(12_000));
    assert_eq!(bench.run_to(MINUTE), None);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (12_000, GIVE_BACK)]);
    let record = bench.stored();
    assert_eq!((record.revision, record.term, record.owner.as_str()), (7, 3, "a"), "the old term");
    assert_eq!(record.phase, Phase::Active { previous: Some(id("b")) });
    assert_eq!(record.refused(), Some(&id("b")));
}

#[test]
fn a_claim_that_was_given_back_can_be_made_again() {
    let mut bench = standby(GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") });
    bench.run_to(10_500);
    bench.set_heart("a", Heart::BackAt(12_000));
    bench.run_to(12_500);
    bench.set_heart("a", Heart::DiedAt(12_000));
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps()[2..], [(22_000, CLAIM), (26_000, OWN)]);
    assert_eq!(bench.stored().term, 4);
}

#[test]
fn after_a_lost_swap_everything_starts_over_from_reading_and_the_next_try_waits_for_a_poll() {
    for outcome in [SwapOutcome::Lost, SwapOutcome::Failed] {
        let mut bench = standby(gate_rule("b"));
        bench.outcome = outcome;
        bench.run_to(12_999);
        let claims: Vec<_> = bench.swaps();
        assert_eq!(claims, [(10_000, CLAIM), (11_000, CLAIM), (12_000, CLAIM)], "{outcome:?}");
        assert_eq!(bench.reads(10_000, 10_001).last(), Some(&"record"), "read right after it: {outcome:?}");
        bench.set_record(next(active("c")));
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps().len(), 3, "somebody else won");
    }
}

#[test]
fn a_swap_that_nobody_can_tell_the_end_of_is_settled_by_reading() {
    let mut bench = standby(gate_rule("b"));
    bench.outcome = SwapOutcome::Failed;
    bench.run_to(10_000);
    bench.set_record(bench.last_swap().unwrap().record.clone());
    bench.outcome = SwapOutcome::Won;
    bench.run_to(11_000);
    assert_eq!(bench.swaps(), [(10_000, CLAIM), (11_000, OWN)], "the claim had landed, and it is ours");
}

#[test]
fn a_candidate_waits_for_its_takeover_delay_from_the_moment_the_heart_is_flat() {
    for (delay, at) in
        [(0, 10_000), (999, 10_000), (1000, 10_000), (1500, 10_500), (3000, 12_000), (3001, 12_001)]
    {
        let mut bench = standby(GateRule { takeover_delay: Span::from_millis(delay), ..gate_rule("b") });
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps(), [(at, CLAIM), (at, OWN)], "{delay} ms after T − p of silence");
    }
}

#[test]
fn the_candidate_that_comes_second_finds_the_claim_and_waits() {
    let mut bench = gate(GateRule { takeover_delay: Span::from_secs(3), ..gate_rule("c") })
        .with_record(active("a"))
        .with_heart("a", Heart::DiedAt(0));
    bench.run_to(10_500);
    bench.set_record(next(pending("b", "a")));
    bench.run_to(11_500);
    bench.set_record(next(next(active("b"))));
    assert_eq!((bench.run_to(MINUTE), bench.swaps()), (None, vec![]), "b beats");
}

#[test]
fn a_sibling_waits_for_the_claim_of_its_cluster_and_opens_with_it() {
    let mut bench = standby(GateRule { takeover_delay: Span::from_secs(1), ..gate_rule("b") });
    bench.run_to(9500);
    bench.set_record(next(pending("b", "a")));
    bench.run_to(15_500);
    assert_eq!(bench.swaps(), []);
    let owned = OwnershipRecord { term: 4, ..next(next(active("b"))) };
    bench.set_record(owned.clone());
    assert_eq!(bench.run_to(16_000), Some(Opening::Owner(Box::new(owned))));
}

#[test]
fn under_a_guard_nobody_claims_while_the_own_heart_is_silent() {
    for (own, claimed_at) in [
        (Heart::Beats, Some(10_000)),
        (Heart::BackAt(30_000), Some(30_000)),
        (Heart::DiedAt(0), None),
        (Heart::Missing, None),
        (Heart::Unreadable, None),
    ] {
        let mut bench = standby(GateRule { guarded: true, ..gate_rule("b") }).with_heart("b", own);
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps().first().map(|(at, _)| *at), claimed_at, "{own:?}");
        let mut bench = standby(gate_rule("b")).with_heart("b", own);
        bench.run_to(MINUTE);
        assert_eq!(
            bench.swaps().first(),
            Some(&(10_000, CLAIM)),
            "a gate without a guard does not ask: {own:?}"
        );
    }
}

fn on_until(until: Millis) -> MaintenanceFinding {
    let (by, reason) = ("operator".to_owned(), "upgrade".to_owned());
    MaintenanceFinding::On(Maintenance { version: 1, active: true, until: wall(until), by, reason })
}

#[test]
fn nobody_claims_unless_maintenance_is_known_to_be_off() {
    let table = [
        (MaintenanceFinding::Off, Some(10_000)),
        (on_until(3_600_000), None),
        (MaintenanceFinding::Unusable("no JSON".to_owned()), None),
        (MaintenanceFinding::Unreadable, None),
    ];
    for (finding, claimed_at) in table {
        let mut bench = standby(gate_rule("b"));
        bench.maintenance = finding.clone();
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps().first().map(|(at, _)| *at), claimed_at, "{finding:?}");
    }
}

#[test]
fn maintenance_that_would_last_a_year_holds_a_takeover_back_for_thirty_days() {
    const DAY: Millis = 24 * 60 * MINUTE;
    let mut bench = standby(gate_rule("b"));
    bench.maintenance = on_until(365 * DAY);
    bench.run_to(MINUTE);
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Maintenance));
    // Seen first when the takeover came near, 8 s after the start.
    bench.freeze_to(30 * DAY);
    bench.run_to(30 * DAY + 7000);
    assert_eq!(bench.swaps(), [], "not yet thirty days");
    bench.run_to(30 * DAY + MINUTE);
    assert_eq!(bench.swaps().len(), 2, "a claim, and its end: {:?}", bench.swaps());
}

#[test]
fn maintenance_is_read_once_a_poll_while_it_blocks_a_takeover_and_only_then() {
    let mut bench = standby(gate_rule("b"));
    bench.maintenance = on_until(3_600_000);
    bench.run_to(30_500);
    assert!(!bench.reads(0, 7000).contains(&"maintenance"), "nothing is due yet");
    let reads = bench.reads(20_000, 30_000);
    assert_eq!(reads.iter().filter(|read| **read == "maintenance").count(), 10);
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Maintenance));
    bench.maintenance = MaintenanceFinding::Off;
    bench.run_to(31_000);
    assert_eq!(bench.swaps(), [(31_000, CLAIM), (31_000, OWN)]);
}

#[test]
fn a_gate_reads_maintenance_again_where_the_record_changed_since() {
    let mut bench = standby(gate_rule("b"));
    bench.run_to(9500);
    assert!(bench.reads(0, 9500).contains(&"maintenance"), "it was read ahead, and off");
    bench.maintenance = on_until(3_600_000);
    bench.set_record(active("a").bumped("operator").unwrap());
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), []);
}

#[test]
fn on_a_caching_place_maintenance_has_to_be_newer_than_the_change_of_the_record_by_the_cache_age() {
    let mut bench = standby(GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") });
    bench.run_to(9500);
    bench.set_record(active("a").bumped("operator").unwrap());
    bench.run_to(11_500);
    assert_eq!(bench.swaps(), [], "the record was seen at 10 s; what was read since may be from before");
    bench.maintenance = on_until(3_600_000);
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), []);
}

#[test]
fn switching_maintenance_on_makes_a_claim_in_flight_one_that_was_left_behind() {
    let mut bench = standby(GateRule { cache_age: Span::from_secs(2), ..gate_rule("b") });
    bench.run_to(10_500);
    let claim = bench.stored().clone();
    bench.maintenance = on_until(3_600_000);
    bench.set_record(claim.bumped("operator").unwrap());
    bench.run_to(MINUTE);
    assert_eq!(bench.swaps(), [(10_000, CLAIM)], "not owned while maintenance is on");
    bench.maintenance = MaintenanceFinding::Off;
    bench.run_to(MINUTE + 1000);
    assert_eq!(bench.swaps()[1..], [(MINUTE + 1000, OWN)]);
}

#[test]
fn an_old_owner_that_comes_back_finds_the_record_and_blocks() {
    let mut bench = gate(gate_rule("a")).with_record(active("b"));
    assert_eq!((bench.run_to(3_600_000), bench.swaps()), (None, vec![]));
    bench.set_heart("b", Heart::DiedAt(3_600_000));
    let until = 3_600_000 + MINUTE;
    assert!(bench.run_to(until).is_some(), "but it is a standby like any other");
    assert_eq!(bench.swaps(), [(3_610_000, CLAIM), (3_610_000, OWN)]);
}

#[test]
fn a_change_of_owner_turns_the_watch_to_the_new_one() {
    let mut bench = gate(gate_rule("c")).with_record(active("a")).with_heart("a", Heart::DiedAt(0));
    bench.run_to(8500);
    bench.record = found(next(active("b")));
    bench.run_to(9500);
    bench.set_heart("b", Heart::DiedAt(9000));
    bench.run_to(18_000);
    assert_eq!(bench.swaps(), [], "what was seen of a says nothing about b, whose last beat was at 8 s");
    bench.run_to(18_010);
    assert_eq!(bench.swaps(), [(18_010, CLAIM), (18_010, OWN)], "a hundredth of a poll after the last look");
}

#[test]
fn a_store_whose_reads_take_as_long_as_a_poll_still_lets_a_takeover_end() {
    for guarded in [false, true] {
        let mut bench = standby(GateRule { guarded, ..gate_rule("b") });
        bench.takes = [("own", 700), ("record", 700), ("a", 700), ("maintenance", 700)].into();
        bench.run_to(MINUTE);
        let purposes: Vec<_> = bench.swaps().iter().map(|(_, purpose)| *purpose).collect();
        assert_eq!(purposes, [CLAIM, OWN], "guarded: {guarded}");
    }
}

/// A stamp may have been written, and read by its own guard, between the last look before the claim and the write
/// that is seen half done after it, or whose every read is damaged here alone.
#[test]
fn bytes_that_may_hide_a_beat_verify_no_claim_before_the_owner_must_have_stopped_or_contested() {
    for (cache_age, owned) in [(0, 19_000), (2, 21_000)] {
        let cache_age = Span::from_secs(cache_age);
        let mut bench = standby(GateRule { cache_age, ..gate_rule("b") });
        bench.after_swap = Some(("a", Heart::Torn));
        bench.run_to(owned - 1);
        assert_eq!(bench.swaps(), [(10_000, CLAIM)]);
        bench.run_to(owned);
        assert_eq!(bench.swaps(), [(10_000, CLAIM), (owned, OWN)], "when the claim has stood for a watch");
    }
}

#[test]
fn a_claim_over_bytes_that_hide_beats_stands_for_a_whole_watch_however_long_they_were_seen_before() {
    let mut bench = standby(gate_rule("b"));
    bench.run_to(5500);
    bench.set_heart("a", Heart::Torn);
    bench.run_to(23_999);
    assert_eq!(bench.swaps(), [(15_000, CLAIM)], "nine seconds after they were first seen at 6 s");
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Verify(boot(24_000))));
    bench.run_to(24_000);
    assert_eq!(bench.swaps()[1..], [(24_000, OWN)]);
}

#[test]
fn a_claim_over_bytes_that_hide_beats_stands_for_the_longer_of_the_own_watch_and_the_records() {
    for (own, recorded) in [(9, 29), (29, 9)] {
        let mut rule = gate_rule("b");
        rule.lease = lease(own, 2);
        rule.watch = rule.watch.at_least(Span::from_secs(own));
        let mut bench =
            standby(rule).with_record(OwnershipRecord { timing: lease(recorded, 2), ..active("a") });
        bench.run_to(5500);
        bench.set_heart("a", Heart::Torn);
        bench.run_to(2 * MINUTE);
        assert_eq!(bench.swaps(), [(35_000, CLAIM), (64_000, OWN)], "{own} s, recorded: {recorded} s");
    }
}

#[test]
fn a_second_witness_that_goes_on_keeps_a_claim_over_hidden_beats_from_ownership() {
    for then in [Heart::TornBesideDetails, Heart::Foreign, Heart::Unreadable] {
        let mut bench = standby(gate_rule("b"));
        bench.after_swap = Some(("a", then));
        bench.run_to(MINUTE);
        assert_eq!(bench.swaps(), [(10_000, CLAIM)], "{then:?}");
    }
}

#[test]
fn whoever_refuses_a_claim_lives_and_is_claimed_from_again_after_a_whole_watch_at_the_earliest() {
    // Written at the very moment of the claim, as far as people's clocks can tell.
    let contested = |claim: &OwnershipRecord| OwnershipRecord {
        owner: id("a"),
        phase: Phase::Active { previous: Some(id("b")) },
        by: "a-1".to_owned(),
        reason: "claim contested: the heart beats".to_owned(),
        ..next(claim.clone())
    };
    let mut bench = standby(gate_rule("b"));
    bench.run_to(5500);
    bench.set_heart("a", Heart::Torn);
    bench.run_to(16_500);
    let contest = contested(bench.stored());
    bench.set_record(contest.clone());
    bench.run_to(22_500);
    bench.set_record(contest.bumped("operator").unwrap());
    bench.run_to(MINUTE / 2);
    assert_eq!(
        bench.swaps(),
        [(15_000, CLAIM), (26_000, CLAIM)],
        "the contest was read at 17 s, and a bump is none; the wall clock shows that the last stamp is old"
    );
}
