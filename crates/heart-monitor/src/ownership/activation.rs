//! `POST /activate` on a monitor that obeys the record: a takeover at once, on an operator's word.

use std::net::SocketAddr;

use failover_policy::{Gate, Now, Phase, RecordState, Swap, SwapOutcome};
use flatline_shell::activation::ActivationOutcome;
use heartbeat_store::{Store, StoreError};

use crate::advice::Advice;
use crate::carrier::{Carried, Carrier, Swapped};
use crate::errand::Errand;
use crate::ownership::words;
use crate::record_advice;
use crate::store_advice::advice;
use crate::strangers::Stranger;

/// The swap that the request asks for, or why there is none. Says in the log what safety is waived.
pub(crate) fn asked(gate: &Gate, from: SocketAddr, now: Now) -> Result<Swap, ActivationOutcome> {
    let this = &gate.rule().this;
    if gate.record().record().is_some_and(|record| record.lets_run(this)) {
        return Err(ActivationOutcome::Refused(format!("cluster {this} owns the work already")));
    }
    let swap = gate.activation(now).ok_or_else(|| why_not(gate.record()))?;
    let swap = swap.map_err(|why| {
        ActivationOutcome::Refused(format!("nothing was changed: {why}; {}", record_advice::exhausted()))
    })?;
    tracing::warn!(
        %from,
        cluster = %this,
        term = swap.record.term,
        "activation: takes the work over without watching for silence and without a verify; whoever ran it last, \
         unguarded or out of reach, may run on beside this cluster"
    );
    Ok(swap)
}

/// Why a guard's cluster is not made the owner where no beacon of it ever beat: every guard would wait for its heart,
/// this one too. A gate alone lets its workload go all the same.
pub(crate) async fn without_a_heart(swap: &Swap, store: &Store) -> Option<ActivationOutcome> {
    let this = &swap.record.owner;
    let stranger = Stranger::look(store, this).await?;
    Some(ActivationOutcome::Refused(format!(
        "nothing was changed: {stranger}; start its beacon first, or insist with {}",
        Advice::ActivateNeverSeen(this)
    )))
}

/// Tries the swap, and says what to answer. The machine takes the errand. Nothing else may be under way with the record.
pub(crate) async fn carry_out(swap: Swap, carrier: &Carrier) -> (Errand, ActivationOutcome) {
    let swapped = carrier.swap(&swap).await;
    let outcome = outcome(&swap, &swapped);
    (Errand::Swap(Box::new(swap), swapped), outcome)
}

fn outcome(swap: &Swap, swapped: &Carried<Swapped>) -> ActivationOutcome {
    let record = &swap.record;
    match swapped.answer.outcome {
        SwapOutcome::Won => ActivationOutcome::Activated {
            cluster: record.owner.clone(),
            term: record.term,
            previous: match &record.phase {
                Phase::Active { previous } => previous.clone(),
                Phase::Pending { .. } | Phase::Releasing { .. } => None,
            },
        },
        SwapOutcome::Lost => ActivationOutcome::Unavailable(
            "somebody else changed the ownership record first; look at /state and try again".to_owned(),
        ),
        SwapOutcome::Failed => ActivationOutcome::Unavailable(failed(swapped.error.as_ref())),
    }
}

fn failed(error: Option<&StoreError>) -> String {
    match error {
        Some(error) => format!("the ownership record was not changed: {error}; {}", advice(error)),
        None => "the ownership record was not changed; try again".to_owned(),
    }
}

fn why_not(state: &RecordState) -> ActivationOutcome {
    match words::fault(state) {
        Some(fault) => ActivationOutcome::Refused(format!("{fault}; {}", words::remedy(state))),
        None => ActivationOutcome::Unavailable(
            "the ownership record cannot be read for now, and nothing can be activated without it; try again"
                .to_owned(),
        ),
    }
}
