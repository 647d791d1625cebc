//! The end: once everything has healed, somebody must run, and go on running, and the work can be moved.

use failover_policy::Phase;

use super::{Event, World};
use crate::simulator::clock::{MILLI, Nanos, SECOND, nanos};
use crate::simulator::machine::Machine;
use crate::simulator::oracle::Violation;
use crate::simulator::plan::Role;

/// Time from one look at the world to the next.
const ROUND: Nanos = 250 * MILLI;

/// How the world has been lately.
#[derive(Debug, Default)]
pub(super) struct Health {
    well_since: Option<Nanos>,
    longest_drain: Nanos,
    /// When the work is to be moved at the latest, once somebody moves it.
    moved_by: Option<Nanos>,
}

impl World {
    /// Looks whether the world is well, and ends it when it was for long enough.
    pub(super) fn check_up(&mut self) {
        let threshold = self.plan.longest(|timing| timing.flatline_after);
        let healed = self.now - self.plan.heals;
        match self.health.moved_by {
            _ if self.plan.loses_record => self.over = healed > 3 * threshold,
            Some(deadline) => self.judge_finale(deadline),
            None => self.judge(healed, threshold),
        }
        if !self.over {
            self.at(self.now + ROUND, Event::Checkup);
        }
    }

    fn judge(&mut self, healed: Nanos, threshold: Nanos) {
        let calm = healed > threshold + 4 * SECOND;
        let was_well = self.health.well_since.is_some();
        let stopped = self.health.well_since.is_some_and(|since| self.oracle.last_stop > since);
        let is_well = self.is_well();
        if calm && was_well && (stopped || !is_well) {
            self.oracle.object(Violation::Flapping);
        }
        if !is_well || stopped {
            self.health.well_since = None;
        } else if calm {
            let since = *self.health.well_since.get_or_insert(self.now);
            if self.now - since > threshold {
                self.begin_finale(threshold);
            }
        }
        if !is_well && healed > self.patience(threshold) {
            self.oracle.object(Violation::NobodyRuns);
        }
    }

    fn begin_finale(&mut self, threshold: Nanos) {
        let Some(operator) = self.plan.finale else {
            self.over = true;
            return;
        };
        self.start(operator);
        self.health.moved_by = Some(self.now + self.patience(threshold) / 2);
    }

    fn judge_finale(&mut self, deadline: Nanos) {
        let operator = self.plan.finale.and_then(|operator| self.plan.actors.get(operator));
        let Some(Role::Handover { to, .. }) = operator.map(|operator| &operator.role) else { return };
        self.over = self.store.record().is_some_and(|record| record.owner == *to) && self.is_well();
        if self.now > deadline {
            self.oracle.object(Violation::HandoverFails);
        }
    }

    /// Whether a cluster that is there owns the work and runs it in all its guards, and nobody is at work on the
    /// record.
    fn is_well(&mut self) -> bool {
        let Some(record) = self.store.record() else { return false };
        if let Phase::Releasing { drain, .. } = &record.phase {
            self.health.longest_drain = self.health.longest_drain.max(nanos(drain.get()));
        }
        let Some(owner) = self.store.index(&record.owner) else { return false };
        let active = matches!(record.phase, Phase::Active { .. });
        let survives = self.plan.sites.get(owner).is_some_and(|site| site.survives);
        active && survives && self.oracle.only_runs(owner) && self.all_run(owner)
    }

    fn all_run(&self, owner: usize) -> bool {
        self.people.iter().zip(&self.plan.actors).all(|(person, guest)| match &person.machine {
            Some(Machine::Guard(guard)) if guest.site == owner => guard.is_running(),
            Some(Machine::Handover(_)) => false,
            _ => true,
        })
    }

    /// How long it may take until somebody runs: a record that has to stand still, a heart that has to be flat, one
    /// after the other, and then some for whoever is second to try.
    /// A clock that is slewed makes everybody wait for a tenth longer.
    fn patience(&self, threshold: Nanos) -> Nanos {
        let patience = 6 * threshold + 2 * self.health.longest_drain + 4 * self.plan.cache_age + 10 * SECOND;
        patience + patience / 9
    }
}
