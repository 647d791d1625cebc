//! How much happened in all schedules together: a check that nothing happens under proves nothing.

use std::fmt;
use std::ops::AddAssign;

use failover_policy::Purpose;

/// Counts of what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Schedules that were run to their end.
    pub schedules: u64,
    /// First records written by a primary.
    pub creations: u64,
    /// Claims that landed.
    pub claims: u64,
    /// Takeovers that were completed.
    pub takeovers: u64,
    /// Claims that their own cluster gave back.
    pub give_backs: u64,
    /// Claims that were contested.
    pub contests: u64,
    /// Handovers that were begun.
    pub releases: u64,
    /// Handovers that were completed.
    pub handovers: u64,
    /// Handovers that were called off.
    pub call_offs: u64,
    /// Workloads that were started.
    pub starts: u64,
    /// Reads of stamps that came back damaged.
    pub damaged: u64,
    /// Operations on the store.
    pub operations: u64,
}

impl Tally {
    /// Takes down a change of the record that landed.
    pub(super) fn note(&mut self, purpose: Purpose) {
        let count = match purpose {
            Purpose::Create => &mut self.creations,
            Purpose::Claim => &mut self.claims,
            Purpose::Own => &mut self.takeovers,
            Purpose::GiveBack => &mut self.give_backs,
            Purpose::Contest => &mut self.contests,
            Purpose::Release => &mut self.releases,
            Purpose::Complete => &mut self.handovers,
            Purpose::CallOff => &mut self.call_offs,
            Purpose::Lengthen | Purpose::Activate => return,
        };
        *count += 1;
    }

    /// Changes of owner that were completed.
    pub fn changes_of_owner(&self) -> u64 {
        self.takeovers + self.handovers
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.creations += other.creations;
        self.claims += other.claims;
        self.takeovers += other.takeovers;
        self.give_backs += other.give_backs;
        self.contests += other.contests;
        self.releases += other.releases;
        self.handovers += other.handovers;
        self.call_offs += other.call_offs;
        self.starts += other.starts;
        self.damaged += other.damaged;
        self.operations += other.operations;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} schedules: {} takeovers, {} handovers, {} claims, {} contests, {} give-backs, {} releases, \
             {} call-offs, {} first records, {} starts, {} damaged reads, {} operations",
            self.schedules,
            self.takeovers,
            self.handovers,
            self.claims,
            self.contests,
            self.give_backs,
            self.releases,
            self.call_offs,
            self.creations,
            self.starts,
            self.damaged,
            self.operations
        )
    }
}
