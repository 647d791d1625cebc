//! The guarded workloads: they run until they are really dead, and die as late as `K` allows.

use failover_policy::ChildOrder;

use super::{Event, World};
use crate::simulator::clock::{MILLI, Nanos, SECOND, nanos};
use crate::simulator::rule::Rule;

/// From SIGKILL to the last thread's end, at most.
const DEATH: Nanos = 290 * MILLI;
/// How late a timer can fire that must be on time. With [`DEATH`] it stays within the half second that `K` allows
/// beyond the grace.
const LATEST_TIMER: Nanos = 200 * MILLI;
/// How much longer than promised a workload takes to die where that rule is broken.
const OVERSTAY: Nanos = 4 * SECOND;

impl World {
    /// Asks the guard what to do with its workload, and sets the timer for the next time.
    pub(super) fn attend_to_child(&mut self, actor: usize) {
        self.ask_about_child(actor, DEATH);
        let latest = if self.dice.percent(10) { LATEST_TIMER } else { MILLI };
        let lag = self.dice.extreme(latest);
        let Some((person, guest)) = self.people.get_mut(actor).zip(self.plan.actors.get(actor)) else {
            return;
        };
        let deadline = person.machine.as_mut().and_then(|machine| machine.guard()?.poll_deadline());
        if let Some(deadline) = deadline.filter(|deadline| person.armed != Some(*deadline)) {
            person.armed = Some(deadline);
            let life = person.life;
            let at = guest.clocks.reaches_hold(deadline) + lag;
            self.at(at, Event::ChildTimer { actor, life });
        }
    }

    /// The same right after a thaw: what is killed now, or was dying before, is dead before it runs.
    pub(super) fn attend_to_thawed_child(&mut self, actor: usize, missed: &[Event]) {
        self.ask_about_child(actor, 0);
        let Some(child) = self.people.get(actor).and_then(|person| person.child) else { return };
        if let Some(site) = self.site_of(actor) {
            let exits =
                |event: &Event| matches!(event, Event::ChildExits { child: other, .. } if *other == child);
            if !missed.iter().any(exits) && !self.exits_now(child) {
                self.oracle.runs(site);
            }
        }
    }

    pub(super) fn child_exits(&mut self, actor: usize, child: u64) {
        let Some(person) = self.people.get_mut(actor) else { return };
        if person.child != Some(child) {
            return;
        }
        person.child = None;
        if let Some(guard) = person.machine.as_mut().and_then(|machine| machine.guard()) {
            guard.handle_child_gone();
        }
        self.note(actor, || "'s workload is gone".to_owned());
        self.rest(actor);
        self.drive(actor);
    }

    /// An actor's workload does nothing any more.
    pub(super) fn rest(&mut self, actor: usize) {
        self.oracle.last_stop = self.now;
        if let Some(site) = self.site_of(actor) {
            self.oracle.rests(site);
        }
    }

    pub(super) fn site_of(&self, actor: usize) -> Option<usize> {
        self.plan.actors.get(actor).map(|actor| actor.site)
    }

    fn ask_about_child(&mut self, actor: usize, dies_within: Nanos) {
        let Some((person, guest)) = self.people.get_mut(actor).zip(self.plan.actors.get(actor)) else {
            return;
        };
        let now = guest.clocks.at(self.now);
        let Some(order) = person.machine.as_mut().and_then(|machine| machine.guard()?.poll_child(now)) else {
            return;
        };
        self.note(actor, || format!("orders {order:?}"));
        match order {
            ChildOrder::Start { term } => self.start_child(actor, term),
            ChildOrder::Terminate(_) => self.terminate_child(actor),
            ChildOrder::Kill(_) => self.kill_child(actor, dies_within),
        }
    }

    fn start_child(&mut self, actor: usize, term: u64) {
        let child = self.number();
        if let Some(person) = self.people.get_mut(actor) {
            person.child = Some(child);
        }
        if let Some(site) = self.site_of(actor) {
            self.oracle.starts(site, term);
        }
    }

    /// Half of the workloads obey, not all of them in time.
    fn terminate_child(&mut self, actor: usize) {
        let grace = self.site_of(actor).and_then(|site| self.plan.sites.get(site));
        let grace = grace.map_or(0, |site| nanos(site.timing.stop_grace.get()));
        if self.dice.percent(50) {
            let takes = self.dice.between(0, grace + grace / 4);
            self.let_child_die(actor, takes);
        }
    }

    fn kill_child(&mut self, actor: usize, dies_within: Nanos) {
        let overstay = if self.breaks(Rule::StopInTime) { OVERSTAY } else { 0 };
        let takes = self.dice.extreme(dies_within + overstay);
        self.let_child_die(actor, takes);
    }

    fn let_child_die(&mut self, actor: usize, takes: Nanos) {
        if let Some(child) = self.people.get(actor).and_then(|person| person.child) {
            self.at(self.now + takes, Event::ChildExits { actor, child });
        }
    }

    /// Whether this child's end is due at this very moment.
    fn exits_now(&self, child: u64) -> bool {
        let due = self.events.range((self.now, 0)..=(self.now, u64::MAX));
        due.into_iter()
            .any(|(_, event)| matches!(event, Event::ChildExits { child: other, .. } if *other == child))
    }
}
