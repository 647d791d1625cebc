//! Writes that take effect in the store.

use failover_policy::{MaintenanceFinding, Purpose, Swap};

use super::World;
use crate::simulator::machine::Errand;
use crate::simulator::oracle::Violation;

impl World {
    /// A write takes effect, whether anybody still waits for it or not.
    pub(super) fn land(&mut self, actor: usize, flight: u64, write: Errand) {
        let won = match write {
            Errand::Swap(swap) => self.land_swap(actor, &swap),
            Errand::Bump(record) => {
                let won = self.store.swap(self.now, Some(record.revision - 1), &record);
                if won {
                    self.maintained = self.store.read_maintenance(self.now).cloned();
                }
                won
            }
            Errand::Announce(maintenance) => {
                // An operator who is late beyond all trouble would only keep everybody waiting.
                if self.now < self.plan.heals {
                    self.store.put_maintenance(self.now, maintenance);
                }
                true
            }
            _ => return,
        };
        let Some(person) = self.people.get_mut(actor) else { return };
        if let Some(flight) = person.flights.iter_mut().find(|open| open.id == flight) {
            flight.won = Some(won);
        }
    }

    fn land_swap(&mut self, actor: usize, swap: &Swap) -> bool {
        let won = self.store.swap(self.now, swap.over, &swap.record);
        let outcome = if won { "lands" } else { "comes too late" };
        self.note(actor, || {
            format!("'s {} of revision {} {outcome}", swap.purpose.word(), swap.record.revision)
        });
        if won {
            self.oracle.tally.note(swap.purpose);
            self.check_maintenance(actor, swap);
            self.check_refusals(swap);
        }
        won
    }

    /// By the clock of a claimant whose clock does not step.
    fn check_maintenance(&mut self, actor: usize, swap: &Swap) {
        let Some(guest) = self.plan.actors.get(actor).filter(|guest| !guest.clocks.steps()) else { return };
        let current = self.store.read_maintenance(self.now);
        let Some(current) = current.filter(|_| current == self.maintained.as_ref()) else { return };
        let finding = MaintenanceFinding::judge(Some(&current.to_json()), guest.clocks.at(self.now).wall);
        if swap.purpose == Purpose::Claim && !finding.allows_takeover() {
            self.oracle.object(Violation::ClaimDuringMaintenance);
        }
    }
}
