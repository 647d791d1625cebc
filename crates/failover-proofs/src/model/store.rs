//! The store: two stamps and the record.

use failover_policy::{Finding, OwnershipRecord, RecordFinding, Stamp, Swap};

use super::side::Side;

/// What is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Store {
    stamps: [Option<Stamp>; 2],
    record: Option<Box<OwnershipRecord>>,
}

impl Store {
    pub(crate) fn land(&mut self, side: Side, stamp: Stamp) {
        self.stamps[side.index()] = Some(stamp);
    }

    pub(crate) fn stamp(&self, side: Side) -> Finding {
        self.stamps[side.index()].map_or(Finding::Missing, Finding::Stamp)
    }

    pub(crate) fn record(&self) -> Option<&OwnershipRecord> {
        self.record.as_deref()
    }

    pub(crate) fn record_finding(&self) -> RecordFinding {
        self.record.clone().map_or(RecordFinding::Absent, RecordFinding::Found)
    }

    /// Compares and swaps; says whether it won.
    pub(crate) fn swap(&mut self, swap: &Swap) -> bool {
        let won = self.record.as_ref().map(|record| record.revision) == swap.over;
        if won {
            self.record = Some(Box::new(swap.record.clone()));
        }
        won
    }
}
