//! What a gate shows: for logs, metrics and whoever looks at `/state`.

use super::decision::Decision;
use super::{Gate, GateRule, Waiting};
use crate::{
    Assessment, BootTime, ClusterId, Exhausted, Floor, Letter, MaintenanceFinding, Now, OwnershipRecord,
    Purpose, RecordState, Swap, Verdict,
};

impl Gate {
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

    /// The classic letter of this gate's cluster; `None` where nobody can tell who owns the work.
    pub fn letter(&self) -> Option<Letter> {
        // Whoever is asked runs, so it is not dead.
        Letter::by(&self.state, &self.rule.this, &self.rule.primary, Verdict::Beating)
    }

    /// The swap by which this gate's cluster becomes the owner at once, on an operator's word, under its own timing:
    /// an activation waives that guards elsewhere may still hold by the recorded one. `None` where the record cannot
    /// be used: that takes the command line's `activate`.
    pub fn activation(&self, now: Now) -> Option<Result<Swap, Exhausted>> {
        let current = match &self.state {
            RecordState::Found(record) => record.as_ref().clone(),
            RecordState::Absent => OwnershipRecord::implied(&self.rule.primary, self.rule.lease, now.wall),
            _ => return None,
        };
        let over = current.stored_revision();
        let sign = (self.rule.by.as_str(), now.wall);
        let (this, lease) = (&self.rule.this, self.rule.lease);
        let record = OwnershipRecord::activated(Some(&current), this, lease, Floor::default(), sign);
        let primary = Some(self.rule.primary.clone());
        Some(record.map(|record| Swap {
            over,
            record: OwnershipRecord { primary, ..record },
            purpose: Purpose::Activate,
        }))
    }
}
