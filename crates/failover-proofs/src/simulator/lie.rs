//! What an actor is told in a world that breaks a rule: lies at the seam, so that the machines stay as they are.

use failover_policy::{
    ClusterId, Finding, Fingerprint, LeaseTiming, Look, Malformed, Now, RecordFinding, RecordState, Stamp,
    Tick, Witness,
};

use super::clock::Nanos;
use super::machine::{Answer, Errand, Machine};
use super::rule::{Rule, Setting};

/// Stands between an actor and the store.
#[derive(Debug)]
pub(super) struct Liar {
    setting: Setting,
    /// What the actor is configured with.
    own: LeaseTiming,
    /// The heart that was read last before a claim, and what was found.
    heart: Option<(ClusterId, Finding)>,
    /// The last stamp of a heart that was read.
    stamp: Option<(ClusterId, Finding)>,
    /// What the last read of the own stamp found.
    own_stamp: Option<Finding>,
    /// How old the record is to be that follows the read of the own stamp.
    record_of: Option<Nanos>,
}

impl Liar {
    pub(super) fn new(setting: Setting, own: LeaseTiming) -> Self {
        Self { setting, own, heart: None, stamp: None, own_stamp: None, record_of: None }
    }

    /// Notes that the own stamp is about to be read, and that the record was `before`.
    pub(super) fn note_own_read(&mut self, before: Nanos) {
        self.record_of = self.setting.breaks(Rule::StampThenRecord).then_some(before);
    }

    /// The moment that the read of the record that is about to be issued is to show instead of the true one.
    pub(super) fn take_record_of(&mut self) -> Option<Nanos> {
        self.record_of.take()
    }

    /// Tells the actor what came of its errand, or something else.
    pub(super) fn tell(
        &mut self,
        machine: &mut Machine,
        errand: Errand,
        answer: Answer,
        (issued, completed): (Now, Now),
    ) {
        let answer = match (&errand, answer) {
            (Errand::ReadHeart(cluster), Answer::Stamp(finding)) => {
                let finding = self.as_a_stamp(cluster, finding);
                Answer::Stamp(self.heart_of(cluster, finding, machine))
            }
            (_, Answer::Record(RecordFinding::Found(mut record)))
                if self.setting.breaks(Rule::TimingFromTheRecord) =>
            {
                record.timing = self.own;
                Answer::Record(RecordFinding::Found(record))
            }
            (Errand::ReadRecord, Answer::Record(RecordFinding::Found(mut record)))
                if self.setting.breaks(Rule::RefusalsShowLife) =>
            {
                record.reason.clear();
                Answer::Record(RecordFinding::Found(record))
            }
            (Errand::ReadOwn, Answer::Stamp(finding)) => {
                self.repeat_own(machine, finding, issued);
                Answer::Stamp(finding)
            }
            (_, answer) => answer,
        };
        machine.take(errand, answer, issued, completed);
    }

    /// Malformed bytes, as a reader takes them who does not know what a stamp is, or verifies with what it saw before.
    fn as_a_stamp(&mut self, cluster: &ClusterId, finding: Finding) -> Finding {
        match (finding, &self.stamp) {
            (Finding::Stamp(_), _) => self.stamp = Some((cluster.clone(), finding)),
            (Finding::Malformed(_), _) if self.setting.breaks(Rule::PartOfAStampIsNone) => {
                return Finding::Stamp(Stamp::new(Tick::MIN));
            }
            (Finding::Malformed(Malformed::Foreign), _)
                if self.setting.breaks(Rule::AtomicWritesLeaveNoDebris) =>
            {
                let (bytes, witness) = (Fingerprint::of(b""), Witness::Absent);
                return Finding::Malformed(Malformed::Torn { bytes, witness });
            }
            (Finding::Malformed(_), Some((of, stamp)))
                if of == cluster && self.setting.breaks(Rule::BlindClaimsStand) =>
            {
                return *stamp;
            }
            _ => {}
        }
        finding
    }

    /// During its own claim, the actor sees what it saw before.
    fn heart_of(&mut self, cluster: &ClusterId, finding: Finding, machine: &Machine) -> Finding {
        let claims = matches!(machine.record(), Some(RecordState::Found(record))
            if matches!(record.phase, failover_policy::Phase::Pending { .. }));
        match &self.heart {
            Some((before, old)) if claims && self.setting.breaks(Rule::Verify) && before == cluster => *old,
            _ => {
                self.heart = Some((cluster.clone(), finding));
                finding
            }
        }
    }

    /// What was seen last is seen again right before the next read, so that the next beat counts from itself.
    fn repeat_own(&mut self, machine: &mut Machine, finding: Finding, issued: Now) {
        let before = self.own_stamp.replace(finding);
        if let Some(finding) = before.filter(|_| self.setting.breaks(Rule::CountFromBeforeTheBeat)) {
            machine.take_own(Look { issued, completed: issued, finding });
        }
    }
}
