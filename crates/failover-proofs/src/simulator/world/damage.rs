//! Damaged reads: what an actor is handed in place of a stamp.

use failover_policy::{Finding, Purpose, Swap};

use super::{Flight, World};
use crate::simulator::clock::nanos;
use crate::simulator::machine::{Answer, Errand};
use crate::simulator::oracle::Violation;

impl World {
    /// The answer as it reaches that actor.
    pub(super) fn damaged(&mut self, actor: usize, flight: &Flight, answer: Answer) -> Answer {
        let Answer::Stamp(Finding::Stamp(stamp)) = answer else { return answer };
        let Some(guest) = self.plan.actors.get(actor) else { return answer };
        let (now, atomic) = (flight.issued_at, self.plan.atomic);
        let found = guest.damage.iter().find_map(|damage| damage.befalls(now, stamp, atomic, &mut self.dice));
        let Some(finding) = found else { return answer };
        self.oracle.tally.damaged += 1;
        if let (Errand::ReadHeart(_), Some(person)) = (&flight.errand, self.people.get_mut(actor)) {
            // Nobody can be blamed for not having seen what was hidden, except where damage is no silence.
            person.heart_looked = person.heart_looked.filter(|_| atomic);
        }
        Answer::Stamp(finding)
    }

    /// Whoever refuses a claim lives: the next claim comes after a whole watch of whoever makes it.
    pub(super) fn check_refusals(&mut self, swap: &Swap) {
        let victim = swap.record.last_that_may_run();
        let Some(refused) = self.store.index(victim).and_then(|victim| self.refused.get_mut(victim)) else {
            return;
        };
        match swap.purpose {
            Purpose::Contest | Purpose::GiveBack => *refused = Some(self.now),
            Purpose::Claim => {
                let watch = nanos(swap.record.timing.watch.get());
                if refused.is_some_and(|at| self.now - at < watch - watch / 500) {
                    self.oracle.object(Violation::ClaimedAgainAtOnce);
                }
            }
            _ => {}
        }
    }
}
