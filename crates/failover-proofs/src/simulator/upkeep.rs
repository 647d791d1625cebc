//! An operator who switches maintenance on: the record of it first, then a bump that makes claims in flight read it.

use failover_policy::{Maintenance, Now, OwnershipRecord, RecordFinding, SignedSpan, SwapOutcome};

use super::clock::Nanos;
use super::machine::{Answer, Errand, Next};

/// One run of the command.
#[derive(Debug)]
pub(super) struct Upkeep {
    lasts: Nanos,
    by: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Announce,
    Read,
    Bump(Box<OwnershipRecord>),
    Done,
}

impl Upkeep {
    pub(super) fn new(lasts: Nanos, by: String) -> Self {
        Self { lasts, by, stage: Stage::Announce }
    }

    /// What to do next; everything that fails is tried again.
    pub(super) fn poll(&self, now: Now) -> Next {
        match &self.stage {
            Stage::Announce => Next::Do(Errand::Announce(Maintenance {
                version: Maintenance::VERSION,
                active: true,
                until: now.wall.saturating_add(SignedSpan::from_ticks(self.lasts / 100)),
                by: self.by.clone(),
                reason: "the simulator's".to_owned(),
            })),
            Stage::Read => Next::Do(Errand::ReadRecord),
            Stage::Bump(record) => Next::Do(Errand::Bump(record.clone())),
            Stage::Done => Next::Done,
        }
    }

    pub(super) fn take(&mut self, errand: &Errand, answer: &Answer) {
        self.stage = match (errand, answer) {
            (Errand::Announce(_), Answer::Announced(true))
            | (Errand::Bump(_), Answer::Swap(SwapOutcome::Lost)) => Stage::Read,
            (Errand::ReadRecord, Answer::Record(RecordFinding::Found(record))) => {
                // No schedule counts as far as the end of the numbers.
                record.bumped(&self.by).map_or(Stage::Done, |bumped| Stage::Bump(Box::new(bumped)))
            }
            (Errand::ReadRecord, Answer::Record(RecordFinding::Absent))
            | (Errand::Bump(_), Answer::Swap(SwapOutcome::Won)) => Stage::Done,
            _ => return,
        };
    }
}
