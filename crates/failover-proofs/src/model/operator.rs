//! An operator's handover, behind the seam.

use failover_policy::{Handover, HandoverStep, LeaseTiming, Look, Now, Purpose, RecordLook, UnderWay};

use super::ablation::Ablation;
use super::call::{Answer, Call, InFlight, Machine};
use super::setting::Setting;
use super::side::Side;

/// A handover that runs somewhere else, where the store can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Operator {
    pub(crate) handing: Handing,
    pub(crate) in_flight: Vec<InFlight>,
}

/// The machine, and whether it came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Handing {
    handover: Handover,
    /// What is written while the old side may still hold the work, for an ablation alone.
    early_timing: Option<LeaseTiming>,
    pub(crate) done: bool,
}

impl Operator {
    /// `count` names the process.
    pub(crate) fn new(to: Side, drain: bool, count: u8, setting: &Setting) -> Self {
        let rule = setting.handover_rule(to, drain, format!("op{count}"));
        let early_timing = (setting.ablation == Some(Ablation::ShrinkWhileHeld)).then_some(rule.lease);
        let handing = Handing { handover: Handover::new(rule), early_timing, done: false };
        Self { handing, in_flight: vec![] }
    }
}

impl Machine for Handing {
    fn next_call(&mut self, now: Now, under_way: UnderWay) -> Option<Call> {
        match self.handover.poll_step(now, under_way) {
            HandoverStep::ReadRecord => Some(Call::Record),
            HandoverStep::ReadHeart(cluster) => Some(Call::Heart(Side::of(&cluster))),
            HandoverStep::Swap(mut swap) => {
                if let Some(timing) = self.early_timing.filter(|_| swap.purpose == Purpose::Release) {
                    swap.record.timing = timing;
                }
                Some(Call::Swap(swap))
            }
            HandoverStep::Sleep(_) => None,
            HandoverStep::Done(_) => {
                self.done = true;
                None
            }
        }
    }

    fn take(&mut self, call: Call, answer: Answer, issued: Now, completed: Now) {
        match (call, answer) {
            (Call::Record, Answer::Record(finding)) => {
                self.handover.handle_record(RecordLook { issued, completed, finding });
            }
            (Call::Heart(_), Answer::Stamp(finding)) => {
                self.handover.handle_heart(Look { issued, completed, finding });
            }
            (Call::Swap(swap), Answer::Swap(outcome)) => {
                self.handover.handle_swap(*swap, outcome, issued, completed);
            }
            (call, answer) => unreachable!("{answer:?} is no answer to {call:?}"),
        }
    }
}
