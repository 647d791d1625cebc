//! The guard: starts the workload when this cluster holds the right to run, and stops it before anybody else may.

use std::time::Duration;

use crate::{
    BootTime, ClusterId, Gate, GateRule, HoldTime, Look, MaintenanceFinding, Now, OnStoreLoss, Phase,
    RecordLook, RecordState, Right, Span, Step, Swap, SwapOutcome, UnderWay, Verdict, Waiting,
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
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Expired, Self::OwnerChanged, Self::Releasing, Self::TermChanged];

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
/// Two things go on at once, so there are two questions: `poll_step` is what to do with the store besides what is
/// under way there; `poll_child` is what to do with the workload, and must be asked after every `handle_*`, and again
/// at [`Guard::poll_deadline`] even while a step hangs. On waking, ask `poll_child` before anything else: a node that
/// was frozen must not run on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guard {
    gate: Gate,
    right: Right,
    stop_grace: Span,
    child: Child,
    /// After a start that failed.
    no_start_before: Option<HoldTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Child {
    None,
    Running { term: u64, until: HoldTime },
    Stopping { cause: StopCause, kill_at: HoldTime, killed: bool },
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

    /// What to do with the store next, while that is under way. Never [`Step::Open`].
    pub fn poll_step(&mut self, now: Now, under_way: UnderWay) -> Step {
        self.gate.poll_step(now, under_way)
    }

    /// As [`Gate::allow_for_caches`].
    pub fn allow_for_caches(&mut self, cache_age: Span) {
        self.gate.allow_for_caches(cache_age);
    }

    /// Takes a read of this cluster's own stamp.
    pub fn handle_own(&mut self, look: Look) {
        self.right.handle_own(look);
        self.gate.handle_own(look);
    }

    /// Takes a read of the record.
    pub fn handle_record(&mut self, look: RecordLook) {
        let (issued, completed) = (look.issued.hold, look.completed.hold);
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
    pub fn handle_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: Now, completed: Now) {
        self.gate.handle_swap(swap, outcome, issued, completed);
        if outcome == SwapOutcome::Won {
            self.right.handle_record(self.gate.record(), issued.hold, completed.hold);
        }
    }

    /// What to do with the workload now. Each order is given once.
    pub fn poll_child(&mut self, now: Now) -> Option<ChildOrder> {
        match self.child {
            Child::None => self.start(now),
            Child::Running { term, until } => self.watch_over(term, until, now.hold),
            Child::Stopping { cause, kill_at, killed } => self.see_it_stop(cause, kill_at, killed, now.hold),
        }
    }

    /// When `poll_child` must be asked at the latest, whatever else is going on.
    pub fn poll_deadline(&self) -> Option<HoldTime> {
        match self.child {
            Child::None | Child::Stopping { killed: true, .. } => None,
            Child::Running { until, .. } => Some(until),
            Child::Stopping { cause, kill_at, .. } => Some(self.killed_by(cause, kill_at)),
        }
    }

    /// Takes that nothing of the workload runs any more.
    pub fn handle_child_gone(&mut self) {
        self.child = Child::None;
    }

    /// Takes that the workload could not be started. It is tried again after a poll.
    pub fn handle_child_failed(&mut self, now: HoldTime) {
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

    /// What the workload waits for, or would wait for if it did not run; `None` while it is about to start. The owner's
    /// workload waits for a beat of its own cluster, unless it runs.
    pub fn waiting(&self, now: Now) -> Option<Waiting> {
        match self.gate.waiting(now) {
            Some(Waiting::Nothing) if !self.is_running() => self.may_start(now).err(),
            waiting => waiting,
        }
    }

    fn start(&mut self, now: Now) -> Option<ChildOrder> {
        let (term, until) = self.may_start(now).ok()?;
        self.child = Child::Running { term, until };
        Some(ChildOrder::Start { term })
    }

    /// The term to start under and until when, or what is missing. A right that is about to end is not worth a start, nor
    /// is one that rests on a beat from before the store was away: the next beat would come too late, and the workload
    /// would be stopped and started again.
    fn may_start(&self, now: Now) -> Result<(u64, HoldTime), Waiting> {
        let (term, until) = self.right.held(now.hold).ok_or(Waiting::OwnBeat)?;
        let about_to_end = until.since(now.hold) < self.gate.rule().watch.poll.get();
        let beats = self.gate.own_heart(now.boot).is_some_and(|own| own.verdict == Verdict::Beating);
        if about_to_end || !beats {
            return Err(Waiting::OwnBeat);
        }
        match self.no_start_before.filter(|before| now.hold < *before) {
            Some(before) => Err(Waiting::Start(now.boot.after(before.since(now.hold)))),
            None => Ok((term, until)),
        }
    }

    fn watch_over(&mut self, term: u64, until: HoldTime, now: HoldTime) -> Option<ChildOrder> {
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
        kill_at: HoldTime,
        killed: bool,
        now: HoldTime,
    ) -> Option<ChildOrder> {
        let asked_anew = now.after(self.stop_grace.get() + self.drain(cause));
        // The drain may have been shortened, or called off with the handover.
        let kill_at = if self.gate.record().record().is_some() { kill_at.min(asked_anew) } else { kill_at };
        let somebody_else_may_run = cause == StopCause::Releasing && self.record_says_other_owner();
        let cause = if somebody_else_may_run { StopCause::OwnerChanged } else { cause };
        let kill = !killed && now >= self.killed_by(cause, kill_at);
        self.child = Child::Stopping { cause, kill_at, killed: killed || kill };
        kill.then_some(ChildOrder::Kill(cause))
    }

    /// When the grace is over. A drain lasts no longer than the right to finish, since nobody waits for a drain that
    /// was called off.
    fn killed_by(&self, cause: StopCause, kill_at: HoldTime) -> HoldTime {
        match self.right.may_finish_until().filter(|_| cause == StopCause::Releasing) {
            Some(until) => kill_at.min(until.after(self.stop_grace.get())),
            None => kill_at,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Finding, LeaseTiming, Mode, Now, OwnershipRecord, RecordFinding, Stamp, Tick, Timing, WatchRule,
    };

    /// Milliseconds on the guard's clock.
    type Millis = u64;

    const DRAIN: Span = Span::from_secs(60);

    struct Drained {
        guard: Guard,
        revision: u64,
    }

    impl Drained {
        /// A guard that has read nothing yet.
        fn new() -> Self {
            let timing = Timing::default();
            let gate = GateRule {
                this: "a".parse().unwrap(),
                primary: "a".parse().unwrap(),
                by: "pod".to_owned(),
                mode: Mode::Strict,
                guarded: true,
                watch: WatchRule::new(&timing),
                lease: LeaseTiming::of(&timing),
                cache_age: Span::ZERO,
                takeover_delay: Span::ZERO,
                store_grace: Span::ZERO,
            };
            let (stop_grace, on_store_loss) = (timing.stop_grace, OnStoreLoss::Stop);
            Self { guard: Guard::new(GuardRule { gate, stop_grace, on_store_loss }), revision: 0 }
        }

        /// A guard that started its workload at 2 s, and was asked at 4 s to release it with a drain of a minute.
        fn at_4_s() -> Self {
            let mut drained = Self::new();
            drained.beat(0, Phase::Active { previous: None });
            let started = drained.beat(2000, Phase::Active { previous: None });
            assert_eq!(started, Some(ChildOrder::Start { term: 1 }));
            let asked = drained.beat(4000, releasing(DRAIN));
            assert_eq!(asked, Some(ChildOrder::Terminate(StopCause::Releasing)));
            drained
        }

        /// A beat comes in, and the record says this.
        fn beat(&mut self, at: Millis, phase: Phase) -> Option<ChildOrder> {
            let now = now(at);
            let finding = Finding::Stamp(Stamp::new(now.wall));
            self.guard.handle_own(Look { issued: now, completed: now, finding });
            self.revision += 1;
            let record = OwnershipRecord {
                revision: self.revision,
                term: 1,
                owner: "a".parse().unwrap(),
                phase,
                timing: LeaseTiming::of(&Timing::default()),
                since: Tick::UNIX_EPOCH,
                by: "test".to_owned(),
                reason: String::new(),
                primary: None,
            };
            let finding = RecordFinding::Found(Box::new(record));
            self.guard.handle_record(RecordLook { issued: now, completed: now, finding });
            self.guard.poll_child(now)
        }

        /// When the workload is killed if nothing more is read.
        fn killed_at(&self) -> Millis {
            u64::try_from(self.guard.poll_deadline().unwrap().since_boot().as_millis()).unwrap()
        }
    }

    fn releasing(drain: Span) -> Phase {
        Phase::Releasing { successor: "b".parse().unwrap(), drain }
    }

    fn now(at: Millis) -> Now {
        let since = Duration::from_millis(at);
        Now::in_step(since, Tick::from_unix(since).unwrap())
    }

    #[test]
    fn a_drain_lasts_no_longer_than_the_right_to_finish_which_beats_extend() {
        let mut drained = Drained::at_4_s();
        assert_eq!(drained.killed_at(), 2000 + 6982 + 1500, "the last but one beat, L, the grace");
        for at in (6000..64_000).step_by(2000) {
            assert_eq!(drained.beat(at, releasing(DRAIN)), None);
        }
        assert_eq!(drained.killed_at(), 4000 + 60_000 + 1500, "the whole drain, and the grace");
    }

    #[test]
    fn after_an_outage_nothing_starts_before_a_beat_came_in_under_watch() {
        let active = || Phase::Active { previous: None };
        let mut guard = Drained::new();
        assert_eq!(guard.beat(0, active()), None);
        // Nothing could be read for 4 s; what is seen then may have been written before.
        assert_eq!(guard.beat(4000, active()), None);
        assert_eq!(guard.beat(6000, active()), Some(ChildOrder::Start { term: 1 }));
    }

    #[test]
    fn a_workload_that_its_cluster_owns_waits_for_a_beat_and_not_for_nothing() {
        let active = || Phase::Active { previous: None };
        let mut owner = Drained::new();
        assert_eq!(owner.beat(0, active()), None);
        assert_eq!(owner.guard.waiting(now(0)), Some(Waiting::OwnBeat), "before a beat under watch");
        assert!(owner.beat(2000, active()).is_some());
        assert_eq!(owner.guard.waiting(now(2000)), Some(Waiting::Nothing), "it runs");
        owner.guard.handle_child_failed(now(2000).hold);
        assert!(matches!(owner.guard.waiting(now(2000)), Some(Waiting::Start(_))), "it could not be started");
        assert_eq!(owner.guard.waiting(now(3000)), None, "it is about to be");

        let mut silent = Drained::new();
        silent.beat(0, active());
        silent.beat(2000, active());
        assert!(silent.guard.poll_child(now(9000)).is_some(), "its right ran out");
        silent.guard.handle_child_gone();
        assert_eq!(silent.guard.waiting(now(9000)), Some(Waiting::OwnBeat), "it is stopped");
    }

    #[test]
    fn a_drain_ends_with_the_handover_that_asked_for_it() {
        let pending = Phase::Pending { previous: "b".parse().unwrap() };
        for phase in [Phase::Active { previous: None }, pending, releasing(Span::ZERO)] {
            let mut drained = Drained::at_4_s();
            assert_eq!(drained.beat(6000, phase.clone()), None);
            assert_eq!(drained.killed_at(), 7500, "{phase:?}");
        }
    }
}
