//! Carries the policy's gate out until it opens.

use std::io;
use std::sync::Arc;

use failover_policy::{BootTime, Gate, Lane, Opening, Span, Step};
use flatline_shell::activation::{ActivationRequest, Activations};
use flatline_shell::{Clock, Exit, sleep_until};
use futures::FutureExt;
use heartbeat_store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::calls::{Answer, Calls};
use crate::carrier::Carrier;
use crate::errand::Errand;
use crate::heart_journal::SUMMARY_EVERY;
use crate::ownership::activation;
use crate::ownership::chronicle::Chronicle;
use crate::ownership::config::OwnershipConfig;
use crate::ownership::rehearsal::{self, Rehearsal};
use crate::ownership::state::OwnershipState;

/// One closed gate.
#[derive(Debug)]
pub(super) struct Hold<'h> {
    config: &'h OwnershipConfig,
    clock: Arc<dyn Clock>,
    gate: Gate,
    calls: Calls,
    chronicle: Chronicle,
    /// `c`, as far as is known by now.
    cache_age: watch::Receiver<Span>,
    /// Until it has begun.
    rehearsal: Option<Rehearsal>,
    /// Ends with this gate.
    beside: JoinSet<()>,
    /// When it was last said that the term cannot be handed over.
    term_trouble: Option<BootTime>,
}

impl<'h> Hold<'h> {
    pub(super) fn new(
        config: &'h OwnershipConfig,
        store: Store,
        clock: Arc<dyn Clock>,
        chronicle: Chronicle,
        state: Arc<OwnershipState>,
    ) -> Self {
        let (age, cache_age) = watch::channel(config.rule.cache_age);
        let mut beside = JoinSet::new();
        beside.spawn(config.caches.clone().run(age));
        let rehearsal = Rehearsal { store: store.clone(), clock: Arc::clone(&clock), state };
        Self {
            config,
            gate: Gate::new(config.rule.clone()),
            calls: Calls::new(Carrier::new(store, Arc::clone(&clock)), config.rule.this.clone()),
            clock,
            chronicle,
            rehearsal: Some(rehearsal),
            cache_age,
            beside,
            term_trouble: None,
        }
    }

    /// Returns when the gate is open and the term handed over. An activation waits until nothing is under way with the
    /// record, so that no step is cut short.
    pub(super) async fn until_open(&mut self, activations: &mut Activations) -> Exit {
        loop {
            if let Some(request) = activations.next().now_or_never() {
                self.activate(request).await;
            }
            self.gate.allow_for_caches(*self.cache_age.borrow_and_update());
            match self.gate.poll_step(self.clock.now(), self.calls.under_way()) {
                Step::Open(opening) => match self.hand_over(&opening).await {
                    Ok(()) => {
                        self.chronicle.goes(&opening, self.clock.now().boot);
                        return Exit::Done;
                    }
                    Err(error) => self.complain(&error, &opening).await,
                },
                Step::Sleep(until) => {
                    self.rehearse_once();
                    tokio::select! {
                        biased;
                        answer = self.calls.next() => self.take(answer),
                        request = activations.next() => self.activate(request).await,
                        () = sleep_until(self.clock.as_ref(), until) => {}
                    }
                }
                step => self.calls.begin(step),
            }
        }
    }

    /// What is left of it when it is over.
    pub(super) fn into_chronicle(self) -> Chronicle {
        self.chronicle
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Errand(errand) => self.take_errand(errand),
            Answer::Details(cluster, details) => self.chronicle.note_details(&cluster, details.as_ref()),
            Answer::Stranger(cluster, stranger) => self.chronicle.note_stranger(&cluster, &stranger),
        }
        self.calls.serve(&self.chronicle);
    }

    /// Hands an answer to the machine, then to whoever tells of it.
    fn take_errand(&mut self, errand: Errand) {
        let kept = errand.clone();
        match errand {
            Errand::Own(look) => self.gate.handle_own(look.answer),
            Errand::Record(look) => {
                self.gate.handle_record(look.answer);
            }
            Errand::Heart(cluster, look) => self.gate.handle_heart(&cluster, look.answer),
            Errand::Maintenance(issued, read) => self.gate.handle_maintenance(read.answer, issued),
            Errand::Swap(swap, swapped) => {
                let swapped = swapped.answer;
                self.gate.handle_swap(*swap, swapped.outcome, swapped.issued, swapped.completed);
            }
        }
        let now = self.clock.now();
        self.chronicle.note(&kept, &self.gate, self.gate.waiting(now), now);
    }

    async fn activate(&mut self, request: ActivationRequest) {
        while self.calls.under_way().has(Lane::Record) {
            let answer = self.calls.next().await;
            self.take(answer);
        }
        let outcome = match activation::asked(&self.gate, request.from(), self.clock.now()) {
            Ok(swap) => {
                let (errand, outcome) = activation::carry_out(swap, self.calls.carrier()).await;
                self.take_errand(errand);
                outcome
            }
            Err(why_not) => why_not,
        };
        request.answer(outcome).await;
    }

    /// Whoever may have to take over tries once, on a quiet day, what that needs.
    fn rehearse_once(&mut self) {
        if let Some(rehearsal) = self.rehearsal.take_if(|_| rehearsal::concerns(&self.gate)) {
            self.beside.spawn(rehearsal.run());
        }
    }

    /// A workload must not start without its fencing token, nor with one of an earlier run.
    async fn hand_over(&mut self, opening: &Opening) -> io::Result<()> {
        match &self.config.term_file {
            Some(file) => file.hand_over(opening.term(), self.config.timing.write_deadline.get()).await,
            None => Ok(()),
        }
    }

    /// The next try comes a poll later, and only if this cluster may still run by then.
    async fn complain(&mut self, error: &io::Error, opening: &Opening) {
        let now = self.clock.now().boot;
        if self.term_trouble.is_none_or(|last| now.since(last) >= SUMMARY_EVERY) {
            self.term_trouble = Some(now);
            tracing::error!(
                %error,
                term = opening.term(),
                file = self.config.term_file.as_ref().map(|file| file.path().display().to_string()),
                advice = "make the folder writable and its volume not full",
                "the gate stays closed: the term cannot be handed over, and a workload must not start without it"
            );
        }
        sleep_until(self.clock.as_ref(), now.after(self.config.timing.poll.get())).await;
    }
}
