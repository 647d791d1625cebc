//! The two durations that both sides of a takeover rely on. They travel in the record.

use std::time::Duration;

use crate::timing::ticks;
use crate::{SignedSpan, Span, Timing};

/// What claimants and guards promise each other.
///
/// Safety rests on `hold + stop ≤ watch`, whatever either side is configured with. So a claimant watches at
/// least the longer of its own and the record's `watch`, and a guard holds the shorter of both, less its own
/// `stop`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseTiming {
    /// The silence that a claimant must have watched: `T − p`.
    pub watch: Span,
    /// The time in which a guard has stopped its workload, counted from its deadline: `K`.
    pub stop: Span,
}

impl LeaseTiming {
    /// `1 − 2ρ` in thousandths, for a clock drift `ρ` of 0.1 % on either side: ten times what a free-running
    /// quartz clock shows.
    const DRIFT_FACTOR_PER_MILLE: i64 = 998;

    /// What a monitor with this timing promises. Only a guard promises to stop something, and none starts with a `K`
    /// above its watch; whoever else writes a record has no longer one than a guard could have.
    pub fn of(timing: &Timing) -> Self {
        let watch = timing.watch();
        let stop = Span::try_from(timing.stop()).unwrap_or(Span::MAX).min(watch);
        Self { watch, stop }
    }

    /// `L = watch·(1 − 2ρ) − stop`: how long one beat extends a guard's right to run; negative where nothing is
    /// left.
    pub fn hold(self) -> SignedSpan {
        let watch = ticks(self.watch.get());
        SignedSpan::from_ticks(watch / 1000 * Self::DRIFT_FACTOR_PER_MILLE - ticks(self.stop.get()))
    }

    /// [`LeaseTiming::hold`] as a time to add to a clock: none where nothing is left.
    pub(crate) fn hold_time(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.hold().ticks()).unwrap_or(0).saturating_mul(100))
    }

    /// What a guard with these promises of its own may rely on under a record with those of `record`: the shorter
    /// watch, and the time that it really takes itself to stop.
    #[must_use]
    pub fn under(self, record: Self) -> Self {
        Self { watch: self.watch.min(record.watch), ..self }
    }

    /// Whether these promises, of a record, ask for several times the watch of one's own: twice or more. A rollout
    /// changes less than that, or not for long; what stays is a slip.
    pub fn asks_for_far_more_than(self, own: Self) -> bool {
        self.watch.get() >= 2 * own.watch.get()
    }

    /// How long nobody may run after the right to run was taken away by a record: the longest that a guard can
    /// still hold and stop (`L + K` is a little less than `watch`), and on top of it the `drain` that the
    /// workload was given, stretched by what clocks may drift.
    pub fn settle(self, drain: Span) -> Duration {
        self.watch.get() + drain.get() + drain.get() / 500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_promises_are_the_contracts() {
        let promise = LeaseTiming::of(&Timing::default());
        assert_eq!(promise, LeaseTiming { watch: Span::from_secs(9), stop: Span::from_secs(2) });
        assert_eq!(promise.hold().to_string(), "6.982s", "9·0.998 − 2");
        assert_eq!(promise.settle(Span::from_secs(5)), Duration::from_millis(14_010));
    }

    #[test]
    fn nobody_promises_to_stop_in_more_than_the_watch() {
        for (flatline_after, stop_grace, stop) in [(10, 1, 1500), (10, 8, 8500), (10, 9, 9000), (2, 60, 1000)]
        {
            let timing = Timing {
                flatline_after: Span::from_secs(flatline_after),
                stop_grace: Span::from_secs(stop_grace),
                ..Timing::default()
            };
            let promise = LeaseTiming::of(&timing);
            assert_eq!(promise.stop, Span::from_millis(stop), "{timing:?}");
            assert!(
                timing.check(crate::Role::Guard).is_err()
                    || Duration::from_secs(stop_grace) < promise.stop.get()
            );
        }
    }

    #[test]
    fn whatever_the_two_sides_promise_a_guard_has_stopped_before_a_claimant_may_go() {
        let spans = [0, 1, 2, 9, 34, 600].map(Span::from_secs);
        for (own_watch, own_stop, watch, stop) in spans
            .into_iter()
            .flat_map(|a| spans.map(|b| (a, b)))
            .flat_map(|(a, b)| spans.into_iter().flat_map(move |c| spans.map(move |d| (a, b, c, d))))
        {
            let own = LeaseTiming { watch: own_watch, stop: own_stop };
            let record = LeaseTiming { watch, stop };
            let hold = own.under(record).hold();
            let holds_and_stops = SignedSpan::from_ticks(hold.ticks() + ticks(own_stop.get()));
            assert!(!holds_and_stops.exceeds(watch.get()), "{own:?} under {record:?}");
        }
    }
}
