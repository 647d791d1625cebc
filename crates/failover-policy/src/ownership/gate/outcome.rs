//! Why a gate opens, and what a closed one waits for.

use crate::{BootTime, ClusterId, Exhausted, OwnershipRecord};

/// Why the gate opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Opening {
    /// By this record this cluster owns the work.
    Owner(Box<OwnershipRecord>),
    /// There is no record, and this is the primary.
    NoRecord,
    /// The record could not be read for the whole store grace, and this is the primary.
    StoreGrace,
}

/// What a closed gate waits for, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// For the record to be read.
    Record,
    /// For the record to be read, before the primary goes without it at that moment.
    StoreGrace(BootTime),
    /// For somebody to mend a lost record.
    Lost,
    /// For somebody to mend a record that this version cannot use.
    Unusable,
    /// For somebody to begin the record anew: it cannot count further.
    Exhausted(Exhausted),
    /// For the first record to be written at that moment: one that vanished could belong to a running guard.
    FirstRecord(BootTime),
    /// For a heart to be flat.
    Heart(ClusterId),
    /// For the takeover delay to pass.
    TakeoverDelay(BootTime),
    /// For this cluster's own heart to beat.
    OwnBeat,
    /// For maintenance to end.
    Maintenance,
    /// For the claim of this cluster to be verified.
    Verify(BootTime),
    /// For the claim of another process or cluster to be decided, at that moment by us.
    Claim(ClusterId, BootTime),
    /// For the owner to have stopped, at that moment for certain.
    Release(BootTime),
    /// For a successor to take over or to fall silent.
    Successor(ClusterId),
    /// For the next try after a swap that failed.
    Retry(BootTime),
    /// A guard, for the next try of a start that failed.
    Start(BootTime),
    /// For nothing: this cluster owns the work.
    Nothing,
}

impl Opening {
    /// The term under which the workload goes; `None` where the record could not be read.
    pub fn term(&self) -> Option<u64> {
        match self {
            Self::Owner(record) => Some(record.term),
            Self::NoRecord => Some(OwnershipRecord::FIRST_TERM),
            Self::StoreGrace => None,
        }
    }
}

impl Waiting {
    /// The moment at which the wait is over at the latest, where that is known.
    pub fn until(&self) -> Option<BootTime> {
        match self {
            Self::StoreGrace(until)
            | Self::FirstRecord(until)
            | Self::TakeoverDelay(until)
            | Self::Verify(until)
            | Self::Claim(_, until)
            | Self::Release(until)
            | Self::Retry(until)
            | Self::Start(until) => Some(*until),
            Self::Record
            | Self::Lost
            | Self::Unusable
            | Self::Exhausted(_)
            | Self::Heart(_)
            | Self::OwnBeat
            | Self::Maintenance
            | Self::Successor(_)
            | Self::Nothing => None,
        }
    }
}
