//! The beat: one stamp every interval.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use failover_policy::{HoldTime, Now, Span, Stamp};
use flatline_shell::Clock;
use heartbeat_store::{Beat, BeatDetails, Store, StoreError};
use tracing::{debug, info, trace, warn};

use crate::cadence::Cadence;
use crate::state::Status;
use crate::streak::{Change, whole_millis};
use crate::wall_clock::{next_stamp, step_between};

/// A pause of this length is worth a line of the log: half of the default threshold, at which monitors have
/// already begun to wonder.
const LONG_PAUSE: Duration = Duration::from_secs(5);
/// How often a summary is logged at debug level.
const SUMMARY_EVERY: Duration = Duration::from_secs(30);

/// Writes this cluster's beats, one at a time.
#[derive(Debug)]
pub(crate) struct Beacon {
    store: Store,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
    /// The last stamp that was tried: one that seemed to fail may have landed.
    last_stamp: Option<Stamp>,
}

impl Beacon {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, status: Arc<Status>) -> Self {
        Self { store, clock, status, last_stamp: None }
    }

    /// Beats at once and then at every interval. A beat that was missed, because the
    /// process stood still, is not made up for: the next one comes at once and counts for all.
    pub(crate) async fn beat_forever(mut self) -> Infallible {
        let mut woken = self.clock.now();
        let mut cadence = Cadence::starting(woken.hold, self.interval().get());
        let mut next_summary = woken.boot.after(SUMMARY_EVERY);
        loop {
            self.clock.alarm(cadence.due()).await;
            let now = self.clock.now();
            self.note_pause(cadence.due(), now.hold, cadence.take(now.hold));
            self.note_step(woken, now);
            woken = now;
            // The loop is the retry.
            let (outcome, change) = self.beat().await;
            tell(change, outcome.as_ref().err());
            if now.boot >= next_summary {
                next_summary = now.boot.after(SUMMARY_EVERY);
                debug!(landed = self.status.landed(), "beats so far");
            }
        }
    }

    /// Writes one beat, stamped with the wall clock's time right before; says how that went and whether it is
    /// news.
    pub(crate) async fn beat(&mut self) -> (Result<(), StoreError>, Option<Change>) {
        let start = self.clock.now();
        let stamp = next_stamp(start.wall, self.last_stamp);
        self.last_stamp = Some(stamp);
        let beat = Beat { stamp, details: self.details() };
        let outcome = self.store.write_beat(&self.status.identity().cluster, &beat).await;
        let end = self.clock.now();
        let took = end.boot.since(start.boot);
        trace!(%stamp, ?took, ok = outcome.is_ok(), "beat");
        let change = self.status.beat_ended(stamp, &outcome, end, took);
        (outcome, change)
    }

    fn interval(&self) -> Span {
        self.status.identity().interval
    }

    fn details(&self) -> BeatDetails {
        let identity = self.status.identity();
        BeatDetails {
            version: BeatDetails::VERSION,
            writer: identity.writer.clone(),
            beat_count: self.status.landed() + 1,
            interval_ms: u64::try_from(identity.interval.get().as_millis()).unwrap_or(u64::MAX),
            process_start: identity.start.wall.to_string(),
            primary: identity.primary.clone(),
        }
    }

    fn note_pause(&self, due: HoldTime, now: HoldTime, missed: u64) {
        if missed > 0 {
            self.status.beats_skipped(missed);
        }
        let late = now.since(due);
        if late >= LONG_PAUSE {
            warn!(late = ?whole_millis(late), missed, "stood still: the process or its machine was paused");
        }
    }

    fn note_step(&self, before: Now, now: Now) {
        if let Some(by) = step_between(before, now) {
            self.status.wall_clock_stepped();
            warn!(%by, "the wall clock stepped; stamps follow it");
        }
    }
}

/// One line for each change of state, none for a beat like the one before.
fn tell(change: Option<Change>, error: Option<&StoreError>) {
    let reason = error.map(StoreError::reason);
    let error = error.map(tracing::field::display);
    match change {
        None => {}
        Some(Change::Works) => info!("beating"),
        Some(Change::Fails) => warn!(reason, error, "beats fail; trying again at every interval"),
        Some(Change::FailsOtherwise) => warn!(reason, error, "beats still fail, for another reason"),
        Some(Change::Recovered { after, lost }) => info!(?after, lost, "beats land again"),
    }
}

#[cfg(test)]
mod tests;
