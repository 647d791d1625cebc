//! Carries the guard's steps to the store, and tells what came of them.

use std::cell::RefCell;
use std::convert::Infallible;

use failover_policy::{Guard, Lane, Span, Step};
use flatline_shell::activation::{ActivationRequest, Activations};
use flatline_shell::{Clock, sleep_until};
use futures::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::calls::{Answer, Calls};
use crate::errand::Errand;
use crate::ownership::activation;
use crate::ownership::chronicle::Chronicle;
use crate::ownership::rehearsal::{self, Rehearsal};

/// The store's side of a guard.
pub(super) struct Errands<'e> {
    pub(super) guard: &'e RefCell<Guard>,
    pub(super) changed: &'e Notify,
    pub(super) clock: &'e dyn Clock,
    pub(super) chronicle: &'e RefCell<Chronicle>,
    pub(super) calls: Calls,
    /// `c`, as far as is known by now.
    pub(super) cache_age: watch::Receiver<Span>,
    /// Until it has begun.
    pub(super) rehearsal: Option<Rehearsal>,
    /// Ends with this guard.
    pub(super) beside: JoinSet<()>,
}

impl Errands<'_> {
    /// Carries out what the policy's guard asks of the store, for ever. An activation waits until nothing is under way
    /// with the record, so that no step is cut short.
    pub(super) async fn run(&mut self, activations: &mut Activations) -> Infallible {
        loop {
            if let Some(request) = activations.next().now_or_never() {
                self.activate(request).await;
            }
            self.guard.borrow_mut().allow_for_caches(*self.cache_age.borrow_and_update());
            let step = self.guard.borrow_mut().poll_step(self.clock.now(), self.calls.under_way());
            match step {
                Step::Sleep(until) => {
                    self.rehearse_once();
                    tokio::select! {
                        biased;
                        answer = self.calls.next() => self.take(answer),
                        request = activations.next() => self.activate(request).await,
                        () = sleep_until(self.clock, until) => {}
                    }
                }
                // A guarded gate never opens by itself; if it did, looking again would be the right thing.
                Step::Open(_) => tokio::task::yield_now().await,
                step => self.calls.begin(step),
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Errand(errand) => self.take_errand(errand),
            Answer::Details(cluster, details) => {
                self.chronicle.borrow_mut().note_details(&cluster, details.as_ref());
            }
            Answer::Stranger(cluster, stranger) => {
                self.chronicle.borrow_mut().note_stranger(&cluster, &stranger);
            }
        }
        self.calls.serve(&self.chronicle.borrow());
    }

    /// Hands an answer to the machine, wakes the workload's side, then tells of it.
    fn take_errand(&self, errand: Errand) {
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
        while self.calls.under_way().has(Lane::Record) {
            let answer = self.calls.next().await;
            self.take(answer);
        }
        let asked = activation::asked(self.guard.borrow().gate(), request.from(), self.clock.now());
        let outcome = match asked {
            Ok(swap) => match activation::without_a_heart(&swap, self.calls.carrier().store()).await {
                None => {
                    let (errand, outcome) = activation::carry_out(swap, self.calls.carrier()).await;
                    self.take_errand(errand);
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
