//! The guard's right to run: what one beat of one's own cluster is worth, and for how long.

use std::time::Duration;

use crate::seen::SeenStamps;
use crate::{BootTime, ClusterId, Finding, LeaseTiming, Look, RecordState};

/// What a guard does when the store cannot be read or the record is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnStoreLoss {
    /// The right runs out: a pause rather than two workloads.
    #[default]
    Stop,
    /// It goes on: two workloads rather than a pause.
    Keep,
}

/// The right of this cluster's workload to run.
///
/// It is extended by a beat of this cluster's own heart and a look at the record, *issued after* the read that
/// showed the beat, that finds this cluster the active owner. It then lasts [`LeaseTiming::hold`] from the issue
/// of the last read that did *not* yet show the beat: from before the beat was written, so that no claimant can
/// have started its watch earlier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Right {
    this: ClusterId,
    own: LeaseTiming,
    on_store_loss: OnStoreLoss,
    seen: SeenStamps,
    /// When the last read was issued that brought a stamp: the next beat was not written yet.
    not_yet_seen: Option<BootTime>,
    /// A beat that no record has confirmed yet.
    beat: Option<Beat>,
    lease: Option<Lease>,
}

/// A beat of one's own heart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Beat {
    /// A moment from before it was written.
    not_before: BootTime,
    /// When it was seen: a record read that was issued earlier does not count.
    seen_at: BootTime,
}

/// A confirmed right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lease {
    term: u64,
    until: BootTime,
    /// How far a look that failed pushes the deadline where store loss is to be survived.
    hold: Duration,
}

impl Right {
    /// No right yet. `own` is what this guard promises.
    pub fn new(this: ClusterId, own: LeaseTiming, on_store_loss: OnStoreLoss) -> Self {
        let seen = SeenStamps::default();
        Self { this, own, on_store_loss, seen, not_yet_seen: None, beat: None, lease: None }
    }

    /// Takes a read of this cluster's own stamp. Reads that brought no stamp show nothing.
    pub fn handle_own(&mut self, look: Look) {
        let Finding::Stamp(stamp) = look.finding else {
            self.survive_store_loss(look.finding == Finding::Unreadable, look.completed.boot);
            return;
        };
        let not_before = self.not_yet_seen.replace(look.issued.boot);
        if self.seen.is_beat(stamp)
            && let Some(not_before) = not_before
        {
            self.beat = Some(Beat { not_before, seen_at: look.completed.boot });
        }
    }

    /// Takes what a look at the record, made between these two moments, came to.
    pub fn handle_record(&mut self, state: &RecordState, issued: BootTime, completed: BootTime) {
        match state {
            RecordState::Found(record) if record.lets_run(&self.this) => {
                let timing = self.own.under(record.timing);
                self.extend(record.term, timing, issued);
            }
            // A claim is no change of owner yet: nothing extends the right, and it lasts as long as it did.
            RecordState::Found(record) if record.is_claim_against(&self.this) => {
                self.drop_unless(record.term);
            }
            RecordState::Found(_) | RecordState::Absent => self.lease = None,
            RecordState::Unreadable | RecordState::Lost(_) => self.survive_store_loss(true, completed),
            RecordState::Unusable(_) | RecordState::NotRead => {}
        }
    }

    /// The term under which this cluster's workload may run at `now`, and until when.
    pub fn held(&self, now: BootTime) -> Option<(u64, BootTime)> {
        self.lease.filter(|lease| now < lease.until).map(|lease| (lease.term, lease.until))
    }

    /// When the right that was last confirmed runs out, or ran out; `None` where there is none, or it was taken
    /// away.
    pub fn deadline(&self) -> Option<BootTime> {
        self.lease.map(|lease| lease.until)
    }

    /// Whether a beat was seen since the record last said that this cluster may run.
    pub fn has_unconfirmed_beat(&self) -> bool {
        self.beat.is_some()
    }

    fn extend(&mut self, term: u64, timing: LeaseTiming, issued: BootTime) {
        self.drop_unless(term);
        let Some(beat) = self.beat.take_if(|beat| beat.seen_at <= issued) else { return };
        let hold = timing.hold_time();
        let confirmed = beat.not_before.after(hold);
        let until = match (self.on_store_loss, self.lease) {
            // The first beat after an outage counts from before the outage, which was to be survived.
            (OnStoreLoss::Keep, Some(lease)) => confirmed.max(lease.until),
            _ => confirmed,
        };
        self.lease = Some(Lease { term, until, hold });
    }

    /// Another term is another right: the old one is gone, whatever time it had left.
    fn drop_unless(&mut self, term: u64) {
        self.lease = self.lease.filter(|lease| lease.term == term);
    }

    /// Pushes the deadline of a right that is still held, where the store failed and that is to be survived.
    fn survive_store_loss(&mut self, failed: bool, now: BootTime) {
        if !failed || self.on_store_loss == OnStoreLoss::Stop {
            return;
        }
        if let Some(lease) = self.lease.as_mut().filter(|lease| now < lease.until) {
            lease.until = lease.until.max(now.after(lease.hold));
        }
    }
}
