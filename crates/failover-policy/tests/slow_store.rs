//! Reads that together take longer than a poll: every machine still comes to its decision.

#![expect(clippy::unwrap_used, reason = "a test that cannot tell its story must fail")]

use std::time::Duration;

use failover_policy::{
    ClusterId, Finding, Gate, GateRule, Handover, HandoverRule, HandoverStep, LeaseTiming, Look,
    MaintenanceFinding, Mode, Now, OwnershipRecord, Phase, Purpose, RecordFinding, RecordLook, Span, Stamp,
    Step, Tick, Timing, WatchRule,
};

/// Three of them in a row take a little less than the watch gap.
const READ: Duration = Duration::from_millis(800);
const MINUTE: Duration = Duration::from_mins(1);

fn id(name: &str) -> ClusterId {
    name.parse().unwrap()
}

fn at(since: Duration) -> Now {
    Now::in_step(MINUTE + since, Tick::from_unix(MINUTE + since).unwrap())
}

/// A stamp every two seconds.
fn beating(since: Duration) -> Finding {
    Finding::Stamp(Stamp::new(at(Duration::from_secs(since.as_secs() / 2 * 2)).wall))
}

fn gate(this: &str, guarded: bool) -> Gate {
    let timing = Timing::default();
    Gate::new(GateRule {
        this: id(this),
        primary: id("a"),
        by: "me".to_owned(),
        mode: Mode::Prefer,
        guarded,
        watch: WatchRule::new(&timing),
        lease: LeaseTiming::of(&timing),
        cache_age: Span::ZERO,
        takeover_delay: Span::ZERO,
        store_grace: Span::from_secs(20),
    })
}

fn owned_by_a() -> RecordFinding {
    RecordFinding::Found(Box::new(OwnershipRecord {
        revision: 5,
        term: 3,
        owner: id("a"),
        phase: Phase::Active { previous: None },
        timing: LeaseTiming::of(&Timing::default()),
        since: Tick::UNIX_EPOCH,
        by: "gone".to_owned(),
        reason: String::new(),
    }))
}

/// What the gate does first besides reading and sleeping, within a minute. Its own heart beats, A's is flat.
fn first_act(gate: &mut Gate, record: &RecordFinding) -> Option<Step> {
    let mut since = Duration::ZERO;
    while since < MINUTE {
        let step = gate.poll_step(at(since));
        let (issued, completed) = (at(since), at(since + READ));
        let look = |finding| Look { issued, completed, finding };
        match step {
            Step::ReadOwn => gate.handle_own(look(beating(since))),
            Step::ReadHeart(cluster) => gate.handle_heart(&cluster, look(beating(Duration::ZERO))),
            Step::ReadMaintenance => gate.handle_maintenance(MaintenanceFinding::Off, issued.boot),
            Step::ReadRecord => {
                gate.handle_record(RecordLook { issued, completed, finding: record.clone() });
            }
            Step::Sleep(until) => {
                since = until.since(at(Duration::ZERO).boot);
                continue;
            }
            step @ (Step::Swap(_) | Step::Open(_)) => return Some(step),
        }
        since += READ;
    }
    None
}

#[test]
fn a_standby_claims_the_work_of_a_flat_heart_with_a_guard_and_without() {
    for guarded in [false, true] {
        let act = first_act(&mut gate("b", guarded), &owned_by_a());
        let claims = matches!(&act, Some(Step::Swap(swap)) if swap.purpose == Purpose::Claim);
        assert!(claims, "guarded {guarded}: {act:?}");
    }
}

#[test]
fn the_primary_goes_after_the_store_grace_where_every_read_times_out() {
    let act = first_act(&mut gate("a", false), &RecordFinding::Unreadable);
    assert_eq!(act, Some(Step::Open(failover_policy::Opening::StoreGrace)));
}

#[test]
fn an_operators_handover_begins() {
    let timing = Timing::default();
    let mut handover = Handover::new(HandoverRule {
        to: id("b"),
        drain: Span::ZERO,
        by: "operator".to_owned(),
        watch: WatchRule::new(&timing),
        lease: LeaseTiming::of(&timing),
        cache_age: Span::ZERO,
    });
    let mut since = Duration::ZERO;
    loop {
        assert!(since < MINUTE, "nothing was decided: {handover:?}");
        let (issued, completed) = (at(since), at(since + READ));
        match handover.poll_step(issued) {
            HandoverStep::ReadRecord => {
                handover.handle_record(RecordLook { issued, completed, finding: owned_by_a() });
            }
            HandoverStep::ReadHeart(_) => {
                handover.handle_heart(Look { issued, completed, finding: beating(since) });
            }
            HandoverStep::Sleep(until) => {
                since = until.since(at(Duration::ZERO).boot);
                continue;
            }
            HandoverStep::Swap(swap) => return assert_eq!(swap.purpose, Purpose::Release),
            HandoverStep::Done(end) => panic!("it ended: {end:?}"),
        }
        since += READ;
    }
}
