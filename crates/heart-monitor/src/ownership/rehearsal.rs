//! The rehearsal: a standby tries on a quiet day what it will have to do in a disaster.

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{Gate, RecordState};
use flatline_shell::Clock;
use heartbeat_store::{Store, StoreError};

use crate::ownership::state::OwnershipState;
use crate::record_probe::{Probed, Swaps, probe};
use crate::store_advice::advice;

/// Time from a rehearsal that failed to the next one, so that what was mended is seen.
const AGAIN_AFTER: Duration = Duration::from_mins(5);

/// What a rehearsal needs.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<OwnershipState>,
}

impl Rehearsal {
    /// Creates, swaps and removes a record of its own, until that went well once. Every failure of another kind is
    /// told. Runs beside the gate and holds nothing up.
    pub(crate) async fn run(self) {
        let mut told = None;
        loop {
            let Err(failure) = judge(probe(&self.store, self.clock.as_ref()).await) else {
                tracing::info!("rehearsed: a record can be written, swapped and removed");
                return self.state.note_rehearsal(Ok(()));
            };
            self.state.note_rehearsal(Err(failure.text.clone()));
            if told.replace(failure.reason) != Some(failure.reason) {
                tell(&failure);
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

/// Whether this gate may have to take over, and so has something to rehearse. The owner's gate has no time for it.
pub(crate) fn concerns(gate: &Gate) -> bool {
    let rule = gate.rule();
    match gate.record() {
        RecordState::Found(record) => record.owner != rule.this,
        RecordState::Absent => rule.this != rule.primary,
        RecordState::NotRead | RecordState::Unreadable | RecordState::Lost(_) | RecordState::Unusable(_) => {
            false
        }
    }
}

fn tell(Failure { reason, text, advice }: &Failure) {
    tracing::error!(
        reason,
        error = text,
        advice,
        "rehearsal failed: in a disaster this monitor could not take the work over"
    );
}

/// What a takeover would have failed for.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    reason: &'static str,
    text: String,
    advice: &'static str,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { reason: error.reason(), text: error.to_string(), advice: advice(&error) }
    }
}

fn judge(probed: Probed) -> Result<(), Failure> {
    if let Some((id, error)) = &probed.left_behind {
        tracing::warn!(%error, left = format!(".probe-{id}"), "the rehearsal's record cannot be removed: do it by hand");
    }
    probed.created.map_err(|(error, _)| Failure::from(error))?;
    match probed.swapped {
        None | Some(Ok(Swaps::OneWins(_))) => Ok(()),
        Some(Ok(Swaps::BothWin)) => Err(Failure {
            reason: "both_win",
            text: "two swaps from the same state both won: this place cannot decide between two claimants"
                .to_owned(),
            advice: "use Azure Blob or another mount",
        }),
        Some(Err(error)) => Err(error.into()),
    }
}
