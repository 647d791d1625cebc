//! Drives one machine by hand on virtual time: its reads are answered from a made-up store, several at a time where it
//! asks for that, its swaps end as the test says, and whatever it does is written down with the moment at which it does it.

mod cast;
mod clocks;
mod heart;
mod machine;

use std::collections::BTreeMap;
use std::time::Duration;

use failover_policy::{
    BootTime, ChildOrder, ClusterId, Finding, Lane, Look, MaintenanceFinding, Now, OwnershipRecord, Purpose,
    RecordFinding, RecordLook, Swap, SwapOutcome, Tick, UnderWay,
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

/// A read that was not answered yet.
#[derive(Debug, Clone)]
struct Flight {
    lane: Lane,
    issued: Now,
    answered_at: Duration,
    answer: Answer,
}

/// What a read found: the store as it was when the read was issued.
#[derive(Debug, Clone)]
enum Answer {
    Own(Finding),
    Record(RecordFinding),
    Heart(ClusterId, Finding),
    Maintenance(MaintenanceFinding),
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
    /// Whether nothing is asked for while something is under way: not how it is done.
    pub(crate) one_at_a_time: bool,
    /// What the machine's clocks show.
    pub(crate) clocks: Clocks,
    this: ClusterId,
    /// True time since the test began.
    now: Duration,
    /// What is under way, the earliest answer first.
    flights: Vec<Flight>,
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
            one_at_a_time: false,
            this: id(this),
            clocks: Clocks::TRUE,
            now: Duration::ZERO,
            flights: Vec::new(),
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
            match self.ask_twice() {
                Act::Sleep(wake) => {
                    assert!(wake > self.now().boot, "a sleep into the past: {:?}", self.machine);
                    let next = self.next_moment(self.clocks.reach(wake));
                    if next > time(until) {
                        self.now = self.now.max(time(until));
                        self.ask_child();
                        return None;
                    }
                    steps = if next > self.now { 0 } else { steps };
                    self.now = self.now.max(next);
                    self.answer();
                }
                Act::End(end) => return Some(end),
                act => self.carry_out(act),
            }
            steps += 1;
            assert!(steps <= MOST_STEPS, "the machine spins: {:?}", self.machine);
        }
    }

    /// The process stands still until then; answers that came meanwhile are found afterwards.
    pub(crate) fn freeze_to(&mut self, until: Millis) {
        self.now = self.now.max(time(until));
        self.ask_child();
        while self.answer() {}
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

    /// When this was read.
    pub(crate) fn times_of(&self, what: &str) -> Vec<Millis> {
        let is_it = |deed: &Deed| matches!(deed, Deed::Read(read) if read == what);
        self.deeds.iter().filter(|(_, deed)| is_it(deed)).map(|(at, _)| *at).collect()
    }

    /// A machine that is asked again before anything happened answers the same.
    fn ask_twice(&mut self) -> Act<M::End> {
        let now = self.now();
        if self.one_at_a_time && !self.flights.is_empty() {
            return Act::Sleep(now.boot.after(Duration::from_mins(1)));
        }
        let under_way: UnderWay = self.flights.iter().map(|flight| flight.lane).collect();
        let act = self.machine.poll(now, under_way);
        assert_eq!(self.machine.poll(now, under_way), act, "asked twice");
        assert!(!act.lane().is_some_and(|lane| under_way.has(lane)), "one call of a kind at a time: {act:?}");
        act
    }

    /// When something happens next: the machine wakes, an answer comes, or the workload has to be seen to.
    fn next_moment(&self, wake: Duration) -> Duration {
        let answered = self.flights.first().map(|flight| flight.answered_at);
        [self.deadline(), answered].into_iter().flatten().fold(wake, Duration::min)
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
        let this = self.this.clone();
        match act {
            Act::Own => self.read("own", Lane::Own, Answer::Own(self.finding(&this))),
            Act::Record => self.read("record", Lane::Record, Answer::Record(self.record.clone())),
            Act::Heart(cluster) => {
                let finding = self.finding(&cluster);
                self.read(cluster.clone().as_str(), Lane::Heart, Answer::Heart(cluster, finding));
            }
            Act::Maintenance => {
                let answer = Answer::Maintenance(self.maintenance.clone());
                self.read("maintenance", Lane::Maintenance, answer);
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

    fn finding(&self, cluster: &ClusterId) -> Finding {
        self.hearts.get(cluster).map_or(Finding::Missing, |heart| heart.finding(millis(self.now)))
    }

    /// A read that takes no time is answered at once.
    fn read(&mut self, what: &str, lane: Lane, answer: Answer) {
        self.write_down(Deed::Read(what.to_owned()));
        let takes = Duration::from_millis(self.takes.get(what).copied().unwrap_or(0));
        let (issued, answered_at) = (self.now(), self.now + takes);
        let later = self.flights.partition_point(|flight| flight.answered_at <= answered_at);
        self.flights.insert(later, Flight { lane, issued, answered_at, answer });
        if takes.is_zero() {
            self.answer();
        }
    }

    /// Hands over the next answer that has come; says whether there was one.
    fn answer(&mut self) -> bool {
        if self.flights.first().is_none_or(|flight| flight.answered_at > self.now) {
            return false;
        }
        let Flight { issued, answer, .. } = self.flights.remove(0);
        let completed = self.now();
        match answer {
            Answer::Own(finding) => self.machine.own(Look { issued, completed, finding }),
            Answer::Record(finding) => {
                self.machine.record(RecordLook { issued, completed, finding });
            }
            Answer::Heart(cluster, finding) => {
                self.machine.heart(&cluster, Look { issued, completed, finding });
            }
            Answer::Maintenance(finding) => self.machine.maintenance(finding, issued.boot),
        }
        true
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
