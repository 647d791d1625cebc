//! The gate: waits for its cluster's turn, and takes it when the owner's heart is flat.

mod decision;
mod outcome;
mod rule;
mod schedule;
mod view;
mod watch;

use crate::{
    BootTime, ClusterId, Detector, Lane, Look, MaintenanceFinding, Now, Phase, RecordFinding, RecordLook,
    RecordMemory, RecordState, Span, Step, Swap, SwapOutcome, UnderWay,
};

use super::maintenance::Obedience;
pub use outcome::{Opening, Waiting};
pub use rule::{GateRule, Mode};
use watch::HeartWatch;

/// One gate.
///
/// It reads the record every poll (after its own cluster's stamp, where a guard stands behind it), watches the
/// heart that stands between its cluster and the work, and changes the record only over what it has read. Each of the
/// three is read a poll after it was last asked for, whether the others have answered yet or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Gate {
    rule: GateRule,
    started: Option<BootTime>,
    /// This cluster's own heart, where a guard stands behind the gate.
    own: Option<Detector>,
    /// The last read of this cluster's own stamp.
    own_read: Option<Asked>,
    /// The last read of the record; `None` after a swap that failed, since what was read before it is out of date.
    record_read: Option<Asked>,
    /// Whether the record was the last thing that was heard, and nothing was decided on it yet.
    record_is_news: bool,
    /// Whether nothing was decided yet on what the watched heart's last look showed.
    heart_is_news: bool,
    memory: RecordMemory,
    state: RecordState,
    /// The revision that was last found (`None`: there is none), and when it was first found to be the last.
    stands: Option<(Option<u64>, BootTime)>,
    /// When the record was last found to be absent, if nothing else was found since.
    absent_at: Option<BootTime>,
    heart: Option<HeartWatch>,
    maintenance: Option<(BootTime, MaintenanceFinding)>,
    obedience: Obedience,
    no_swap_before: Option<BootTime>,
}

/// A read that was answered, or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    issued: BootTime,
    answered: BootTime,
}

impl Gate {
    /// A gate that has read nothing yet.
    pub fn new(rule: GateRule) -> Self {
        let own = rule.guarded.then(|| Detector::new(rule.watch));
        Self {
            rule,
            started: None,
            own,
            own_read: None,
            record_read: None,
            record_is_news: false,
            heart_is_news: false,
            memory: RecordMemory::default(),
            state: RecordState::NotRead,
            stands: None,
            absent_at: None,
            heart: None,
            maintenance: None,
            obedience: Obedience::default(),
            no_swap_before: None,
        }
    }

    /// Takes that an answer can be so old on this place: a mount came, or was mounted anew. That only grows. Every wait that
    /// goes on is the longer one from now on; what was done before rested on what was known then.
    pub fn allow_for_caches(&mut self, cache_age: Span) {
        self.rule.cache_age = self.rule.cache_age.max(cache_age);
    }

    /// What to do next, while that is under way.
    pub fn poll_step(&mut self, now: Now, under_way: UnderWay) -> Step {
        self.started.get_or_insert(now.boot);
        let decision = self.decide(now);
        if let Some(step) = self.act(&decision, now.boot, under_way) {
            return step;
        }
        let free = |lane| !under_way.has(lane);
        if free(Lane::Own) && self.own_is_due(now.boot) {
            return Step::ReadOwn;
        }
        if free(Lane::Record) && self.record_is_due(now.boot) {
            return Step::ReadRecord;
        }
        if let Some(cluster) = self.heart_due(now.boot).filter(|_| free(Lane::Heart)) {
            return Step::ReadHeart(cluster);
        }
        if free(Lane::Maintenance) && self.wants_maintenance(&decision, now.boot) {
            return Step::ReadMaintenance;
        }
        (self.record_is_news, self.heart_is_news) = (false, false);
        Step::Sleep(self.wake(&decision, now.boot, under_way))
    }

    /// Takes a read of this cluster's own stamp.
    pub fn handle_own(&mut self, look: Look) {
        self.own_read = Some(Asked { issued: look.issued.boot, answered: look.completed.boot });
        self.record_is_news = false;
        let Some(own) = &mut self.own else { return };
        let beats = own.beats();
        own.handle_look(look);
        let is_watched = |heart: &&mut HeartWatch| *heart.cluster() == self.rule.this;
        if own.beats() > beats
            && let Some(heart) = self.heart.as_mut().filter(is_watched)
        {
            heart.note_beat();
        }
    }

    /// Takes a read of the record; says what it came to.
    pub fn handle_record(&mut self, look: RecordLook) -> &RecordState {
        let completed = look.completed.boot;
        self.record_read = Some(Asked { issued: look.issued.boot, answered: completed });
        self.record_is_news = true;
        self.state = self.memory.take(look, self.rule.cache_age);
        let found = match &self.state {
            RecordState::Found(record) => Some(Some(record.revision)),
            RecordState::Absent => Some(None),
            RecordState::NotRead
            | RecordState::Unreadable
            | RecordState::Lost(_)
            | RecordState::Unusable(_) => None,
        };
        if let Some(found) = found {
            self.note_standing(found, completed);
            self.watch_whoever_matters(completed);
        }
        &self.state
    }

    /// A revision that is found again has stood all the while, whoever looked. Absence must be watched: in between a
    /// record may have come, let somebody run, and vanished.
    fn note_standing(&mut self, found: Option<u64>, completed: BootTime) {
        let watched = self.absent_at.is_some_and(|last| completed.since(last) <= self.rule.watch.gap);
        self.absent_at = found.is_none().then_some(completed);
        let same = self.stands.is_some_and(|(revision, _)| revision == found);
        if !same || (found.is_none() && !watched) {
            self.stands = Some((found, completed));
        }
    }

    /// Takes a read of the watched heart's stamp.
    pub fn handle_heart(&mut self, cluster: &ClusterId, look: Look) {
        if let Some(heart) = self.heart.as_mut().filter(|heart| heart.cluster() == cluster) {
            heart.handle_look(look);
            self.heart_is_news = true;
        }
    }

    /// Takes a read of the maintenance record that was issued then.
    pub fn handle_maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        self.maintenance = Some((issued, self.obedience.take(finding, issued)));
    }

    /// Takes what came of a swap. A won one shows the record; after any other it is read again, and the next try
    /// has to wait for a poll.
    pub fn handle_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: Now, completed: Now) {
        if outcome == SwapOutcome::Won {
            let finding = RecordFinding::Found(Box::new(swap.record));
            self.handle_record(RecordLook { issued, completed, finding });
            return;
        }
        self.record_read = None;
        self.no_swap_before = Some(completed.boot.after(self.rule.watch.poll.get()));
    }

    /// Turns to the heart that the record makes the one that matters, and keeps what was seen of it if it is the
    /// same as before.
    fn watch_whoever_matters(&mut self, found: BootTime) {
        let Some(target) = self.target() else {
            self.heart = None;
            return;
        };
        let record = self.state.record();
        let promised = record.map_or(self.rule.lease, |record| record.timing);
        let rule = self.rule.watch.at_least(promised.watch);
        match &mut self.heart {
            Some(heart) if *heart.cluster() == target => heart.note_record(record, found, rule),
            heart => *heart = Some(HeartWatch::new(target, record, rule)),
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
}
