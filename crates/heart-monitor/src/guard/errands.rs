//! Carries the guard's steps to the store, one after the other, and tells what came of them.

use std::cell::RefCell;
use std::convert::Infallible;

use failover_policy::{ClusterId, Guard, Step};
use flatline_shell::activation::{ActivationRequest, Activations};
use flatline_shell::{Clock, sleep_until};
use futures::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::carrier::Carrier;
use crate::errand::Errand;
use crate::ownership::activation;
use crate::ownership::chronicle::Chronicle;
use crate::ownership::rehearsal::{self, Rehearsal};
use crate::strangers::Stranger;

/// The store's side of a guard.
pub(super) struct Errands<'e> {
    pub(super) guard: &'e RefCell<Guard>,
    pub(super) changed: &'e Notify,
    pub(super) clock: &'e dyn Clock,
    pub(super) this: &'e ClusterId,
    pub(super) chronicle: &'e RefCell<Chronicle>,
    pub(super) carrier: Carrier,
    /// Until it has begun.
    pub(super) rehearsal: Option<Rehearsal>,
    /// Ends with this guard.
    pub(super) beside: JoinSet<()>,
}

impl Errands<'_> {
    /// Carries out what the policy's guard asks of the store, for ever. An activation is carried out between two
    /// steps, so that no step is cut short.
    pub(super) async fn run(&mut self, activations: &mut Activations) -> Infallible {
        loop {
            if let Some(request) = activations.next().now_or_never() {
                self.activate(request).await;
            }
            let step = self.guard.borrow_mut().poll_step(self.clock.now());
            match step {
                Step::Sleep(until) => {
                    self.rehearse_once();
                    tokio::select! {
                        biased;
                        request = activations.next() => self.activate(request).await,
                        () = sleep_until(self.clock, until) => {}
                    }
                }
                // A guarded gate never opens by itself; if it did, looking again would be the right thing.
                Step::Open(_) => tokio::task::yield_now().await,
                step => self.carry_out(step).await,
            }
        }
    }

    async fn carry_out(&mut self, step: Step) {
        let Some(errand) = self.carrier.run(step, self.this).await else { return };
        self.take(errand);
        let wanted = self.chronicle.borrow().wants_details();
        if let Some(cluster) = wanted {
            let details = self.carrier.store().read_details(&cluster).await.ok().flatten();
            self.chronicle.borrow_mut().note_details(details.as_ref());
        }
        let stranger = self.chronicle.borrow().wants_clusters();
        if let Some(cluster) = stranger {
            let stranger = Stranger::now(self.carrier.store(), &cluster).await;
            self.chronicle.borrow_mut().note_stranger(&stranger);
        }
    }

    /// Hands an answer to the machine, wakes the workload's side, then tells of it.
    fn take(&self, errand: Errand) {
        let mut guard = self.guard.borrow_mut();
        let kept = errand.clone();
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
        self.changed.notify_one();
        let now = self.clock.now();
        self.chronicle.borrow_mut().note(&kept, guard.gate(), guard.waiting(now), now);
    }

    async fn activate(&mut self, request: ActivationRequest) {
        let asked = activation::asked(self.guard.borrow().gate(), request.from(), self.clock.now());
        let outcome = match asked {
            Ok(swap) => match activation::without_a_heart(&swap, self.carrier.store()).await {
                None => {
                    let (errand, outcome) = activation::carry_out(swap, &mut self.carrier).await;
                    self.take(errand);
                    outcome
                }
                Some(refused) => refused,
            },
            Err(why_not) => why_not,
        };
        request.answer(outcome).await;
    }

    fn rehearse_once(&mut self) {
        let guard = self.guard;
        if let Some(rehearsal) = self.rehearsal.take_if(|_| rehearsal::concerns(guard.borrow().gate())) {
            self.beside.spawn(rehearsal.run());
        }
    }
}
