//! The heart that stands between a cluster and the work.

use crate::{Assessment, BootTime, ClusterId, Detector, Finding, Look, Span, Verdict, WatchRule};

/// A detector, and which of its beats count against the claim of the current record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct HeartWatch {
    cluster: ClusterId,
    detector: Detector,
    /// The revision of the last record that was found.
    revision: Option<u64>,
    /// Whether it beat since a record was last found.
    beat_since_record: bool,
    /// Whether it beat since the record before the current revision was last found: while, or right before, the
    /// current one came to be.
    beat_since_revision: bool,
    /// The best look since the current revision was first found.
    looked_since_revision: Looked,
    /// When the last look was issued that would have shown a beat.
    telling_look: Option<BootTime>,
    /// When a look last brought a stamp.
    stamp_read_at: Option<BootTime>,
}

/// How a heart was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Looked {
    NotYet,
    InVain,
    Well,
}

impl HeartWatch {
    pub(super) fn new(cluster: ClusterId, revision: Option<u64>, rule: WatchRule) -> Self {
        Self {
            cluster,
            detector: Detector::new(rule),
            revision,
            beat_since_record: false,
            beat_since_revision: false,
            looked_since_revision: Looked::NotYet,
            telling_look: None,
            stamp_read_at: None,
        }
    }

    /// Takes that the record was found at this revision.
    pub(super) fn note_record(&mut self, revision: Option<u64>, rule: WatchRule) {
        self.detector.set_rule(rule);
        if self.revision != revision {
            self.revision = revision;
            self.beat_since_revision = self.beat_since_record;
            self.looked_since_revision = Looked::NotYet;
        }
        self.beat_since_record = false;
    }

    pub(super) fn handle_look(&mut self, look: Look) {
        let (beats, good_looks) = (self.detector.beats(), self.detector.good_looks());
        self.detector.handle_look(look);
        let well = self.detector.good_looks() > good_looks && !self.may_hide_a_beat(look);
        if well {
            self.telling_look = Some(look.issued.boot);
        }
        if let Finding::Stamp(_) = look.finding {
            self.stamp_read_at = Some(look.completed.boot);
        }
        let looked = if well { Looked::Well } else { Looked::InVain };
        self.looked_since_revision = self.looked_since_revision.max(looked);
        if self.detector.beats() > beats {
            self.note_beat();
        }
    }

    /// Whether a beat may have come and gone, unseen here but not by its own guard, before these bytes were left in its
    /// place. Bytes that have been malformed for a whole watch are what a dead writer left.
    fn may_hide_a_beat(&self, look: Look) -> bool {
        let since_stamp = self.stamp_read_at.map(|read| look.issued.boot.since(read));
        look.finding == Finding::Malformed && since_stamp.is_some_and(|since| since < self.confirm().get())
    }

    /// Takes that this heart beat; said from outside where the own heart's detector watches it.
    pub(super) fn note_beat(&mut self) {
        self.beat_since_record = true;
        self.beat_since_revision = true;
    }

    pub(super) fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// The silence that has to be confirmed before the wall clock may have a say.
    pub(super) fn confirm(&self) -> Span {
        self.detector.rule().confirm
    }

    pub(super) fn assess(&self, now: BootTime) -> Assessment {
        self.detector.assess(now)
    }

    /// Whether this heart, which may be judged by the own heart's detector, beat since the current revision came
    /// to be.
    pub(super) fn beat_since_revision(&self, now: BootTime, own: Option<&Detector>) -> bool {
        let detector = own.unwrap_or(&self.detector);
        self.beat_since_revision && detector.assess(now).verdict == Verdict::Beating
    }

    /// Whether a look was made under the current revision, and issued at that moment or later, that would have shown a
    /// beat.
    pub(super) fn was_looked_at_since(&self, moment: BootTime) -> bool {
        self.looked_since_revision == Looked::Well && self.telling_look >= Some(moment)
    }

    /// Whether a look is due: the detector wants one, or the claim can be verified from `verify` on and nobody has
    /// tried yet.
    pub(super) fn is_due(&self, now: BootTime, verify: Option<BootTime>) -> bool {
        let tried = |due| self.looked_since_revision > Looked::NotYet && self.last_look_issued() >= Some(due);
        let to_verify = verify.is_some_and(|due| now >= due && !tried(due));
        to_verify || self.wake().is_none_or(|wake| now >= wake)
    }

    pub(super) fn last_look_issued(&self) -> Option<BootTime> {
        self.detector.last_look_issued()
    }

    pub(super) fn last_good_look(&self) -> Option<BootTime> {
        self.detector.last_good_look()
    }

    /// When the detector wants the next look; `None` before the first.
    pub(super) fn wake(&self) -> Option<BootTime> {
        self.detector.poll_wake()
    }
}
