//! The record: who owns the work, and every change that it can go through.

use crate::{ClusterId, LeaseTiming, Span, Tick};

/// The ownership record. Every change is the next revision, by compare-and-swap over the one that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnershipRecord {
    /// Counts changes of the record; the highest counts.
    pub revision: u64,
    /// Counts changes of owner: the fencing token. It grows when a cluster gets to own the work, not when it
    /// claims it.
    pub term: u64,
    /// The cluster that owns the work, or claims it while the phase is pending.
    pub owner: ClusterId,
    /// How far the change of owner is.
    pub phase: Phase,
    /// What claimants and guards rely on under this record.
    pub timing: LeaseTiming,
    /// When this revision was written, by the writer's wall clock. For people.
    pub since: Tick,
    /// The process that wrote this revision, unlike any other process.
    pub by: String,
    /// Why, for people.
    pub reason: String,
}

/// How far a change of owner is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The owner may run.
    Active {
        /// The owner before; where a claim was given back or contested, the claimant that was refused.
        previous: Option<ClusterId>,
    },
    /// Nobody may extend a right to run: the owner claims the work and verifies that `previous` is silent.
    Pending {
        /// The last cluster that may have run.
        previous: ClusterId,
    },
    /// The owner stops its workload so that the successor can start.
    Releasing {
        /// The cluster that is to own the work.
        successor: ClusterId,
        /// How long the workload may finish in peace.
        drain: Span,
    },
}

impl Phase {
    /// The phase in one word, as the stored record spells it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active",
            Self::Pending { .. } => "pending",
            Self::Releasing { .. } => "releasing",
        }
    }
}

/// The least counters that an activation writes. A record that was lost may have had higher ones than what is there
/// now, and whoever read it would take anything lower for a restored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floor {
    /// The least revision.
    pub revision: u64,
    /// The least term.
    pub term: u64,
}

/// Who changes the record, and when by its wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature<'s> {
    pub(crate) by: &'s str,
    pub(crate) since: Tick,
}

impl OwnershipRecord {
    /// The term that the primary has while there is no record, and in the first one.
    pub const FIRST_TERM: u64 = 1;
    /// The reason of a claim that its own cluster gave back.
    pub(crate) const GIVEN_BACK: &'static str = "claim given back: the heart beats";
    /// The reason of a claim that the cluster it was made against took back.
    pub(crate) const CONTESTED: &'static str = "claim contested: the heart beats";

    /// Whether this cluster may run by this record.
    pub fn lets_run(&self, cluster: &ClusterId) -> bool {
        self.owner == *cluster && matches!(self.phase, Phase::Active { .. })
    }

    /// Whether somebody claims the work of this cluster.
    pub fn is_claim_against(&self, cluster: &ClusterId) -> bool {
        matches!(&self.phase, Phase::Pending { previous } if previous == cluster)
    }

    /// The cluster whose claim was refused by this record, where it is the record of a refusal.
    pub fn refused(&self) -> Option<&ClusterId> {
        match &self.phase {
            Phase::Active { previous: Some(previous) }
                if self.reason == Self::GIVEN_BACK || self.reason == Self::CONTESTED =>
            {
                Some(previous)
            }
            _ => None,
        }
    }

    /// What holds while there is no record: the primary owns the work. Revision 0 is never stored.
    pub(crate) fn implied(primary: &ClusterId, timing: LeaseTiming, now: Tick) -> Self {
        Self {
            revision: 0,
            term: Self::FIRST_TERM,
            owner: primary.clone(),
            phase: Phase::Active { previous: None },
            timing,
            since: now,
            by: String::new(),
            reason: String::new(),
        }
    }

    /// The revision that a swap over this record names; `None` where it is only implied.
    pub fn stored_revision(&self) -> Option<u64> {
        (self.revision > 0).then_some(self.revision)
    }

    /// The first record that is stored: what was implied, in writing.
    pub(crate) fn written_down(&self, sign: Signature) -> Self {
        self.next(&self.owner, Phase::Active { previous: None }, sign, "first record")
    }

    /// A takeover's first step, over this record. Nobody else's right to run can be extended from here on.
    pub(crate) fn claimed_by(&self, claimant: &ClusterId, sign: Signature) -> Self {
        let previous = self.last_that_may_run().clone();
        let reason = format!("claim: the heart of cluster {previous} is flat");
        self.next(claimant, Phase::Pending { previous }, sign, &reason)
    }

    /// A takeover's last step: the claimant of this record owns the work, under its own timing.
    pub(crate) fn owned(&self, timing: LeaseTiming, sign: Signature) -> Self {
        let previous = Some(self.last_that_may_run().clone());
        let owner = self.owner.clone();
        let next = self.next(&owner, Phase::Active { previous }, sign, "takeover");
        Self { term: self.next_term(), timing, ..next }
    }

    /// The claim of this record taken back by or for the cluster that it was made against.
    pub(crate) fn refused_to_claimant(&self, reason: &'static str, sign: Signature) -> Self {
        let phase = Phase::Active { previous: Some(self.owner.clone()) };
        self.next(self.last_that_may_run(), phase, sign, reason)
    }

    /// A handover's first step: the owner is to stop.
    pub(crate) fn released_to(&self, successor: &ClusterId, drain: Span, sign: Signature) -> Self {
        let phase = Phase::Releasing { successor: successor.clone(), drain };
        self.next(&self.owner, phase, sign, "handover")
    }

    /// A handover's last step: the successor owns the work. `timing` is its own where it completes by itself.
    pub(crate) fn handed_to(&self, successor: &ClusterId, timing: LeaseTiming, sign: Signature) -> Self {
        let phase = Phase::Active { previous: Some(self.owner.clone()) };
        let next = self.next(successor, phase, sign, "handed over");
        Self { term: self.next_term(), timing, ..next }
    }

    /// A handover called off: the owner keeps the work, and its term.
    pub(crate) fn kept(&self, reason: &str, sign: Signature) -> Self {
        self.next(&self.owner, Phase::Active { previous: None }, sign, reason)
    }

    /// The record by which an operator makes `cluster` the owner at once, over `current` or, where that is `None`,
    /// over nothing that can be read. `floor` is below whatever was lost: see [`Floor`].
    #[must_use]
    pub fn activated(
        current: Option<&Self>,
        cluster: &ClusterId,
        timing: LeaseTiming,
        floor: Floor,
        (by, since): (&str, Tick),
    ) -> Self {
        let previous =
            current.map(|current| current.last_that_may_run().clone()).filter(|old| old != cluster);
        Self {
            revision: current.map_or(1, Self::next_revision).max(floor.revision),
            term: current.map_or(Self::FIRST_TERM, Self::next_term).max(floor.term),
            owner: cluster.clone(),
            phase: Phase::Active { previous },
            timing,
            since,
            by: by.to_owned(),
            reason: "activated by hand".to_owned(),
        }
    }

    /// The same record as its next revision, so that whoever decided on this one reads again.
    #[must_use]
    pub fn bumped(&self, by: &str) -> Self {
        Self { revision: self.next_revision(), by: by.to_owned(), ..self.clone() }
    }

    /// The last cluster that may have run: whose heart a claimant must find flat.
    pub fn last_that_may_run(&self) -> &ClusterId {
        match &self.phase {
            Phase::Pending { previous } => previous,
            Phase::Active { .. } | Phase::Releasing { .. } => &self.owner,
        }
    }

    fn next(&self, owner: &ClusterId, phase: Phase, sign: Signature, reason: &str) -> Self {
        Self {
            revision: self.next_revision(),
            term: self.term,
            owner: owner.clone(),
            phase,
            timing: self.timing,
            since: sign.since,
            by: sign.by.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Counters of 64 bits do not run out; a forged record at the very end stays there, and its swap fails.
    fn next_revision(&self) -> u64 {
        self.revision.saturating_add(1)
    }

    fn next_term(&self) -> u64 {
        self.term.saturating_add(1)
    }
}
