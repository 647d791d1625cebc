//! The heart that stands between a cluster and the work.

use crate::{Assessment, BootTime, ClusterId, Detector, Look, Span, Verdict, WatchRule};

/// A detector, and which of its beats count against the claim of the current record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct HeartWatch {
    cluster: ClusterId,
    detector: Detector,
    /// The revision of the last record that was found.
    revision: Option<u64>,
    /// Beats seen when a record was last found.
    beats_at_last_record: u64,
    /// Beats seen when the record before the current revision was last found: more than these were seen while, or
    /// right before, the current one came to be.
    beats_before_revision: u64,
    /// Looks when the current revision was first found, and the good ones among them.
    looks_at_revision: (u64, u64),
}

impl HeartWatch {
    /// `own_beats` is the count of the own heart's detector, where that is who is watched.
    pub(super) fn new(
        cluster: ClusterId,
        revision: Option<u64>,
        rule: WatchRule,
        own_beats: Option<u64>,
    ) -> Self {
        let beats = own_beats.unwrap_or(0);
        Self {
            cluster,
            detector: Detector::new(rule),
            revision,
            beats_at_last_record: beats,
            beats_before_revision: beats,
            looks_at_revision: (0, 0),
        }
    }

    /// Takes that the record was found at this revision.
    pub(super) fn note_record(&mut self, revision: Option<u64>, rule: WatchRule, own_beats: Option<u64>) {
        self.detector.set_rule(rule);
        if self.revision != revision {
            self.revision = revision;
            self.beats_before_revision = self.beats_at_last_record;
            self.looks_at_revision = (self.detector.looks(), self.detector.good_looks());
        }
        self.beats_at_last_record = own_beats.unwrap_or(self.detector.beats());
    }

    pub(super) fn handle_look(&mut self, look: Look) {
        self.detector.handle_look(look);
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
        detector.beats() > self.beats_before_revision && detector.assess(now).verdict == Verdict::Beating
    }

    /// Whether a good look was made under the current revision, and issued at that moment or later.
    pub(super) fn was_looked_at_since(&self, moment: BootTime) -> bool {
        let (_, before) = self.looks_at_revision;
        self.detector.good_looks() > before && self.last_good_look() >= Some(moment)
    }

    /// Whether a look is due: the detector wants one, or the claim can be verified from `verify` on and nobody has
    /// tried yet.
    pub(super) fn is_due(&self, now: BootTime, verify: Option<BootTime>) -> bool {
        let (before, _) = self.looks_at_revision;
        let tried = |due| self.detector.looks() > before && self.detector.last_look_issued() >= Some(due);
        let to_verify = verify.is_some_and(|due| now >= due && !tried(due));
        to_verify || self.wake().is_none_or(|wake| now >= wake)
    }

    pub(super) fn last_good_look(&self) -> Option<BootTime> {
        self.detector.last_good_look()
    }

    /// When the detector wants the next look; `None` before the first.
    pub(super) fn wake(&self) -> Option<BootTime> {
        self.detector.poll_wake()
    }
}
