//! Records and rules that the stories begin with.

use failover_policy::{
    ClusterId, Gate, GateRule, Guard, GuardRule, LeaseTiming, Mode, OnStoreLoss, OwnershipRecord, Phase,
    RecordFinding, Span, Timing, WatchRule,
};

use super::{Bench, wall};

/// A gate of cluster `this` with the defaults, the primary being `a`.
pub(crate) fn gate_rule(this: &str) -> GateRule {
    let timing = Timing::default();
    GateRule {
        this: id(this),
        primary: id("a"),
        by: format!("{this}-1"),
        mode: Mode::Prefer,
        guarded: false,
        watch: WatchRule::new(&timing),
        lease: LeaseTiming::of(&timing),
        cache_age: Span::ZERO,
        takeover_delay: Span::ZERO,
        store_grace: Span::from_secs(300),
    }
}

pub(crate) fn gate(rule: GateRule) -> Bench<Gate> {
    Bench::new(rule.this.clone().as_str(), Gate::new(rule))
}

/// A guard of cluster `this` with the defaults.
pub(crate) fn guard_rule(this: &str) -> GuardRule {
    GuardRule {
        gate: GateRule { guarded: true, ..gate_rule(this) },
        stop_grace: Timing::default().stop_grace,
        on_store_loss: OnStoreLoss::Stop,
    }
}

pub(crate) fn guard(rule: GuardRule) -> Bench<Guard> {
    Bench::new(rule.gate.this.clone().as_str(), Guard::new(rule))
}

pub(crate) fn id(name: &str) -> ClusterId {
    name.parse().unwrap()
}

pub(crate) fn found(record: OwnershipRecord) -> RecordFinding {
    RecordFinding::Found(Box::new(record))
}

/// Revision 5, term 3, under the default timing, written by a process that is long gone.
fn record(owner: &str, phase: Phase) -> OwnershipRecord {
    OwnershipRecord {
        revision: 5,
        term: 3,
        owner: id(owner),
        phase,
        timing: LeaseTiming::of(&Timing::default()),
        since: wall(0),
        by: "gone".to_owned(),
        reason: "for the test".to_owned(),
        primary: None,
    }
}

pub(crate) fn active(owner: &str) -> OwnershipRecord {
    record(owner, Phase::Active { previous: None })
}

pub(crate) fn pending(owner: &str, previous: &str) -> OwnershipRecord {
    record(owner, Phase::Pending { previous: id(previous) })
}

pub(crate) fn releasing(owner: &str, successor: &str, drain: Span) -> OwnershipRecord {
    record(owner, Phase::Releasing { successor: id(successor), drain })
}

/// The same record, later.
pub(crate) fn next(record: OwnershipRecord) -> OwnershipRecord {
    OwnershipRecord { revision: record.revision + 1, ..record }
}

pub(crate) fn lease(watch: u64, stop: u64) -> LeaseTiming {
    LeaseTiming { watch: Span::from_secs(watch), stop: Span::from_secs(stop) }
}
