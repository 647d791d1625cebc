//! What befalls people: starts, crashes, freezes, thaws.

use failover_policy::{Gate, Guard, Handover, HandoverRule, LeaseTiming, Maintenance, WatchRule};

use super::{World, gate_rule, guard_rule};
use crate::simulator::clock::tick;
use crate::simulator::machine::Machine;
use crate::simulator::plan::{Deed, Plan, Role};
use crate::simulator::upkeep::Upkeep;

impl World {
    pub(super) fn befall(&mut self, deed: Deed) {
        match deed {
            Deed::Start(actor) => self.start(actor),
            Deed::Crash(actor) => self.crash(actor),
            Deed::Freeze(actor) => self.freeze(actor),
            Deed::Thaw(actor) => self.thaw(actor),
            Deed::BeaconDies(beacon) => {
                if let Some(spells) = self.silenced.get_mut(beacon) {
                    *spells += 1;
                }
                self.trace.note(self.now, || format!("beacon {beacon} dies"));
            }
            Deed::BeaconReturns(beacon) => {
                if let Some(spells) = self.silenced.get_mut(beacon) {
                    *spells = spells.saturating_sub(1);
                }
                self.trace.note(self.now, || format!("beacon {beacon} returns"));
            }
            Deed::RecordVanishes => {
                self.trace.note(self.now, || "the record vanishes".to_owned());
                self.store.lose_record(self.now);
            }
            Deed::MaintenanceEnds => self.end_maintenance(),
        }
    }

    pub(super) fn start(&mut self, actor: usize) {
        let Some(person) = self.people.get_mut(actor).filter(|person| person.machine.is_none()) else {
            return;
        };
        person.life += 1;
        let life = person.life;
        let machine = machine(&self.plan, actor, life);
        person.machine = machine;
        person.has_read = false;
        person.flights.clear();
        self.note(actor, || "starts".to_owned());
        self.drive(actor);
    }

    fn crash(&mut self, actor: usize) {
        self.note(actor, || "crashes".to_owned());
        let Some(person) = self.people.get_mut(actor) else { return };
        person.machine = None;
        person.flights.clear();
        person.armed = None;
        person.missed.clear();
        person.life += 1;
        let (had_child, frozen) = (person.child.take().is_some(), person.frozen > 0);
        if had_child && !frozen {
            self.rest(actor);
        }
    }

    fn freeze(&mut self, actor: usize) {
        self.note(actor, || "freezes".to_owned());
        let Some(person) = self.people.get_mut(actor) else { return };
        person.frozen += 1;
        if person.frozen == 1 && person.child.is_some() {
            self.rest(actor);
        }
    }

    /// The first thing that is asked after a thaw is what to do with the child; a child that is killed then does not
    /// get to run.
    fn thaw(&mut self, actor: usize) {
        let Some(person) = self.people.get_mut(actor) else { return };
        person.frozen = person.frozen.saturating_sub(1);
        if person.frozen > 0 {
            return;
        }
        let missed = std::mem::take(&mut person.missed);
        self.note(actor, || "thaws".to_owned());
        self.attend_to_thawed_child(actor, &missed);
        for event in missed {
            self.happen(event);
        }
    }

    fn end_maintenance(&mut self) {
        self.maintained = None;
        let over = Maintenance {
            version: Maintenance::VERSION,
            active: false,
            until: tick(self.now, 0),
            by: "operator".to_owned(),
            reason: "over".to_owned(),
        };
        self.store.put_maintenance(self.now, over);
    }
}

fn machine(plan: &Plan, index: usize, life: u32) -> Option<Machine> {
    let actor = plan.actors.get(index)?;
    let site = actor.site;
    let timing = plan.sites.get(site)?.timing;
    let by = format!("{}.{life}", actor.name);
    Some(match &actor.role {
        Role::Guard { takeover_delay } => {
            let gate = gate_rule(plan, site, by, *takeover_delay)?;
            Machine::Guard(Box::new(Guard::new(guard_rule(plan, site, gate)?)))
        }
        Role::Gate => {
            let rule = gate_rule(plan, site, by, failover_policy::Span::ZERO)?;
            Machine::Gate(Box::new(Gate::new(rule)))
        }
        Role::Handover { to, drain } => Machine::Handover(Box::new(Handover::new(HandoverRule {
            to: to.clone(),
            drain: *drain,
            by,
            watch: WatchRule::new(&timing),
            lease: LeaseTiming::of(&timing),
            cache_age: plan.believed_cache_age,
        }))),
        Role::Maintenance { lasts } => Machine::Maintenance(Upkeep::new(*lasts, by)),
    })
}
