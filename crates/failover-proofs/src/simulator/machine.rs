//! The production state machines behind one pair of questions: what next, and what came of it.

use failover_policy::{
    BootTime, ClusterId, Finding, Gate, Guard, Handover, HandoverStep, Lane, Look, Maintenance,
    MaintenanceFinding, Now, OwnershipRecord, RecordFinding, RecordLook, RecordState, Step, Swap,
    SwapOutcome, UnderWay,
};

use super::upkeep::Upkeep;

/// One life of somebody who reads and changes the record.
#[derive(Debug)]
pub(super) enum Machine {
    Guard(Box<Guard>),
    Gate(Box<Gate>),
    Handover(Box<Handover>),
    Maintenance(Upkeep),
}

/// An operation on the store.
#[derive(Debug, Clone)]
pub(super) enum Errand {
    ReadOwn,
    ReadRecord,
    ReadHeart(ClusterId),
    ReadMaintenance,
    Swap(Box<Swap>),
    /// A swap whose answer was lost is settled by reading the record.
    ReadBack(Box<Swap>),
    Announce(Maintenance),
    /// The same record as its next revision.
    Bump(Box<OwnershipRecord>),
}

/// What somebody wants.
#[derive(Debug)]
pub(super) enum Next {
    Do(Errand),
    Sleep(BootTime),
    Done,
}

/// What came of an errand.
#[derive(Debug)]
pub(super) enum Answer {
    Stamp(Finding),
    Record(RecordFinding),
    Maintenance(MaintenanceFinding),
    Swap(SwapOutcome),
    Announced(bool),
}

impl Errand {
    /// What it keeps busy.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::ReadOwn => Lane::Own,
            Self::ReadRecord | Self::Swap(_) | Self::ReadBack(_) | Self::Bump(_) => Lane::Record,
            Self::ReadHeart(_) => Lane::Heart,
            Self::ReadMaintenance | Self::Announce(_) => Lane::Maintenance,
        }
    }
}

impl Machine {
    /// What it wants besides what is under way; `None` where it waits for that.
    pub(super) fn poll(&mut self, now: Now, under_way: UnderWay) -> Option<Next> {
        match self {
            Self::Guard(guard) => Some(guard.poll_step(now, under_way).into()),
            Self::Gate(gate) => Some(gate.poll_step(now, under_way).into()),
            Self::Handover(handover) => Some(handover.poll_step(now, under_way).into()),
            Self::Maintenance(upkeep) => (under_way == UnderWay::NOTHING).then(|| upkeep.poll(now)),
        }
    }

    /// Hands an answer over as the shells do.
    pub(super) fn take(&mut self, errand: Errand, answer: Answer, issued: Now, completed: Now) {
        match (errand, answer) {
            (Errand::ReadOwn, Answer::Stamp(finding)) => {
                self.take_own(Look { issued, completed, finding });
            }
            (Errand::ReadHeart(cluster), Answer::Stamp(finding)) => {
                self.take_heart(&cluster, Look { issued, completed, finding });
            }
            (Errand::ReadRecord, Answer::Record(finding)) => {
                self.take_record(RecordLook { issued, completed, finding });
            }
            (Errand::ReadMaintenance, Answer::Maintenance(finding)) => {
                self.take_maintenance(finding, issued.boot);
            }
            (Errand::Swap(swap) | Errand::ReadBack(swap), Answer::Swap(outcome)) => {
                self.take_swap(*swap, outcome, issued, completed);
            }
            (errand, answer) => {
                if let Self::Maintenance(upkeep) = self {
                    upkeep.take(&errand, &answer);
                }
            }
        }
    }

    /// What the last look at the record came to.
    pub(super) fn record(&self) -> Option<&RecordState> {
        match self {
            Self::Guard(guard) => Some(guard.gate().record()),
            Self::Gate(gate) => Some(gate.record()),
            Self::Handover(handover) => Some(handover.record()),
            Self::Maintenance(_) => None,
        }
    }

    pub(super) fn guard(&mut self) -> Option<&mut Guard> {
        match self {
            Self::Guard(guard) => Some(guard),
            _ => None,
        }
    }

    pub(super) fn take_own(&mut self, look: Look) {
        match self {
            Self::Guard(guard) => guard.handle_own(look),
            Self::Gate(gate) => gate.handle_own(look),
            Self::Handover(_) | Self::Maintenance(_) => {}
        }
    }

    fn take_heart(&mut self, cluster: &ClusterId, look: Look) {
        match self {
            Self::Guard(guard) => guard.handle_heart(cluster, look),
            Self::Gate(gate) => gate.handle_heart(cluster, look),
            Self::Handover(handover) => handover.handle_heart(look),
            Self::Maintenance(_) => {}
        }
    }

    fn take_record(&mut self, look: RecordLook) {
        match self {
            Self::Guard(guard) => guard.handle_record(look),
            Self::Gate(gate) => {
                gate.handle_record(look);
            }
            Self::Handover(handover) => handover.handle_record(look),
            Self::Maintenance(upkeep) => {
                upkeep.take(&Errand::ReadRecord, &Answer::Record(look.finding));
            }
        }
    }

    fn take_maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        match self {
            Self::Guard(guard) => guard.handle_maintenance(finding, issued),
            Self::Gate(gate) => gate.handle_maintenance(finding, issued),
            Self::Handover(_) | Self::Maintenance(_) => {}
        }
    }

    fn take_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: Now, completed: Now) {
        match self {
            Self::Guard(guard) => guard.handle_swap(swap, outcome, issued, completed),
            Self::Gate(gate) => gate.handle_swap(swap, outcome, issued, completed),
            Self::Handover(handover) => handover.handle_swap(swap, outcome, issued, completed),
            Self::Maintenance(_) => {}
        }
    }
}

impl From<Step> for Next {
    fn from(step: Step) -> Self {
        match step {
            Step::ReadOwn => Self::Do(Errand::ReadOwn),
            Step::ReadRecord => Self::Do(Errand::ReadRecord),
            Step::ReadHeart(cluster) => Self::Do(Errand::ReadHeart(cluster)),
            Step::ReadMaintenance => Self::Do(Errand::ReadMaintenance),
            Step::Swap(swap) => Self::Do(Errand::Swap(swap)),
            Step::Sleep(until) => Self::Sleep(until),
            Step::Open(_) => Self::Done,
        }
    }
}

impl From<HandoverStep> for Next {
    fn from(step: HandoverStep) -> Self {
        match step {
            HandoverStep::ReadRecord => Self::Do(Errand::ReadRecord),
            HandoverStep::ReadHeart(cluster) => Self::Do(Errand::ReadHeart(cluster)),
            HandoverStep::Swap(swap) => Self::Do(Errand::Swap(swap)),
            HandoverStep::Sleep(until) => Self::Sleep(until),
            HandoverStep::Done(_) => Self::Done,
        }
    }
}
