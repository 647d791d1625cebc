//! The rehearsal: a standby tries on a quiet day what it will have to do in a disaster.

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{Gate, RecordState};
use flatline_shell::Clock;
use heartbeat_store::{RecordName, Store, StoreError};

use crate::ownership::state::OwnershipState;
use crate::record_probe::{Probed, Swaps, probe};
use crate::store_advice::advice;

/// Time from a rehearsal that failed to the next one, so that what was mended is seen.
const AGAIN_AFTER: Duration = Duration::from_mins(1);
/// The least time from one that went well to the next.
const EVERY: Duration = Duration::from_mins(8);
/// What is added to that at the most, so that monitors that were started together do not ask together for ever.
const SPREAD: Duration = Duration::from_mins(2);

/// What a rehearsal needs.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: Arc<OwnershipState>,
}

impl Rehearsal {
    /// Tries what a takeover needs, for ever: rights can be lost on any day. Every change of the outcome is told, and
    /// nothing else. Runs beside the gate and holds nothing up.
    ///
    /// The first time, and as long as it fails, a record of its own is created, swapped and removed; each time the
    /// ownership record itself is touched, since that one may belong to somebody else, and maintenance is read, since
    /// nobody claims where it cannot be.
    pub(crate) async fn run(self) {
        let (mut told, mut is_proved) = (None, false);
        loop {
            let rehearsed = self.rehearse(is_proved).await;
            is_proved = rehearsed.is_ok();
            let outcome = rehearsed.as_ref().map_or_else(|failure| failure.reason, |()| WELL);
            if told.replace(outcome) != Some(outcome) {
                tell(&rehearsed);
            }
            self.state.note_rehearsal(rehearsed.map_err(|failure| failure.text));
            tokio::time::sleep(if is_proved { self.interval() } else { AGAIN_AFTER }).await;
        }
    }

    async fn rehearse(&self, is_proved: bool) -> Result<(), Failure> {
        if !is_proved {
            judge(probe(&self.store, self.clock.as_ref()).await)?;
        }
        self.store.touch_record(&RecordName::Ownership).await?;
        self.store.read_maintenance().await?;
        Ok(())
    }

    fn interval(&self) -> Duration {
        let any = self.clock.now().wall.count().unsigned_abs();
        EVERY + Duration::from_millis(any % u64::try_from(SPREAD.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The word for an outcome that is no failure.
const WELL: &str = "well";

/// Whether this gate has something to rehearse: whoever may have to take over, and the owner's guard, which may have to
/// take a claim back. The owner's gate has no time for it.
pub(crate) fn concerns(gate: &Gate) -> bool {
    let rule = gate.rule();
    match gate.record() {
        RecordState::Found(record) => rule.guarded || record.owner != rule.this,
        RecordState::Absent => rule.guarded || rule.this != rule.primary,
        RecordState::NotRead | RecordState::Unreadable | RecordState::Lost(_) | RecordState::Unusable(_) => {
            false
        }
    }
}

fn tell(rehearsed: &Result<(), Failure>) {
    match rehearsed {
        Ok(()) => tracing::info!(
            "rehearsed: a record can be written, swapped and removed, and the ownership record changed"
        ),
        Err(Failure { reason, text, advice }) => tracing::error!(
            reason,
            error = text,
            advice,
            "rehearsal failed: in a disaster this monitor could not take the work over"
        ),
    }
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
