//! Carries the guard's steps to the store, one after the other.

use std::cell::RefCell;
use std::convert::Infallible;

use failover_policy::{ClusterId, Guard, Step};
use flatline_shell::{Clock, sleep_until};
use tokio::sync::Notify;

use crate::carrier::Carrier;
use crate::errand::Errand;

/// The store's side of a guard.
pub(super) struct Errands<'e> {
    pub(super) guard: &'e RefCell<Guard>,
    pub(super) changed: &'e Notify,
    pub(super) clock: &'e dyn Clock,
    pub(super) this: &'e ClusterId,
}

impl Errands<'_> {
    /// Carries out what the policy's guard asks of the store, for ever.
    pub(super) async fn run(&self, carrier: &mut Carrier) -> Infallible {
        loop {
            let step = self.guard.borrow_mut().poll_step(self.clock.now());
            match step {
                Step::Sleep(until) => sleep_until(self.clock, until).await,
                // A guarded gate never opens by itself; if it did, looking again would be the right thing.
                Step::Open(_) => tokio::task::yield_now().await,
                step => {
                    if let Some(errand) = carrier.run(step, self.this).await {
                        self.hand_back(errand);
                    }
                }
            }
            self.changed.notify_one();
        }
    }

    fn hand_back(&self, errand: Errand) {
        let mut guard = self.guard.borrow_mut();
        match errand {
            Errand::Own(look) => guard.handle_own(look.answer),
            Errand::Record(look) => guard.handle_record(look.answer),
            Errand::Heart(cluster, look) => guard.handle_heart(&cluster, look.answer),
            Errand::Maintenance(issued, read) => guard.handle_maintenance(read.answer, issued),
            Errand::Swap(swap, swapped) => {
                let swapped = swapped.answer;
                guard.handle_swap(*swap, swapped.outcome, swapped.issued, swapped.completed);
            }
        }
    }
}
