//! What gate, guard and handover have in common, so that one bench drives all of them.

use failover_policy::{
    BootTime, ChildOrder, ClusterId, Gate, Guard, Handover, HandoverEnd, HandoverStep, HoldTime, Lane, Look,
    MaintenanceFinding, Now, Opening, RecordLook, Step, Swap, SwapOutcome, UnderWay,
};

/// What a machine wants next, in one grammar for all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act<End> {
    Own,
    Record,
    Heart(ClusterId),
    Maintenance,
    Swap(Box<Swap>),
    Sleep(BootTime),
    End(End),
}

impl<End> Act<End> {
    /// What this keeps busy at the store.
    pub(crate) fn lane(&self) -> Option<Lane> {
        match self {
            Self::Own => Some(Lane::Own),
            Self::Record | Self::Swap(_) => Some(Lane::Record),
            Self::Heart(_) => Some(Lane::Heart),
            Self::Maintenance => Some(Lane::Maintenance),
            Self::Sleep(_) | Self::End(_) => None,
        }
    }
}

/// What gate, guard and handover have in common.
pub(crate) trait Machine: Clone + PartialEq + std::fmt::Debug {
    type End: Clone + PartialEq + std::fmt::Debug;
    fn poll(&mut self, now: Now, under_way: UnderWay) -> Act<Self::End>;
    fn own(&mut self, _: Look) {}
    fn record(&mut self, look: RecordLook);
    fn heart(&mut self, cluster: &ClusterId, look: Look);
    fn maintenance(&mut self, _: MaintenanceFinding, _: BootTime) {}
    fn swap(&mut self, swap: Swap, outcome: SwapOutcome, at: Now);
    fn child(&mut self, _: Now) -> Option<ChildOrder> {
        None
    }
    fn deadline(&self) -> Option<HoldTime> {
        None
    }
    fn child_gone(&mut self) {}
}

impl Machine for Gate {
    type End = Opening;

    fn poll(&mut self, now: Now, under_way: UnderWay) -> Act<Opening> {
        match self.poll_step(now, under_way) {
            Step::ReadOwn => Act::Own,
            Step::ReadRecord => Act::Record,
            Step::ReadHeart(cluster) => Act::Heart(cluster),
            Step::ReadMaintenance => Act::Maintenance,
            Step::Swap(swap) => Act::Swap(swap),
            Step::Sleep(until) => Act::Sleep(until),
            Step::Open(opening) => Act::End(opening),
        }
    }

    fn own(&mut self, look: Look) {
        self.handle_own(look);
    }

    fn record(&mut self, look: RecordLook) {
        self.handle_record(look);
    }

    fn heart(&mut self, cluster: &ClusterId, look: Look) {
        self.handle_heart(cluster, look);
    }

    fn maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        self.handle_maintenance(finding, issued);
    }

    fn swap(&mut self, swap: Swap, outcome: SwapOutcome, at: Now) {
        self.handle_swap(swap, outcome, at, at);
    }
}

impl Machine for Guard {
    type End = Opening;

    fn poll(&mut self, now: Now, under_way: UnderWay) -> Act<Opening> {
        match self.poll_step(now, under_way) {
            Step::ReadOwn => Act::Own,
            Step::ReadRecord => Act::Record,
            Step::ReadHeart(cluster) => Act::Heart(cluster),
            Step::ReadMaintenance => Act::Maintenance,
            Step::Swap(swap) => Act::Swap(swap),
            Step::Sleep(until) => Act::Sleep(until),
            Step::Open(opening) => panic!("a guard's gate opened: {opening:?}"),
        }
    }

    fn own(&mut self, look: Look) {
        self.handle_own(look);
    }

    fn record(&mut self, look: RecordLook) {
        self.handle_record(look);
    }

    fn heart(&mut self, cluster: &ClusterId, look: Look) {
        self.handle_heart(cluster, look);
    }

    fn maintenance(&mut self, finding: MaintenanceFinding, issued: BootTime) {
        self.handle_maintenance(finding, issued);
    }

    fn swap(&mut self, swap: Swap, outcome: SwapOutcome, at: Now) {
        self.handle_swap(swap, outcome, at, at);
    }

    fn child(&mut self, now: Now) -> Option<ChildOrder> {
        self.poll_child(now)
    }

    fn deadline(&self) -> Option<HoldTime> {
        self.poll_deadline()
    }

    fn child_gone(&mut self) {
        self.handle_child_gone();
    }
}

impl Machine for Handover {
    type End = HandoverEnd;

    fn poll(&mut self, now: Now, under_way: UnderWay) -> Act<HandoverEnd> {
        match self.poll_step(now, under_way) {
            HandoverStep::ReadRecord => Act::Record,
            HandoverStep::ReadHeart(cluster) => Act::Heart(cluster),
            HandoverStep::Swap(swap) => Act::Swap(swap),
            HandoverStep::Sleep(until) => Act::Sleep(until),
            HandoverStep::Done(end) => Act::End(end),
        }
    }

    fn record(&mut self, look: RecordLook) {
        self.handle_record(look);
    }

    fn heart(&mut self, _: &ClusterId, look: Look) {
        self.handle_heart(look);
    }

    fn swap(&mut self, swap: Swap, outcome: SwapOutcome, at: Now) {
        self.handle_swap(swap, outcome, at, at);
    }
}
