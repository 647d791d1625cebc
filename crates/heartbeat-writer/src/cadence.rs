//! When the next turn is due.

use std::time::Duration;

use failover_policy::HoldTime;

/// A steady rhythm, by the measure by which one holds what others wait for: a beat that comes early is harmless, one
/// that comes late is missed. Turns fall on multiples of the interval after the first one,
/// however long each takes. Turns that were missed are skipped, never made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cadence {
    due: HoldTime,
    interval: Duration,
}

impl Cadence {
    /// A rhythm whose first turn is due at `first`. The interval is at least a nanosecond.
    pub(crate) fn starting(first: HoldTime, interval: Duration) -> Self {
        Self { due: first, interval: interval.max(Duration::from_nanos(1)) }
    }

    /// When the next turn is due.
    pub(crate) fn due(&self) -> HoldTime {
        self.due
    }

    /// Takes the turn that was due, at `now`, and returns how many more had passed by then.
    pub(crate) fn take(&mut self, now: HoldTime) -> u64 {
        let late = now.since(self.due);
        let missed = u64::try_from(late.as_nanos() / self.interval.as_nanos()).unwrap_or(u64::MAX);
        let on_time = u64::try_from(self.interval.as_nanos()).map(|nanos| nanos.saturating_mul(missed));
        self.due = self.due.after(Duration::from_nanos(on_time.unwrap_or(u64::MAX))).after(self.interval);
        missed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(2);

    fn at(millis: u64) -> HoldTime {
        HoldTime::from_boot(Duration::from_millis(millis))
    }

    #[test]
    fn turns_stay_on_the_grid_and_missed_ones_are_skipped() {
        let table = [
            (1_000, 0, 3_000, "on time"),
            (1_007, 0, 3_000, "a little late does not shift the rhythm"),
            (2_999, 0, 3_000, "almost a whole interval late"),
            (3_000, 1, 5_000, "a whole interval late"),
            (9_300, 4, 11_000, "after a pause of eight seconds"),
            (500, 0, 3_000, "early, which only a caller's slip can be"),
        ];
        for (now, missed, next, why) in table {
            let mut cadence = Cadence::starting(at(1_000), INTERVAL);
            assert_eq!((cadence.take(at(now)), cadence.due()), (missed, at(next)), "{why}");
        }
    }

    proptest! {
        #[test]
        fn the_next_turn_is_ahead_by_at_most_an_interval_and_on_the_grid(
            nanos in 1_u64..10_000_000_000,
            late in 0_u64..10_000_000_000_000,
        ) {
            let interval = Duration::from_nanos(nanos);
            let mut cadence = Cadence::starting(at(0), interval);
            let now = HoldTime::from_boot(Duration::from_nanos(late));
            cadence.take(now);
            let ahead = cadence.due().since(now);
            prop_assert!(!ahead.is_zero() && ahead <= interval, "{ahead:?}");
            prop_assert_eq!(cadence.due().since_boot().as_nanos() % interval.as_nanos(), 0);
        }
    }
}
