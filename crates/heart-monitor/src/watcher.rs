//! Watches one heart: reads when the detector wants to look, and hands over what came back and when.

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{Assessment, BootTime, ClusterId, Detector, Finding, Look, Span, Verdict, WatchRule};
use flatline_shell::{Clock, sleep_until};
use heartbeat_store::{Store, StoreError};

/// One heart under watch.
#[derive(Debug)]
pub(crate) struct Watcher {
    store: Store,
    cluster: ClusterId,
    clock: Arc<dyn Clock>,
    detector: Detector,
}

/// One look and what it changed.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// The read itself.
    pub(crate) look: Look,
    /// Why it found no stamp.
    pub(crate) error: Option<StoreError>,
    /// What the detector makes of all looks so far.
    pub(crate) assessment: Assessment,
}

impl Sight {
    /// How long the read took.
    pub(crate) fn took(&self) -> Duration {
        self.look.completed.boot.since(self.look.issued.boot)
    }
}

impl Watcher {
    pub(crate) fn new(store: Store, cluster: ClusterId, clock: Arc<dyn Clock>, rule: WatchRule) -> Self {
        Self { store, cluster, clock, detector: Detector::new(rule) }
    }

    pub(crate) fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    pub(crate) fn rule(&self) -> &WatchRule {
        self.detector.rule()
    }

    /// Sleeps until a look is due, then looks. May be dropped and called again: nothing is lost but the look.
    pub(crate) async fn next(&mut self) -> Sight {
        if let Some(wake) = self.detector.poll_wake() {
            sleep_until(self.clock.as_ref(), wake).await;
        }
        let issued = self.clock.now();
        let read = self.store.read_stamp(&self.cluster).await;
        let completed = self.clock.now();
        let (finding, error) = match read {
            Ok(stamp) => (Finding::Stamp(stamp), None),
            Err(error) => (finding_of(&error), Some(error)),
        };
        let look = Look { issued, completed, finding };
        self.detector.handle_look(look);
        Sight { look, error, assessment: self.detector.assess(completed.boot) }
    }

    /// Looks until the heart is known to beat or to be flat, for at most `watch_for` after the first look came
    /// back; a zero span is one look.
    pub(crate) async fn look_until_decided(&mut self, watch_for: Span) -> Sight {
        let mut sight = self.next().await;
        let end = sight.look.completed.boot.after(watch_for.get());
        while matches!(sight.assessment.verdict, Verdict::Unknown(_)) && self.looks_again_by(end) {
            sight = self.next().await;
        }
        sight
    }

    fn looks_again_by(&self, end: BootTime) -> bool {
        self.clock.now().boot < end && self.detector.poll_wake().is_none_or(|wake| wake <= end)
    }
}

fn finding_of(error: &StoreError) -> Finding {
    match error {
        StoreError::NotFound { .. } => Finding::Missing,
        StoreError::Malformed { .. } => Finding::Malformed,
        StoreError::NoStore { .. }
        | StoreError::Conflict { .. }
        | StoreError::Denied { .. }
        | StoreError::Unreachable { .. }
        | StoreError::NoSpace { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::Unsupported { .. } => Finding::Unreadable,
    }
}
