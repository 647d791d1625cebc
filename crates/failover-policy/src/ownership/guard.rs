//! The guard: starts the workload when this cluster holds the right to run, and stops it before anybody else may.

use std::time::Duration;

use crate::{
    BootTime, ClusterId, Gate, GateRule, Look, MaintenanceFinding, Now, OnStoreLoss, Phase, RecordLook,
    RecordState, Right, Span, Step, Swap, SwapOutcome,
};

/// What a guard is configured with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuardRule {
    /// The gate inside; its `guarded` is set.
    pub gate: GateRule,
    /// Time from SIGTERM to SIGKILL. `gate.lease.stop` is longer by what noticing and reaping take.
    pub stop_grace: Span,
    /// What to do while the store cannot be read.
    pub on_store_loss: OnStoreLoss,
}

/// What the guard wants done with the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChildOrder {
    /// Start it, with this fencing token.
    Start {
        /// The term.
        term: u64,
    },
    /// Ask it to stop: SIGTERM to its process group.
    Terminate(StopCause),
    /// Make it stop: SIGKILL to its process group.
    Kill(StopCause),
}

/// Why a workload is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopCause {
    /// No beat was confirmed in time.
    Expired,
    /// The record says that another cluster owns the work.
    OwnerChanged,
    /// The record asks this cluster to hand over.
    Releasing,
    /// This cluster lost the work and got it back under a new term.
    TermChanged,
}

impl StopCause {
    /// The cause in one word, for logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::OwnerChanged => "owner_changed",
            Self::Releasing => "releasing",
            Self::TermChanged => "term_changed",
        }
    }
}

/// One guard and its workload.
///
/// Two things go on at once, so there are two questions: `poll_step` is what to do with the store, one step after
/// the other; `poll_child` is what to do with the workload, and must be asked after every `handle_*`, and again
/// at [`Guard::poll_deadline`] even while a step hangs. On waking, ask `poll_child` before anything else: a node that
/// was frozen must not run on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guard {
    gate: Gate,
    right: Right,
    stop_grace: Span,
    child: Child,
    /// After a start that failed.
    no_start_before: Option<BootTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Child {
    None,
    Running { term: u64, until: BootTime },
    Stopping { cause: StopCause, kill_at: BootTime, killed: bool },
}

impl Guard {
    /// A deadline that is noticed this late was missed: the node was frozen, and there is no time for a grace. Half
    /// of what `K` allows beyond the grace.
    pub const NOTICED_LATE: Duration = Duration::from_millis(250);

    /// A guard that has read nothing and runs nothing yet.
    pub fn new(rule: GuardRule) -> Self {
        let GuardRule { gate, stop_grace, on_store_loss } = rule;
        let right = Right::new(gate.this.clone(), gate.lease, on_store_loss);
        let gate = Gate::new(GateRule { guarded: true, ..gate });
        Self { gate, right, stop_grace, child: Child::None, no_start_before: None }
    }

    /// What to do with the store next. Never [`Step::Open`].
    pub fn poll_step(&mut self, now: Now) -> Step {
        self.gate.poll_step(now)
    }

    /// Takes a read of this cluster's own stamp.
    pub fn handle_own(&mut self, look: Look) {
        self.right.handle_own(look);
        self.gate.handle_own(look);
    }

    /// Takes a read of the record.
    pub fn handle_record(&mut self, look: RecordLook) {
        let (issued, completed) = (look.issued, look.completed);
        let state = self.gate.handle_record(look);
        self.right.handle_record(state, issued, completed);
    }

    /// Takes a read of the watched heart's stamp.
    pub fn handle_heart(&mut self, cluster: &ClusterId, look: Look) {
        self.gate.handle_heart(cluster, look);
    }

    /// Takes a read of the maintenance record that was issued then.
    pub fn handle_maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        self.gate.handle_maintenance(finding, issued);
    }

    /// Takes what came of a swap. A won one is as good as a read: the record was ours after its issue.
    pub fn handle_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: BootTime, completed: BootTime) {
        self.gate.handle_swap(swap, outcome, issued, completed);
        if outcome == SwapOutcome::Won {
            self.right.handle_record(self.gate.record(), issued, completed);
        }
    }

    /// What to do with the workload now. Each order is given once.
    pub fn poll_child(&mut self, now: BootTime) -> Option<ChildOrder> {
        match self.child {
            Child::None => self.start(now),
            Child::Running { term, until } => self.watch_over(term, until, now),
            Child::Stopping { cause, kill_at, killed } => self.see_it_stop(cause, kill_at, killed, now),
        }
    }

    /// When `poll_child` must be asked at the latest, whatever else is going on.
    pub fn poll_deadline(&self) -> Option<BootTime> {
        match self.child {
            Child::None | Child::Stopping { killed: true, .. } => None,
            Child::Running { until, .. } => Some(until),
            Child::Stopping { kill_at, .. } => Some(kill_at),
        }
    }

    /// Takes that nothing of the workload runs any more.
    pub fn handle_child_gone(&mut self) {
        self.child = Child::None;
    }

    /// Takes that the workload could not be started. It is tried again after a poll.
    pub fn handle_child_failed(&mut self, now: BootTime) {
        self.child = Child::None;
        self.no_start_before = Some(now.after(self.gate.rule().watch.poll.get()));
    }

    /// The gate inside.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The right to run.
    pub fn right(&self) -> &Right {
        &self.right
    }

    /// Whether the workload runs and is to go on running.
    pub fn is_running(&self) -> bool {
        matches!(self.child, Child::Running { .. })
    }

    /// A right that is about to end is not worth a start.
    fn start(&mut self, now: BootTime) -> Option<ChildOrder> {
        let (term, until) = self.right.held(now)?;
        let too_early = self.no_start_before.is_some_and(|before| now < before);
        if too_early || until.since(now) < self.gate.rule().watch.poll.get() {
            return None;
        }
        self.child = Child::Running { term, until };
        Some(ChildOrder::Start { term })
    }

    fn watch_over(&mut self, term: u64, until: BootTime, now: BootTime) -> Option<ChildOrder> {
        let cause = match self.right.held(now) {
            Some((held, until)) if held == term => {
                self.child = Child::Running { term, until };
                return None;
            }
            Some(_) => StopCause::TermChanged,
            None if self.right.deadline().is_some() => StopCause::Expired,
            None => self.why_taken_away(),
        };
        // Whoever waits for this workload to stop counts from the deadline that it had.
        let counts_from =
            now.min(self.right.deadline().filter(|_| cause == StopCause::Expired).unwrap_or(until));
        let late = now.since(counts_from) >= Self::NOTICED_LATE;
        let grace = self.stop_grace.get() + self.drain(cause);
        self.child = Child::Stopping { cause, kill_at: counts_from.after(grace), killed: late };
        Some(if late { ChildOrder::Kill(cause) } else { ChildOrder::Terminate(cause) })
    }

    fn see_it_stop(
        &mut self,
        cause: StopCause,
        kill_at: BootTime,
        killed: bool,
        now: BootTime,
    ) -> Option<ChildOrder> {
        let somebody_else_may_run = cause == StopCause::Releasing && self.record_says_other_owner();
        let kill_at =
            if somebody_else_may_run { kill_at.min(now.after(self.stop_grace.get())) } else { kill_at };
        let cause = if somebody_else_may_run { StopCause::OwnerChanged } else { cause };
        let kill = !killed && now >= kill_at;
        self.child = Child::Stopping { cause, kill_at, killed: killed || kill };
        kill.then_some(ChildOrder::Kill(cause))
    }

    fn why_taken_away(&self) -> StopCause {
        match self.gate.record().record() {
            Some(record) if record.owner == self.gate.rule().this => match record.phase {
                Phase::Releasing { .. } => StopCause::Releasing,
                Phase::Active { .. } | Phase::Pending { .. } => StopCause::TermChanged,
            },
            _ => StopCause::OwnerChanged,
        }
    }

    fn record_says_other_owner(&self) -> bool {
        matches!(self.gate.record(), RecordState::Found(record) if record.owner != self.gate.rule().this)
    }

    /// How long the record lets the workload finish in peace.
    fn drain(&self, cause: StopCause) -> Duration {
        match self.gate.record().record().map(|record| &record.phase) {
            Some(Phase::Releasing { drain, .. }) if cause == StopCause::Releasing => drain.get(),
            _ => Duration::ZERO,
        }
    }
}
