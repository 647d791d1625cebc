//! A node: a guard and its workload, behind the seam.

use std::time::Duration;

use failover_policy::{
    Finding, Fingerprint, Guard, HoldTime, Lane, Look, Malformed, Now, Phase, Purpose, RecordFinding,
    RecordLook, Step, UnderWay, Witness,
};

use super::ablation::Ablation;
use super::call::{Answer, Call, InFlight, Machine};
use super::child::Child;
use super::clock::Clock;
use super::journal::{Happening, Journal};
use super::oracle::{Oracle, Violation};
use super::setting::Setting;
use super::side::Side;
use super::store::Store;

/// One node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) side: Side,
    pub(crate) clock: Clock,
    /// `None` while its guard is dead.
    pub(crate) guarded: Option<Guarded>,
    /// At most one of each lane, in the order in which they were issued.
    pub(crate) in_flight: Vec<InFlight>,
    pub(crate) frozen: bool,
    pub(crate) cut_off: bool,
    /// Whether what it reads of the other cluster's stamp is damaged.
    pub(crate) sight: Sight,
    /// How often a guard was started: names it.
    starts: u8,
    /// The store as it was at the last turn, where there is a cache.
    pub(crate) a_tick_ago: Option<Box<Store>>,
    pub(crate) reads_cache: bool,
}

/// What becomes of reads on their way to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sight {
    /// They come as they were answered.
    Clear,
    /// Those of the other cluster's stamp come damaged.
    Damaged,
}

impl Node {
    pub(crate) fn new(side: Side, clock: Clock, reads_cache: bool, setting: &Setting) -> Self {
        let mut node = Self {
            side,
            clock,
            guarded: None,
            in_flight: vec![],
            frozen: false,
            cut_off: false,
            sight: Sight::Clear,
            starts: 0,
            a_tick_ago: None,
            reads_cache,
        };
        node.start(setting);
        node
    }

    pub(crate) fn start(&mut self, setting: &Setting) {
        self.starts += 1;
        let by = format!("{}{}", self.side.id().as_str(), self.starts);
        self.guarded = Some(Guarded {
            side: self.side,
            guard: Guard::new(setting.guard_rule(self.side, by)),
            child: Child::None,
            ablation: setting.ablation,
            last_stamps: [None; 2],
            early_record: None,
            reads_early_record: false,
        });
    }

    /// Switches a rule off for a guard that is running.
    pub(crate) fn ablate(&mut self, ablation: Option<Ablation>) {
        if let Some(guarded) = &mut self.guarded {
            guarded.ablation = ablation;
        }
    }

    pub(crate) fn die(&mut self) {
        self.guarded = None;
    }

    /// Whether something of the workload exists and is not frozen.
    pub(crate) fn runs(&self) -> bool {
        !self.frozen && self.has_child()
    }

    fn has_child(&self) -> bool {
        self.guarded.as_ref().is_some_and(|guarded| guarded.child.exists())
    }

    /// Goes on after having been frozen until that tick: what was missed is noticed first.
    pub(crate) fn thaw(&mut self, tick: u8, journal: &mut Journal) {
        self.frozen = false;
        let now = self.clock.at(tick);
        if let Some(guarded) = &mut self.guarded {
            let froze = guarded.child;
            guarded.see_child_die(now.hold);
            guarded.mind_child_with(Duration::ZERO, now);
            if froze.exists() && !guarded.child.exists() {
                journal.note(Happening::KilledLate);
            }
        }
    }

    /// Whatever the guard does at its deadlines between two ticks.
    pub(crate) fn live_until(&mut self, tick: u8, oracle: &mut Oracle, journal: &mut Journal) {
        /// A termination, a kill, a death, and a start at each of them at the most.
        const DEADLINES: u8 = 8;
        let (clock, until) = (self.clock, self.clock.at(tick).hold);
        let Some(guarded) = self.guarded.as_mut().filter(|_| !self.frozen) else { return };
        for _ in 0..DEADLINES {
            let Some(due) = guarded.next_deadline().filter(|due| *due <= until) else { return };
            let before = guarded.child;
            guarded.see_child_die(due);
            guarded.mind_child(clock.showing(due));
            if guarded.child != before {
                let after = &guarded.child;
                journal.line(format_args!("Child({:?}): {before:?} → {after:?} at {due:?}", self.side));
            }
        }
        oracle.object(Violation::Restless);
    }
}

/// A guard and its workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Guarded {
    side: Side,
    pub(crate) guard: Guard,
    pub(crate) child: Child,
    ablation: Option<Ablation>,
    /// The stamps that were last read, for ablations alone.
    last_stamps: [Option<Finding>; 2],
    /// A record that was read too early, for an ablation alone.
    early_record: Option<Box<RecordFinding>>,
    /// Whether one is being read.
    reads_early_record: bool,
}

impl Guarded {
    fn next_deadline(&self) -> Option<HoldTime> {
        let death = if let Child::Dies(at) = self.child { Some(at) } else { None };
        [self.guard.poll_deadline(), death].into_iter().flatten().min()
    }

    fn see_child_die(&mut self, now: HoldTime) {
        if matches!(self.child, Child::Dies(at) if at <= now) {
            self.child = Child::None;
            self.guard.handle_child_gone();
        }
    }

    /// Carries out what the guard wants done with the workload.
    fn mind_child(&mut self, now: Now) {
        self.mind_child_with(Ablation::reaped_after(self.ablation), now);
    }

    fn mind_child_with(&mut self, reaped_after: Duration, now: Now) {
        while let Some(order) = self.guard.poll_child(now) {
            self.child = self.child.obey(order, now.hold, reaped_after);
            if self.child == Child::None {
                self.guard.handle_child_gone();
            }
        }
    }

    fn claims(&self) -> bool {
        let record = self.guard.gate().record().record();
        record.is_some_and(|record| {
            record.owner == *self.side.id() && matches!(record.phase, Phase::Pending { .. })
        })
    }

    fn take_own(&mut self, finding: Finding, issued: Now, completed: Now) {
        if self.ablation == Some(Ablation::FromTheBeatsOwnRead)
            && let Some(before) = self.last_stamps[self.side.index()]
        {
            self.guard.handle_own(Look { issued, completed: issued, finding: before });
        }
        self.guard.handle_own(Look { issued, completed, finding });
    }

    fn take_record(&mut self, mut finding: RecordFinding, issued: Now, completed: Now) {
        if self.ablation == Some(Ablation::OwnTiming)
            && let RecordFinding::Found(record) = &mut finding
        {
            record.timing = self.guard.gate().rule().lease;
        }
        if self.ablation == Some(Ablation::DeafToRefusals)
            && let RecordFinding::Found(record) = &mut finding
        {
            record.reason.clear();
        }
        self.guard.handle_record(RecordLook { issued, completed, finding });
    }

    /// Malformed bytes as the machine takes them without a rule.
    fn spoilt(&self, side: Side, finding: Finding) -> Finding {
        let Finding::Malformed(_) = finding else { return finding };
        match self.ablation {
            Some(Ablation::BlindVerify) if self.claims() => self.last_stamps[side.index()].unwrap_or(finding),
            Some(Ablation::DebrisOfAtomicWrites) => {
                let (bytes, witness) = (Fingerprint::of(b""), Witness::Absent);
                Finding::Malformed(Malformed::Torn { bytes, witness })
            }
            _ => finding,
        }
    }

    fn remember(&mut self, side: Side, finding: Finding) {
        if self.ablation.is_some() && !matches!(finding, Finding::Malformed(_)) {
            self.last_stamps[side.index()] = Some(finding);
        }
    }
}

impl Machine for Guarded {
    fn next_call(&mut self, now: Now, under_way: UnderWay) -> Option<Call> {
        self.mind_child(now);
        loop {
            match (self.guard.poll_step(now, under_way), self.ablation) {
                (Step::ReadHeart(_), Some(Ablation::NoVerify)) if self.claims() => {
                    let side = self.side.other();
                    let finding = self.last_stamps[side.index()].unwrap_or(Finding::Unreadable);
                    self.guard.handle_heart(side.id(), Look { issued: now, completed: now, finding });
                }
                (Step::ReadOwn, Some(Ablation::RecordThenStamp)) if self.early_record.is_none() => {
                    let is_free = !under_way.has(Lane::Record);
                    self.reads_early_record |= is_free;
                    return is_free.then_some(Call::Record);
                }
                (Step::ReadRecord, Some(Ablation::RecordThenStamp)) if self.early_record.is_some() => {
                    let finding = self.early_record.take().map_or(RecordFinding::Unreadable, |early| *early);
                    self.take_record(finding, now, now);
                    self.mind_child(now);
                }
                (Step::ReadOwn, _) => return Some(Call::Own),
                (Step::ReadRecord, _) => return Some(Call::Record),
                (Step::ReadHeart(cluster), _) => return Some(Call::Heart(Side::of(&cluster))),
                (Step::ReadMaintenance, _) => return Some(Call::Maintenance),
                (Step::Swap(mut swap), Some(Ablation::SameTerm)) if swap.purpose == Purpose::Own => {
                    swap.record.term -= 1;
                    return Some(Call::Swap(swap));
                }
                (Step::Swap(swap), _) => return Some(Call::Swap(swap)),
                (Step::Sleep(_) | Step::Open(_), _) => return None,
            }
        }
    }

    fn take(&mut self, call: Call, answer: Answer, issued: Now, completed: Now) {
        let forgets_issue = self.ablation == Some(Ablation::FromTheAnswer) && call.is_read();
        let issued = if forgets_issue { completed } else { issued };
        match (call, answer) {
            // The gate had asked for its own stamp: this record is kept for later.
            (Call::Record, Answer::Record(finding)) if self.reads_early_record => {
                self.reads_early_record = false;
                self.early_record = Some(Box::new(finding));
            }
            (Call::Own, Answer::Stamp(finding)) => {
                self.take_own(finding, issued, completed);
                self.remember(self.side, finding);
            }
            (Call::Heart(side), Answer::Stamp(mut finding)) => {
                if self.ablation == Some(Ablation::DeafStandby) {
                    finding = self.last_stamps[side.index()].unwrap_or(finding);
                }
                finding = self.spoilt(side, finding);
                self.guard.handle_heart(side.id(), Look { issued, completed, finding });
                self.remember(side, finding);
            }
            (Call::Record, Answer::Record(finding)) => {
                self.take_record(finding, issued, completed);
            }
            (Call::Maintenance, Answer::Maintenance(finding)) => {
                self.guard.handle_maintenance(finding, issued.boot);
            }
            (Call::Swap(swap), Answer::Swap(outcome)) => {
                self.guard.handle_swap(*swap, outcome, issued, completed);
            }
            (call, answer) => unreachable!("{answer:?} is no answer to {call:?}"),
        }
        self.mind_child(completed);
    }
}
