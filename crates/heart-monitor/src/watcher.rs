//! Watches one heart: reads when the detector wants to look, and hands over what came back and when.

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{
    Assessment, BootTime, ClusterId, Detector, Look, SignedSpan, Span, UnknownCause, Verdict, WatchRule,
};
use flatline_shell::{Clock, sleep_until};
use heartbeat_store::{Store, StoreError};

use crate::carrier::{Carried, look_at_heart};

/// Certain skew that is worth telling somebody.
pub(crate) const NOTABLE_SKEW: Duration = Duration::from_secs(1);

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

    /// By how much the beacon's clock is certainly off: what of the skew is no poll and no way through the store.
    pub(crate) fn certain_skew(&self, poll: Span) -> Option<SignedSpan> {
        let skew = self.assessment.evidence.skew?;
        let explained = poll.get() + self.took();
        let lag = SignedSpan::from_ticks(skew.ticks() - i64::try_from(explained.as_nanos() / 100).ok()?);
        Some(if skew < SignedSpan::ZERO { skew } else { lag.max(SignedSpan::ZERO) })
    }

    /// What is known after a watch that may have been too short to tell: a beat that came in proves a beating heart
    /// whatever the clocks say; without one the stamp's age is believed, as `check` does.
    pub(crate) fn believed(&self, rule: &WatchRule) -> Assessment {
        let full = self.assessment;
        if full.verdict != Verdict::Unknown(UnknownCause::Watching) {
            return full;
        }
        let mut first_sight = Detector::new(rule.at_first_sight());
        first_sight.handle_look(self.look);
        let verdict = first_sight.assess(self.look.completed.boot).verdict;
        Assessment { verdict, evidence: full.evidence }
    }

    fn is_undecided(&self) -> bool {
        matches!(self.assessment.verdict, Verdict::Unknown(_))
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
        let Carried { answer: look, error } =
            look_at_heart(&self.store, self.clock.as_ref(), &self.cluster).await;
        self.detector.handle_look(look);
        Sight { look, error, assessment: self.detector.assess(look.completed.boot) }
    }

    /// Looks until the heart is known to beat or to be flat, for at most `watch_for` after the first look came
    /// back; a zero span is one look.
    pub(crate) async fn look_until_decided(&mut self, watch_for: Span) -> Sight {
        let mut sight = self.next().await;
        // The look that decides can be due at the very end, or a hundredth of a poll behind the one before it.
        let end = sight.look.completed.boot.after(watch_for.get()).after(self.rule().poll.get() / 100);
        while watch_for > Span::ZERO && sight.is_undecided() && self.looks_again_by(end) {
            sight = self.next().await;
        }
        sight
    }

    fn looks_again_by(&self, end: BootTime) -> bool {
        self.detector.poll_wake().is_none_or(|wake| wake <= end)
    }
}

#[cfg(test)]
mod tests {
    use failover_policy::{Stamp, Timing};
    use flatline_shell::VirtualClock;
    use heartbeat_store::{Fault, MemoryBackend, Operation};

    use super::*;
    use crate::timing_args::deadlines;

    /// Looks at a stamp that nobody renews, through a store that takes `latency` to answer.
    async fn look_for(watch_for: Span, latency: Duration, ahead: i64) -> (Sight, Duration) {
        let (memory, clock) = (MemoryBackend::new(), VirtualClock::new());
        let cluster: ClusterId = "a".parse().unwrap();
        let stamp = Stamp::new(clock.now().wall.saturating_add(SignedSpan::from_millis(ahead)));
        memory.plant_stamp(&cluster, stamp.to_string().as_bytes());
        memory.break_with(&[Operation::Read], Fault::Delay(latency));
        let timing = Timing::default();
        let store = Store::new(Arc::new(memory), deadlines(&timing));
        let rule = WatchRule::new(&timing);
        let mut watcher = Watcher::new(store, cluster, Arc::new(clock.clone()), rule);
        let sight = watcher.look_until_decided(watch_for).await;
        (sight, clock.now().boot.since_boot())
    }

    #[tokio::test(start_paused = true)]
    async fn watching_for_the_threshold_is_enough_to_tell_a_dead_heart_however_slow_the_store() {
        for latency in [0, 5, 30, 100, 300] {
            for ahead in [-3_600_000, 0, 60_000] {
                let latency = Duration::from_millis(latency);
                let (sight, _) = look_for(Span::from_secs(10), latency, ahead).await;
                assert!(sight.assessment.verdict.is_flatlined(), "{latency:?}, {ahead} ms ahead: {sight:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_no_longer_than_it_was_told_and_once_for_no_time_at_all() {
        let (sight, took) = look_for(Span::from_secs(3), Duration::from_millis(20), 0).await;
        assert_eq!(sight.assessment.evidence.looks, 4, "the first, and one a second");
        assert!(took <= Duration::from_millis(3040), "{took:?}");
        let (sight, _) = look_for(Span::ZERO, Duration::from_millis(20), 0).await;
        assert_eq!(sight.assessment.evidence.looks, 1);
    }
}
