//! The gate: waits for its cluster's turn, and takes it when the owner's heart is flat.

mod decision;
mod watch;

use crate::{
    Assessment, BootTime, ClusterId, Detector, LeaseTiming, Letter, Look, MaintenanceFinding, Now,
    OwnershipRecord, Phase, Purpose, RecordFinding, RecordLook, RecordMemory, RecordState, Span, Step, Swap,
    SwapOutcome, WatchRule,
};

use decision::Decision;
use watch::HeartWatch;

/// Who may pass a gate that cannot read the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The primary, loudly, after the store grace.
    Prefer,
    /// Nobody.
    Strict,
}

/// What a gate is configured with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GateRule {
    /// The cluster that this gate stands in.
    pub this: ClusterId,
    /// The cluster that owns the work while there is no record.
    pub primary: ClusterId,
    /// Names this process, unlike any other.
    pub by: String,
    /// Who may pass without the record.
    pub mode: Mode,
    /// Whether a guard stands behind this gate: it never opens by itself, needs beats of its own cluster, and
    /// writes the first record.
    pub guarded: bool,
    /// When a watched heart is flat; the record may ask for more.
    pub watch: WatchRule,
    /// What this gate writes into the record when it makes its cluster the owner.
    pub lease: LeaseTiming,
    /// `c`: how old the answer of a read can be on this place.
    pub cache_age: Span,
    /// How long after a heart is flat this candidate claims: orders several.
    pub takeover_delay: Span,
    /// How long a primary keeps trying to read the record before it goes without.
    pub store_grace: Span,
}

/// Why the gate opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Opening {
    /// By this record this cluster owns the work.
    Owner(Box<OwnershipRecord>),
    /// There is no record, and this is the primary.
    NoRecord,
    /// The record could not be read for the whole store grace, and this is the primary.
    StoreGrace,
}

/// What a closed gate waits for, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// For the record to be read.
    Record,
    /// For the record to be read, before the primary goes without it at that moment.
    StoreGrace(BootTime),
    /// For somebody to mend a lost record.
    Lost,
    /// For somebody to mend a record that this version cannot use.
    Unusable,
    /// For the first record to be written at that moment: one that vanished could belong to a running guard.
    FirstRecord(BootTime),
    /// For a heart to be flat.
    Heart(ClusterId),
    /// For the takeover delay to pass.
    TakeoverDelay(BootTime),
    /// For this cluster's own heart to beat.
    OwnBeat,
    /// For maintenance to end.
    Maintenance,
    /// For the claim of this cluster to be verified.
    Verify(BootTime),
    /// For the claim of another process or cluster to be decided, at that moment by us.
    Claim(ClusterId, BootTime),
    /// For the owner to have stopped, at that moment for certain.
    Release(BootTime),
    /// For a successor to take over or to fall silent.
    Successor(ClusterId),
    /// For the next try after a swap that failed.
    Retry(BootTime),
    /// For nothing: this cluster owns the work.
    Nothing,
}

/// One gate.
///
/// It reads the record every poll (after its own cluster's stamp, where a guard stands behind it), watches the
/// heart that stands between its cluster and the work, and changes the record only over what it has read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gate {
    rule: GateRule,
    started: Option<BootTime>,
    /// This cluster's own heart, where a guard stands behind the gate.
    own: Option<Detector>,
    own_issued: Option<BootTime>,
    record_issued: Option<BootTime>,
    memory: RecordMemory,
    state: RecordState,
    /// The revision that was last found (`None`: there is none), and when it was first found to be the last.
    stands: Option<(Option<u64>, BootTime)>,
    heart: Option<HeartWatch>,
    maintenance: Option<(BootTime, MaintenanceFinding)>,
    no_swap_before: Option<BootTime>,
}

impl Gate {
    /// A gate that has read nothing yet.
    pub fn new(rule: GateRule) -> Self {
        let own = rule.guarded.then(|| Detector::new(rule.watch));
        Self {
            rule,
            started: None,
            own,
            own_issued: None,
            record_issued: None,
            memory: RecordMemory::default(),
            state: RecordState::NotRead,
            stands: None,
            heart: None,
            maintenance: None,
            no_swap_before: None,
        }
    }

    /// What to do next.
    pub fn poll_step(&mut self, now: Now) -> Step {
        self.started.get_or_insert(now.boot);
        if self.own.is_some() && is_due(self.own_issued, self.rule.watch.poll, now.boot) {
            return Step::ReadOwn;
        }
        if self.record_is_due(now.boot) {
            return Step::ReadRecord;
        }
        if let Some(cluster) = self.heart_due(now.boot) {
            return Step::ReadHeart(cluster);
        }
        let decision = self.decide(now);
        if self.wants_maintenance(&decision, now.boot) {
            return Step::ReadMaintenance;
        }
        match decision {
            Decision::Open(opening) => Step::Open(opening),
            Decision::Swap { swap, .. } if self.no_swap_before.is_none_or(|before| now.boot >= before) => {
                Step::Swap(swap)
            }
            Decision::Swap { .. } | Decision::Wait(_) => Step::Sleep(self.wake(&decision, now.boot)),
        }
    }

    /// Takes a read of this cluster's own stamp.
    pub fn handle_own(&mut self, look: Look) {
        self.own_issued = Some(look.issued.boot);
        if let Some(own) = &mut self.own {
            own.handle_look(look);
        }
    }

    /// Takes a read of the record; says what it came to.
    pub fn handle_record(&mut self, look: RecordLook) -> &RecordState {
        self.record_issued = Some(look.issued);
        let completed = look.completed;
        self.state = self.memory.take(look, self.rule.cache_age);
        let found = match &self.state {
            RecordState::Found(record) => Some(Some(record.revision)),
            RecordState::Absent => Some(None),
            _ => None,
        };
        if let Some(found) = found {
            if self.stands.is_none_or(|(revision, _)| revision != found) {
                self.stands = Some((found, completed));
            }
            self.watch_whoever_matters();
        }
        &self.state
    }

    /// Takes a read of the watched heart's stamp.
    pub fn handle_heart(&mut self, cluster: &ClusterId, look: Look) {
        if let Some(heart) = self.heart.as_mut().filter(|heart| heart.cluster() == cluster) {
            heart.handle_look(look);
        }
    }

    /// Takes a read of the maintenance record that was issued then.
    pub fn handle_maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        self.maintenance = Some((issued, finding));
    }

    /// Takes what came of a swap. A won one shows the record; after any other it is read again, and the next try
    /// has to wait for a poll.
    pub fn handle_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: BootTime, completed: BootTime) {
        if outcome == SwapOutcome::Won {
            let finding = RecordFinding::Found(Box::new(swap.record));
            self.handle_record(RecordLook { issued, completed, finding });
            return;
        }
        self.record_issued = None;
        self.no_swap_before = Some(completed.after(self.rule.watch.poll.get()));
    }

    /// The swap by which this gate's cluster becomes the owner at once, on an operator's word; `None` where the
    /// record cannot be used: that takes the command line's `activate`.
    pub fn activation(&self, now: Now) -> Option<Swap> {
        let current = match &self.state {
            RecordState::Found(record) => record.as_ref().clone(),
            RecordState::Absent => OwnershipRecord::implied(&self.rule.primary, self.rule.lease, now.wall),
            _ => return None,
        };
        let over = current.stored_revision();
        let sign = (self.rule.by.as_str(), now.wall);
        let record = OwnershipRecord::activated(
            Some(&current),
            &self.rule.this,
            self.rule.lease,
            crate::Floor::default(),
            sign,
        );
        Some(Swap { over, record, purpose: Purpose::Activate })
    }

    /// The configuration.
    pub fn rule(&self) -> &GateRule {
        &self.rule
    }

    /// What the last look at the record came to.
    pub fn record(&self) -> &RecordState {
        &self.state
    }

    /// The heart that stands between this cluster and the work, and what is known of it.
    pub fn heart(&self, now: BootTime) -> Option<(&ClusterId, Assessment)> {
        let heart = self.heart.as_ref()?;
        if let Some(own) = self.own.as_ref().filter(|_| *heart.cluster() == self.rule.this) {
            return Some((heart.cluster(), own.assess(now)));
        }
        Some((heart.cluster(), heart.assess(now)))
    }

    /// What is known of this cluster's own heart; `None` without a guard.
    pub fn own_heart(&self, now: BootTime) -> Option<Assessment> {
        self.own.as_ref().map(|own| own.assess(now))
    }

    /// The last reading of the maintenance record, where one was needed.
    pub fn maintenance(&self) -> Option<&MaintenanceFinding> {
        self.maintenance.as_ref().map(|(_, finding)| finding)
    }

    /// What this gate waits for; `None` while it is about to act.
    pub fn waiting(&self, now: Now) -> Option<Waiting> {
        match self.decide(now) {
            Decision::Wait(waiting) => Some(waiting),
            Decision::Open(_) => None,
            Decision::Swap { .. } => {
                self.no_swap_before.filter(|before| *before > now.boot).map(Waiting::Retry)
            }
        }
    }

    /// The classic letter of this gate's cluster.
    pub fn letter(&self) -> Letter {
        match self.state.record() {
            Some(record)
                if record.owner == self.rule.this && !matches!(record.phase, Phase::Pending { .. }) =>
            {
                Letter::Owned
            }
            Some(record) if record.refused() == Some(&self.rule.this) => Letter::Refused,
            _ => Letter::Standby,
        }
    }

    /// Under a guard each look at the own stamp is followed by one at the record, never the other way round.
    fn record_is_due(&self, now: BootTime) -> bool {
        match (self.own_issued, self.record_issued) {
            (_, None) => true,
            (Some(own), Some(record)) => own > record,
            (None, Some(_)) => is_due(self.record_issued, self.rule.watch.poll, now),
        }
    }

    fn heart_due(&self, now: BootTime) -> Option<ClusterId> {
        let heart = self.heart.as_ref()?;
        let read_as_own = self.rule.guarded && *heart.cluster() == self.rule.this;
        let due = !read_as_own && heart.is_due(now, self.verify_due());
        due.then(|| heart.cluster().clone())
    }

    /// When the read that verifies a pending claim of this cluster may be issued at the earliest.
    fn verify_due(&self) -> Option<BootTime> {
        let record = self.state.record()?;
        let (_, since) = self.stands?;
        let pending = record.owner == self.rule.this && matches!(record.phase, Phase::Pending { .. });
        pending.then(|| since.after(2 * self.rule.cache_age.get()))
    }

    /// Turns to the heart that the record makes the one that matters, and keeps what was seen of it if it is the
    /// same as before.
    fn watch_whoever_matters(&mut self) {
        let Some(target) = self.target() else {
            self.heart = None;
            return;
        };
        let record = self.state.record();
        let rule = record.map_or(self.rule.watch, |record| self.rule.watch.at_least(record.timing.watch));
        let own_beats = self.own.as_ref().map(Detector::beats);
        let own_beats = own_beats.filter(|_| target == self.rule.this);
        let revision = self.stands.and_then(|(revision, _)| revision);
        match &mut self.heart {
            Some(heart) if *heart.cluster() == target => heart.note_record(revision, rule, own_beats),
            heart => *heart = Some(HeartWatch::new(target, revision, rule, own_beats)),
        }
    }

    /// Whose heart stands between this cluster and the work.
    fn target(&self) -> Option<ClusterId> {
        let this = &self.rule.this;
        let other = |cluster: &ClusterId| (cluster != this).then(|| cluster.clone());
        let Some(record) = self.state.record() else { return other(&self.rule.primary) };
        match &record.phase {
            Phase::Active { .. } => {
                // An owner under guard watches itself, to contest a claim as soon as one shows.
                if self.rule.guarded { Some(record.owner.clone()) } else { other(&record.owner) }
            }
            Phase::Pending { previous } => Some(previous.clone()),
            Phase::Releasing { successor, .. } if record.owner == *this => Some(successor.clone()),
            Phase::Releasing { successor, .. } if successor == this => None,
            Phase::Releasing { .. } => Some(record.owner.clone()),
        }
    }

    /// Whether the maintenance record has to be read now: before a takeover, and a little ahead of one, so that
    /// the takeover need not wait for the answer. It must be a reading of after this revision was first seen,
    /// since switching maintenance on bumps the revision.
    fn wants_maintenance(&self, decision: &Decision, now: BootTime) -> bool {
        let imminent = match decision {
            Decision::Swap { for_takeover, .. } => *for_takeover,
            Decision::Wait(Waiting::Heart(_)) => self.takeover_is_near(now),
            Decision::Wait(_) | Decision::Open(_) => false,
        };
        imminent && !self.maintenance_is_known(now)
    }

    fn takeover_is_near(&self, now: BootTime) -> bool {
        let Some((cluster, assessment)) = self.heart(now) else { return false };
        let ahead = 2 * self.rule.watch.poll.get();
        let near = |silence: std::time::Duration| silence + ahead >= self.rule.watch.confirm.get();
        *cluster != self.rule.this && assessment.evidence.silence.is_some_and(near)
    }

    fn maintenance_is_known(&self, now: BootTime) -> bool {
        let Some((issued, finding)) = &self.maintenance else { return false };
        let lasts = if finding.allows_takeover() { self.rule.watch.confirm } else { self.rule.watch.poll };
        let newer_than_record = self.stands.is_some_and(|(_, since)| *issued >= since);
        newer_than_record && now.since(*issued) < lasts.get()
    }

    fn takeover_is_allowed(&self) -> bool {
        self.maintenance().is_some_and(MaintenanceFinding::allows_takeover)
    }

    fn wake(&self, decision: &Decision, now: BootTime) -> BootTime {
        let poll = self.rule.watch.poll.get();
        let next = |issued: Option<BootTime>| issued.map(|issued| issued.after(poll));
        let record = if self.own.is_some() { None } else { next(self.record_issued) };
        let maintenance = self.maintenance.as_ref().map(|(issued, _)| issued.after(poll));
        let awaited = match decision {
            Decision::Wait(waiting) => waiting.until(),
            Decision::Swap { .. } | Decision::Open(_) => self.no_swap_before,
        };
        let wakes = [
            next(self.own_issued),
            record,
            self.heart.as_ref().filter(|_| self.heart_due_is_ours()).and_then(HeartWatch::wake),
            maintenance.filter(|_| matches!(decision, Decision::Wait(Waiting::Maintenance))),
            awaited,
        ];
        let wake = wakes.into_iter().flatten().filter(|wake| *wake > now).min();
        wake.unwrap_or_else(|| now.after(poll))
    }

    fn heart_due_is_ours(&self) -> bool {
        let watched = self.heart.as_ref().map(HeartWatch::cluster);
        !(self.rule.guarded && watched == Some(&self.rule.this))
    }
}

impl Opening {
    /// The term under which the workload goes; `None` where the record could not be read.
    pub fn term(&self) -> Option<u64> {
        match self {
            Self::Owner(record) => Some(record.term),
            Self::NoRecord => Some(OwnershipRecord::FIRST_TERM),
            Self::StoreGrace => None,
        }
    }
}

fn is_due(issued: Option<BootTime>, poll: Span, now: BootTime) -> bool {
    issued.is_none_or(|issued| now >= issued.after(poll.get()))
}
