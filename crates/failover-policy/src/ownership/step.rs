//! What a machine asks its shell to do.

use crate::{BootTime, ClusterId, Opening, OwnershipRecord};

/// The next thing to carry out. A machine that is asked again while the same is under way answers the same.
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

/// What a step keeps busy at the store: of each lane one call at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Reads of this cluster's own stamp.
    Own,
    /// Reads and changes of the record.
    Record,
    /// Reads of the watched heart's stamp.
    Heart,
    /// Reads of the maintenance record.
    Maintenance,
}

/// The lanes that are busy. On a slow store reads of different things go on at the same time, so that each thing is
/// looked at once a poll however long the answers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct UnderWay([bool; 4]);

impl Step {
    /// The lane that this step keeps busy until its answer is handed over; `None` where it asks nothing of the store.
    pub fn lane(&self) -> Option<Lane> {
        match self {
            Self::ReadOwn => Some(Lane::Own),
            Self::ReadRecord | Self::Swap(_) => Some(Lane::Record),
            Self::ReadHeart(_) => Some(Lane::Heart),
            Self::ReadMaintenance => Some(Lane::Maintenance),
            Self::Sleep(_) | Self::Open(_) => None,
        }
    }
}

impl UnderWay {
    /// Nothing is under way.
    pub const NOTHING: Self = Self([false; 4]);

    /// Whether a call of this lane is under way.
    pub fn has(self, lane: Lane) -> bool {
        let Self([own, record, heart, maintenance]) = self;
        match lane {
            Lane::Own => own,
            Lane::Record => record,
            Lane::Heart => heart,
            Lane::Maintenance => maintenance,
        }
    }

    /// Takes that a call of this lane began, or came back.
    pub fn set(&mut self, lane: Lane, busy: bool) {
        let Self([own, record, heart, maintenance]) = self;
        *match lane {
            Lane::Own => own,
            Lane::Record => record,
            Lane::Heart => heart,
            Lane::Maintenance => maintenance,
        } = busy;
    }
}

impl FromIterator<Lane> for UnderWay {
    fn from_iter<I: IntoIterator<Item = Lane>>(lanes: I) -> Self {
        let mut under_way = Self::NOTHING;
        lanes.into_iter().for_each(|lane| under_way.set(lane, true));
        under_way
    }
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
