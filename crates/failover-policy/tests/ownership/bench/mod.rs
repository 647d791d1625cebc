//! Drives one machine by hand on virtual time: its reads are answered from a made-up store, its swaps end as the test
//! says, and whatever it does is written down with the moment at which it does it.

mod cast;
mod clocks;
mod heart;
mod machine;

use std::collections::BTreeMap;
use std::time::Duration;

use failover_policy::{
    BootTime, ChildOrder, ClusterId, Finding, Look, MaintenanceFinding, Now, OwnershipRecord, Purpose,
    RecordFinding, RecordLook, Swap, SwapOutcome, Tick,
};

pub(crate) use cast::*;
pub(crate) use clocks::Clocks;
pub(crate) use heart::Heart;
pub(crate) use machine::{Act, Machine};

/// Milliseconds of true time since the test began.
pub(crate) type Millis = u64;

/// More steps than any machine needs at one moment.
const MOST_STEPS: u32 = 12;

/// Something that a machine did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Deed {
    Read(String),
    Swap(Swap),
    Order(ChildOrder),
}

/// One machine and everything around it.
#[derive(Debug, Clone)]
pub(crate) struct Bench<M: Machine> {
    pub(crate) machine: M,
    pub(crate) record: RecordFinding,
    pub(crate) hearts: BTreeMap<ClusterId, Heart>,
    pub(crate) maintenance: MaintenanceFinding,
    /// How swaps end; only a won one changes the record.
    pub(crate) outcome: SwapOutcome,
    /// What becomes of a heart with the first swap.
    pub(crate) after_swap: Option<(&'static str, Heart)>,
    /// Whether SIGTERM suffices.
    pub(crate) child_obeys: bool,
    /// How long reads take, by what is read; others take no time.
    pub(crate) takes: BTreeMap<&'static str, Millis>,
    /// What the machine's clocks show.
    pub(crate) clocks: Clocks,
    this: ClusterId,
    /// True time since the test began.
    now: Duration,
    deeds: Vec<(Millis, Deed)>,
}

impl<M: Machine> Bench<M> {
    /// Every heart beats, there is no record, maintenance is off, swaps are won.
    pub(crate) fn new(this: &str, machine: M) -> Self {
        let hearts = ["a", "b", "c"].map(|name| (id(name), Heart::Beats));
        Self {
            machine,
            record: RecordFinding::Absent,
            hearts: hearts.into_iter().collect(),
            maintenance: MaintenanceFinding::Off,
            outcome: SwapOutcome::Won,
            after_swap: None,
            child_obeys: true,
            takes: BTreeMap::new(),
            this: id(this),
            clocks: Clocks::TRUE,
            now: Duration::ZERO,
            deeds: Vec::new(),
        }
    }

    pub(crate) fn with_record(mut self, record: OwnershipRecord) -> Self {
        self.record = found(record);
        self
    }

    pub(crate) fn with_heart(mut self, name: &str, heart: Heart) -> Self {
        self.set_heart(name, heart);
        self
    }

    pub(crate) fn set_heart(&mut self, name: &str, heart: Heart) {
        self.hearts.insert(id(name), heart);
    }

    pub(crate) fn set_record(&mut self, record: OwnershipRecord) {
        self.record = found(record);
    }

    pub(crate) fn stored(&self) -> &OwnershipRecord {
        match &self.record {
            RecordFinding::Found(record) => record,
            other => panic!("there is no record: {other:?}"),
        }
    }

    pub(crate) fn now(&self) -> Now {
        self.clocks.at(self.now)
    }

    /// Carries out everything up to that moment, it included; stops early where the machine is at its end.
    pub(crate) fn run_to(&mut self, until: Millis) -> Option<M::End> {
        let mut steps = 0;
        loop {
            self.ask_child();
            let asked_at = self.now;
            match self.ask_twice() {
                Act::Sleep(wake) => {
                    assert!(wake > self.now().boot, "a sleep into the past: {:?}", self.machine);
                    let wake = self.clocks.reach(wake);
                    let wake = self.deadline().map_or(wake, |deadline| deadline.min(wake));
                    if wake > time(until) {
                        self.now = self.now.max(time(until));
                        self.ask_child();
                        return None;
                    }
                    self.now = wake;
                }
                Act::End(end) => return Some(end),
                act => self.carry_out(act),
            }
            steps = if self.now > asked_at { 0 } else { steps + 1 };
            if self.now > time(until) {
                return None;
            }
            assert!(steps <= MOST_STEPS, "the machine spins: {:?}", self.machine);
        }
    }

    /// The process stands still until then. A read may have taken longer than that: this clock never runs back.
    pub(crate) fn freeze_to(&mut self, until: Millis) {
        self.now = self.now.max(time(until));
    }

    pub(crate) fn swaps(&self) -> Vec<(Millis, Purpose)> {
        let swap = |(at, deed): &(Millis, Deed)| match deed {
            Deed::Swap(swap) => Some((*at, swap.purpose)),
            Deed::Read(_) | Deed::Order(_) => None,
        };
        self.deeds.iter().filter_map(swap).collect()
    }

    pub(crate) fn last_swap(&self) -> Option<&Swap> {
        self.deeds.iter().rev().find_map(|(_, deed)| match deed {
            Deed::Swap(swap) => Some(swap),
            Deed::Read(_) | Deed::Order(_) => None,
        })
    }

    pub(crate) fn orders(&self) -> Vec<(Millis, ChildOrder)> {
        let order = |(at, deed): &(Millis, Deed)| match deed {
            Deed::Order(order) => Some((*at, *order)),
            Deed::Read(_) | Deed::Swap(_) => None,
        };
        self.deeds.iter().filter_map(order).collect()
    }

    /// What was read in `from..to`, in order.
    pub(crate) fn reads(&self, from: Millis, to: Millis) -> Vec<&str> {
        let within = self.deeds.iter().filter(|(at, _)| (from..to).contains(at));
        within
            .filter_map(|(_, deed)| match deed {
                Deed::Read(what) => Some(what.as_str()),
                Deed::Swap(_) | Deed::Order(_) => None,
            })
            .collect()
    }

    /// A machine that is asked again before it was told the outcome answers the same.
    fn ask_twice(&mut self) -> Act<M::End> {
        let now = self.now();
        let act = self.machine.poll(now);
        assert_eq!(self.machine.poll(now), act, "asked twice");
        act
    }

    fn ask_child(&mut self) {
        while let Some(order) = self.machine.child(self.now()) {
            self.write_down(Deed::Order(order));
            match order {
                ChildOrder::Start { .. } => {}
                ChildOrder::Terminate(_) if !self.child_obeys => {}
                ChildOrder::Terminate(_) | ChildOrder::Kill(_) => self.machine.child_gone(),
            }
        }
    }

    fn carry_out(&mut self, act: Act<M::End>) {
        let issued = self.now();
        match act {
            Act::Own => {
                let look = self.look("own", &self.this.clone());
                self.machine.own(look);
            }
            Act::Record => {
                let finding = self.record.clone();
                self.read("record");
                self.machine.record(RecordLook { issued, completed: self.now(), finding });
            }
            Act::Heart(cluster) => {
                let look = self.look(cluster.as_str(), &cluster);
                self.machine.heart(&cluster, look);
            }
            Act::Maintenance => {
                let finding = self.maintenance.clone();
                self.read("maintenance");
                self.machine.maintenance(finding, issued.boot);
            }
            Act::Swap(swap) => {
                self.write_down(Deed::Swap(swap.as_ref().clone()));
                if self.outcome == SwapOutcome::Won {
                    self.record = found(swap.record.clone());
                }
                self.machine.swap(*swap, self.outcome, self.now());
                if let Some((name, heart)) = self.after_swap.take() {
                    self.set_heart(name, heart);
                }
            }
            Act::Sleep(_) | Act::End(_) => unreachable!("carried out by the loop"),
        }
    }

    /// A look shows what was there when it was issued.
    fn look(&mut self, what: &str, cluster: &ClusterId) -> Look {
        let issued = self.now();
        let heart = self.hearts.get(cluster);
        let finding = heart.map_or(Finding::Missing, |heart| heart.finding(millis(self.now)));
        self.read(what);
        Look { issued, completed: self.now(), finding }
    }

    fn read(&mut self, what: &str) {
        self.write_down(Deed::Read(what.to_owned()));
        let takes = self.takes.get(what).copied().unwrap_or(0);
        let done = self.now + Duration::from_millis(takes);
        while let Some(deadline) = self.deadline().filter(|at| *at < done) {
            self.now = deadline;
            self.ask_child();
        }
        self.now = done;
    }

    /// When the workload must be looked after, if that is still to come.
    fn deadline(&self) -> Option<Duration> {
        let deadline = self.machine.deadline().map(|deadline| self.clocks.reach_hold(deadline));
        deadline.filter(|deadline| *deadline > self.now)
    }

    fn write_down(&mut self, deed: Deed) {
        self.deeds.push((millis(self.now), deed));
    }
}

pub(crate) fn wall(at: Millis) -> Tick {
    Clocks::TRUE.at(time(at)).wall
}

pub(crate) fn boot(at: Millis) -> BootTime {
    Clocks::TRUE.at(time(at)).boot
}

const fn time(at: Millis) -> Duration {
    Duration::from_millis(at)
}

fn millis(time: Duration) -> Millis {
    u64::try_from(time.as_millis()).unwrap()
}
