//! The heart that stands between a cluster and the work.

use crate::{
    Assessment, BootTime, ClusterId, Detector, Finding, Look, OwnershipRecord, Phase, Span, Tick, Verdict,
    WatchRule,
};

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
    /// When the last look was issued that brought a stamp.
    telling_look: Option<BootTime>,
    /// Which writing of the record was found last: an operator's bump is none.
    written: Option<Writing>,
}

/// How a heart was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Looked {
    NotYet,
    InVain,
    /// What was found says something about the heart, and is no stamp: a beat may have come, and be hidden.
    Blindly,
    Well,
}

impl HeartWatch {
    pub(super) fn new(cluster: ClusterId, record: Option<&OwnershipRecord>, rule: WatchRule) -> Self {
        Self {
            cluster,
            detector: Detector::new(rule),
            revision: record.map(|record| record.revision),
            beat_since_record: false,
            beat_since_revision: false,
            looked_since_revision: Looked::NotYet,
            telling_look: None,
            written: record.map(Writing::of),
        }
    }

    /// Takes the record that was found at that moment, or that there is none. One that shows this heart alive is a proof
    /// of life like a beat: whoever refuses a claim is not claimed from again before a whole new watch.
    pub(super) fn note_record(&mut self, record: Option<&OwnershipRecord>, found: BootTime, rule: WatchRule) {
        self.detector.set_rule(rule);
        let revision = record.map(|record| record.revision);
        if self.revision != revision {
            self.revision = revision;
            self.beat_since_revision = self.beat_since_record;
            self.looked_since_revision = Looked::NotYet;
        }
        self.beat_since_record = false;
        let written = record.map(Writing::of);
        let shows_life = record.and_then(OwnershipRecord::life_sign) == Some(&self.cluster);
        if self.written != written && shows_life {
            self.detector.handle_life_sign(found);
        }
        self.written = written;
    }

    pub(super) fn handle_look(&mut self, look: Look) {
        let (beats, good_looks) = (self.detector.beats(), self.detector.good_looks());
        self.detector.handle_look(look);
        let is_stamp = matches!(look.finding, Finding::Stamp(_));
        let looked = match (self.detector.good_looks() > good_looks, is_stamp) {
            (true, true) => Looked::Well,
            (true, false) => Looked::Blindly,
            (false, _) => Looked::InVain,
        };
        if looked == Looked::Well {
            self.telling_look = Some(look.issued.boot);
        }
        self.looked_since_revision = self.looked_since_revision.max(looked);
        if self.detector.beats() > beats {
            self.note_beat();
        }
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

    /// Whether a look verifies the claim of the current revision: one that brought a stamp and was issued at `sighted`
    /// or later, or one without that was issued at `blind` or later.
    pub(super) fn verifies(&self, sighted: BootTime, blind: BootTime) -> bool {
        let well = self.looked_since_revision == Looked::Well && self.telling_look >= Some(sighted);
        let blindly = self.looked_since_revision >= Looked::Blindly && self.last_good_look() >= Some(blind);
        well || blindly
    }

    /// Whether no look under the current revision has brought a stamp, although there was something to be seen.
    pub(super) fn is_looked_at_blindly(&self) -> bool {
        self.looked_since_revision == Looked::Blindly
    }

    /// Whether the last look that says something brought no stamp, whatever the record was then.
    pub(super) fn saw_no_stamp(&self) -> bool {
        self.last_good_look() > self.telling_look
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

/// What tells one writing of the record from another, whatever revision an operator's bump has given it since.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Writing {
    term: u64,
    since: Tick,
    owner: ClusterId,
    phase: Phase,
}

impl Writing {
    fn of(record: &OwnershipRecord) -> Self {
        let OwnershipRecord { term, since, owner, phase, .. } = record;
        Self { term: *term, since: *since, owner: owner.clone(), phase: phase.clone() }
    }
}
