//! A call to the store, and the machines that make them.

use failover_policy::{Finding, Lane, MaintenanceFinding, Now, RecordFinding, Swap, SwapOutcome, UnderWay};

use super::side::Side;

/// What a machine asks of the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Own,
    Heart(Side),
    Record,
    Maintenance,
    Swap(Box<Swap>),
}

impl Call {
    /// What it keeps busy.
    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::Own => Lane::Own,
            Self::Heart(_) => Lane::Heart,
            Self::Record | Self::Swap(_) => Lane::Record,
            Self::Maintenance => Lane::Maintenance,
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        !matches!(self, Self::Swap(_))
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Stamp(Finding),
    Record(RecordFinding),
    Maintenance(MaintenanceFinding),
    Swap(SwapOutcome),
}

/// A call that has not come back within its tick.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InFlight {
    pub(crate) call: Call,
    pub(crate) issued: Now,
    /// What it will come back with; `None` where the store is asked only when it does.
    pub(crate) answer: Option<Answer>,
}

/// A production machine behind the seam: it asks, and takes what came of it.
pub(crate) trait Machine {
    /// The next call besides those under way, or `None` where it sleeps (or is done).
    fn next_call(&mut self, now: Now, under_way: UnderWay) -> Option<Call>;
    /// Takes the answer to a call that took from `issued` to `completed`.
    fn take(&mut self, call: Call, answer: Answer, issued: Now, completed: Now);
}
