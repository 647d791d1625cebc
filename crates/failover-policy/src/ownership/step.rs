//! What a machine asks its shell to do.

use crate::{BootTime, ClusterId, Opening, OwnershipRecord};

/// The next thing to carry out. A machine that is asked again before it was told the outcome answers the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read this cluster's own stamp and hand it to `handle_own`.
    ReadOwn,
    /// Read the record and hand it to `handle_record`.
    ReadRecord,
    /// Read that cluster's stamp and hand it to `handle_heart`.
    ReadHeart(ClusterId),
    /// Read the maintenance record and hand it to `handle_maintenance`.
    ReadMaintenance,
    /// Swap the record and hand the outcome to `handle_swap`.
    Swap(Box<Swap>),
    /// Sleep until then, or until something else happens.
    Sleep(BootTime),
    /// Let the workload go: the gate is open.
    Open(Opening),
}

/// A change of the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Swap {
    /// The revision that is replaced; `None` creates the record.
    pub over: Option<u64>,
    /// What is written.
    pub record: OwnershipRecord,
    /// What the change is for.
    pub purpose: Purpose,
}

/// What a change of the record is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The primary writes the first record.
    Create,
    /// A standby claims the work of a flat heart.
    Claim,
    /// A claimant owns the work.
    Own,
    /// A claim is given back: the heart beats after all.
    GiveBack,
    /// The cluster that was claimed against beats and takes its work back.
    Contest,
    /// The owner's guard needs a longer watch than the record asks of claimants.
    Lengthen,
    /// An operator asks the owner to stop.
    Release,
    /// A handover is completed.
    Complete,
    /// A handover is called off, by the operator or since the successor is silent.
    CallOff,
    /// An operator makes a cluster the owner without waiting.
    Activate,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Claim,
        Self::Own,
        Self::GiveBack,
        Self::Contest,
        Self::Lengthen,
        Self::Release,
        Self::Complete,
        Self::CallOff,
        Self::Activate,
    ];

    /// The purpose in one word, for logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Claim => "claim",
            Self::Own => "own",
            Self::GiveBack => "give_back",
            Self::Contest => "contest",
            Self::Lengthen => "lengthen",
            Self::Release => "release",
            Self::Complete => "complete",
            Self::CallOff => "call_off",
            Self::Activate => "activate",
        }
    }
}

/// What came of a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SwapOutcome {
    /// The record is what was written.
    Won,
    /// Somebody else changed it first.
    Lost,
    /// It failed, or nobody can tell: reading will show.
    Failed,
}
