//! Knows the truth, and says when it must not be.

use std::collections::BTreeMap;

use super::clock::Nanos;
use super::tally::Tally;

/// What must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Workloads of two clusters ran at once.
    #[error("guarded workloads of two clusters run at once")]
    DoubleRun,
    /// A workload started under a lower term than one before it.
    #[error("a workload starts under a lower term than one before it")]
    TermDecreased,
    /// Two clusters ran under one term.
    #[error("two clusters run under the same term")]
    TermShared,
    /// A cluster was to be taken over although its beats landed, and could be read, at least every `2i`.
    #[error("a takeover from a heart that beats")]
    TakeoverOfABeatingHeart,
    /// A claim landed less than a watch after the cluster that it was made against had refused one.
    #[error("a claim right after a refusal")]
    ClaimedAgainAtOnce,
    /// A claim landed although maintenance was on and every claim in flight had been made to read again.
    #[error("a claim during maintenance")]
    ClaimDuringMaintenance,
    /// Somebody who had read a record made the first one: what it took for none was a loss.
    #[error("a record is made where one was lost")]
    LossOverwritten,
    /// Everything has healed, and nobody runs.
    #[error("everything has healed, and nobody runs for good")]
    NobodyRuns,
    /// Everything was well for a while, and a workload was stopped.
    #[error("a workload is stopped in a healthy world")]
    Flapping,
    /// A handover in a healthy world did not move the work.
    #[error("a handover in a healthy world does not move the work")]
    HandoverFails,
    /// A machine asks for one operation after another without time passing.
    #[error("a machine spins")]
    Spinning,
}

/// What is asked of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything.
    Everything,
    /// What holds while the store forgets: nobody may be sure of terms, or of getting to run at all.
    LossOfTheRecord,
    /// That this does not happen.
    Only(Violation),
}

/// What runs, truly.
#[derive(Debug)]
pub(super) struct Oracle {
    running: Vec<u32>,
    highest_term: u64,
    holders: BTreeMap<u64, usize>,
    scope: Scope,
    violation: Option<Violation>,
    pub(super) tally: Tally,
    /// When a workload was last told to stop, or stopped.
    pub(super) last_stop: Nanos,
}

impl Oracle {
    pub(super) fn new(clusters: usize, scope: Scope) -> Self {
        Self {
            running: vec![0; clusters],
            highest_term: 0,
            holders: BTreeMap::new(),
            scope,
            violation: None,
            tally: Tally::default(),
            last_stop: Nanos::MIN,
        }
    }

    /// A workload starts.
    pub(super) fn starts(&mut self, cluster: usize, term: u64) {
        self.tally.starts += 1;
        if term < self.highest_term {
            self.object(Violation::TermDecreased);
        }
        self.highest_term = self.highest_term.max(term);
        if *self.holders.entry(term).or_insert(cluster) != cluster {
            self.object(Violation::TermShared);
        }
        self.runs(cluster);
    }

    /// A workload runs, from its start or a thaw on.
    pub(super) fn runs(&mut self, cluster: usize) {
        if let Some(running) = self.running.get_mut(cluster) {
            *running += 1;
        }
        let clusters = self.running.iter().filter(|running| **running > 0).count();
        if clusters > 1 {
            self.object(Violation::DoubleRun);
        }
    }

    /// A workload is gone, or stands still.
    pub(super) fn rests(&mut self, cluster: usize) {
        if let Some(running) = self.running.get_mut(cluster) {
            *running = running.saturating_sub(1);
        }
    }

    /// Takes down a violation; the first one counts.
    pub(super) fn object(&mut self, violation: Violation) {
        let counts = match self.scope {
            Scope::Everything => true,
            Scope::LossOfTheRecord => {
                matches!(violation, Violation::DoubleRun | Violation::LossOverwritten | Violation::Spinning)
            }
            Scope::Only(breach) => violation == breach,
        };
        if counts {
            self.violation.get_or_insert(violation);
        }
    }

    pub(super) fn violation(&self) -> Option<Violation> {
        self.violation
    }

    /// Whether workloads run in this cluster and in no other.
    pub(super) fn only_runs(&self, cluster: usize) -> bool {
        self.running.iter().enumerate().all(|(other, running)| (other == cluster) == (*running > 0))
    }
}
