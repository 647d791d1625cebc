//! One run: events in order of true time, until everything has healed and stayed well for a while.

mod beacons;
mod checkup;
mod damage;
mod fate;
mod landing;
mod shell;
mod workload;

use std::collections::BTreeMap;

use failover_policy::{GateRule, GuardRule, HoldTime, LeaseTiming, Maintenance, Now, Stamp, WatchRule};

use super::clock::Nanos;
use super::dice::Dice;
use super::lie::Liar;
use super::machine::{Errand, Machine};
use super::oracle::{Oracle, Scope, Violation};
use super::plan::{Deed, Plan};
use super::rule::{Rule, Setting};
use super::store::Store;
use super::tally::Tally;
use super::trace::Trace;
use super::weather::Weather;
use checkup::Health;

/// Something that happens at a moment.
#[derive(Debug, Clone)]
enum Event {
    Deed(Deed),
    Beat(usize),
    StampLands { site: usize, stamp: Stamp },
    WriteLands { actor: usize, flight: u64, write: Box<Errand> },
    Answer { actor: usize, life: u32, flight: u64 },
    Wake { actor: usize, life: u32, nap: u64 },
    ChildTimer { actor: usize, life: u32 },
    ChildExits { actor: usize, child: u64 },
    Checkup,
}

impl Event {
    /// Who has to be awake for it; everything else happens to the store, or is fate.
    fn actor(&self) -> Option<usize> {
        match self {
            Self::Deed(Deed::Start(actor))
            | Self::Answer { actor, .. }
            | Self::Wake { actor, .. }
            | Self::ChildTimer { actor, .. }
            | Self::ChildExits { actor, .. } => Some(*actor),
            Self::Deed(_)
            | Self::Beat(_)
            | Self::StampLands { .. }
            | Self::WriteLands { .. }
            | Self::Checkup => None,
        }
    }
}

/// What is known of an actor of the plan while the world runs.
#[derive(Debug)]
struct Person {
    machine: Option<Machine>,
    liar: Liar,
    /// How often it was started.
    life: u32,
    /// How many freezes it is in.
    frozen: u32,
    /// What it has to attend to when it thaws.
    missed: Vec<Event>,
    /// At most one of each lane.
    flights: Vec<Flight>,
    nap: u64,
    /// The deadline for which the child's timer is set.
    armed: Option<HoldTime>,
    child: Option<u64>,
    /// When the last look was issued that found a stamp of the watched heart.
    heart_looked: Option<Nanos>,
    /// Whether this life has read a record.
    has_read: bool,
}

/// An operation that is under way.
#[derive(Debug)]
struct Flight {
    id: u64,
    errand: Errand,
    issued: Now,
    issued_at: Nanos,
    /// The moment that a read shows.
    shows: Nanos,
    answered: bool,
    /// Whether a write landed and won.
    won: Option<bool>,
}

/// The world in motion.
#[derive(Debug)]
pub(super) struct World {
    plan: Plan,
    setting: Setting,
    dice: Dice,
    now: Nanos,
    events: BTreeMap<(Nanos, u64), Event>,
    numbers: u64,
    store: Store,
    people: Vec<Person>,
    /// How many spells each beacon is in that silence it.
    silenced: Vec<u32>,
    /// Maintenance as it was when every claim in flight had been made to read it.
    maintained: Option<Maintenance>,
    /// When each cluster last refused a claim, or was spared by its claimant.
    refused: Vec<Option<Nanos>>,
    oracle: Oracle,
    health: Health,
    over: bool,
    trace: Trace,
}

impl World {
    pub(super) fn new(plan: Plan, seed: u64, setting: Setting, traced: bool) -> Self {
        let ids: Vec<_> = plan.sites.iter().map(|site| site.id.clone()).collect();
        let people =
            plan.actors.iter().map(|actor| Person::new(setting, lease_at(&plan, actor.site))).collect();
        Self {
            store: Store::new(&ids, plan.record.clone()),
            people,
            silenced: vec![0; plan.beacons.len()],
            refused: vec![None; ids.len()],
            oracle: Oracle::new(ids.len(), scope(&plan, setting)),
            health: Health::default(),
            // Another stream than the plan's, so that a plan can be changed without changing all of its fate.
            dice: Dice::new(!seed),
            now: 0,
            events: BTreeMap::new(),
            numbers: 0,
            maintained: None,
            over: false,
            trace: Trace::kept(traced),
            setting,
            plan,
        }
    }

    /// Runs to the end, or to the first violation.
    pub(super) fn run(mut self) -> (Tally, Option<Violation>, Trace) {
        self.set_the_stage();
        while let Some(((now, _), event)) = self.events.pop_first() {
            self.now = now;
            self.happen(event);
            if self.over || self.oracle.violation().is_some() {
                break;
            }
        }
        let violation = self.oracle.violation();
        self.oracle.tally.schedules = 1;
        if let Some(violation) = violation {
            self.trace.note(self.now, || violation.to_string());
        }
        (self.oracle.tally, violation, self.trace)
    }

    fn set_the_stage(&mut self) {
        self.trace.note(0, || format!("{:#?}", self.plan));
        for (time, deed) in std::mem::take(&mut self.plan.deeds) {
            self.at(time, Event::Deed(deed));
        }
        for beacon in 0..self.plan.beacons.len() {
            let phase = self.plan.beacons.get(beacon).map_or(0, |beacon| beacon.phase);
            self.at(phase, Event::Beat(beacon));
        }
        self.at(self.plan.heals, Event::Checkup);
    }

    fn happen(&mut self, event: Event) {
        if let Some(person) = event.actor().and_then(|actor| self.people.get_mut(actor))
            && person.frozen > 0
        {
            person.missed.push(event);
            return;
        }
        match event {
            Event::Deed(deed) => self.befall(deed),
            Event::Beat(beacon) => self.beat(beacon),
            Event::StampLands { site, stamp } => self.store.put_stamp(site, self.now, stamp),
            Event::WriteLands { actor, flight, write } => self.land(actor, flight, *write),
            Event::Answer { actor, life, flight } => self.answer(actor, life, flight),
            Event::Wake { actor, life, nap } => {
                if self.people.get(actor).is_some_and(|person| person.life == life && person.nap == nap) {
                    self.drive(actor);
                }
            }
            Event::ChildTimer { actor, life } => {
                if let Some(person) = self.people.get_mut(actor).filter(|person| person.life == life) {
                    person.armed = None;
                    self.drive(actor);
                }
            }
            Event::ChildExits { actor, child } => self.child_exits(actor, child),
            Event::Checkup => self.check_up(),
        }
    }

    fn at(&mut self, time: Nanos, event: Event) {
        let number = self.number();
        self.events.insert((time.max(self.now), number), event);
    }

    /// A number that nothing else has.
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// What the way to the store is like now.
    fn weather(&self) -> Weather {
        if self.now < self.plan.heals { self.plan.weather } else { self.plan.weather.healed() }
    }

    fn breaks(&self, rule: Rule) -> bool {
        self.setting.breaks(rule)
    }
}

impl Person {
    fn new(setting: Setting, lease: LeaseTiming) -> Self {
        Self {
            machine: None,
            liar: Liar::new(setting, lease),
            life: 0,
            frozen: 0,
            missed: Vec::new(),
            flights: Vec::new(),
            nap: 0,
            armed: None,
            child: None,
            heart_looked: None,
            has_read: false,
        }
    }
}

fn scope(plan: &Plan, setting: Setting) -> Scope {
    match (setting.broken, plan.loses_record) {
        (true, _) => Scope::Only(setting.about.map_or(Violation::DoubleRun, Rule::breach)),
        (false, true) => Scope::LossOfTheRecord,
        (false, false) => Scope::Everything,
    }
}

fn lease_at(plan: &Plan, site: usize) -> LeaseTiming {
    LeaseTiming::of(&plan.sites.get(site).map(|site| site.timing).unwrap_or_default())
}

/// The production configuration of somebody in a cluster.
fn gate_rule(
    plan: &Plan,
    site: usize,
    by: String,
    takeover_delay: failover_policy::Span,
) -> Option<GateRule> {
    let stands_in = plan.sites.get(site)?;
    Some(GateRule {
        this: stands_in.id.clone(),
        primary: plan.sites.get(Plan::PRIMARY)?.id.clone(),
        by,
        mode: failover_policy::Mode::Strict,
        guarded: false,
        watch: WatchRule::new(&stands_in.timing),
        lease: LeaseTiming::of(&stands_in.timing),
        cache_age: plan.believed_cache_age,
        takeover_delay,
        store_grace: failover_policy::Span::MAX,
    })
}

fn guard_rule(plan: &Plan, site: usize, gate: GateRule) -> Option<GuardRule> {
    let stop_grace = plan.sites.get(site)?.timing.stop_grace;
    Some(GuardRule { gate, stop_grace, on_store_loss: failover_policy::OnStoreLoss::Stop })
}
