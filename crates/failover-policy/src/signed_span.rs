//! Differences between two readings of wall clocks, which can be negative.

use std::fmt;
use std::time::Duration;

use crate::Tick;

/// A difference between two [`Tick`]s: a stamp's age, or how far two wall clocks are apart. Negative when the
/// stamp lies in the reader's future.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SignedSpan(i64);

impl SignedSpan {
    /// No difference.
    pub const ZERO: Self = Self(0);

    /// A difference of this many ticks of 100 ns.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The difference in ticks of 100 ns.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// A difference of this many milliseconds, cut off at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(10_000))
    }

    /// The difference in whole milliseconds, rounded to the nearest, for JSON.
    pub const fn as_millis(self) -> i64 {
        self.0.saturating_add(5_000).div_euclid(10_000)
    }

    /// The difference in seconds, for metrics.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 ticks, 28 years, the value is exact")]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e7
    }

    /// The difference without its sign.
    pub fn magnitude(self) -> Duration {
        let ticks = self.0.unsigned_abs();
        let per_second = Tick::PER_SECOND.unsigned_abs();
        Duration::from_secs(ticks / per_second) + Duration::from_nanos(ticks % per_second * 100)
    }

    /// Whether this is more than `limit`; never for a negative difference.
    pub fn exceeds(self, limit: Duration) -> bool {
        self.0 > 0 && self.magnitude() > limit
    }

    /// What is missing until this exceeds `limit` by the smallest step, if it grows as time passes; zero where
    /// it already does.
    pub fn until_exceeds(self, limit: Duration) -> Duration {
        let limit_ticks = i128::try_from(limit.as_nanos() / Tick::NANOS).unwrap_or(i128::MAX);
        let missing = (limit_ticks + 1 - i128::from(self.0)).max(0);
        Duration::from_nanos(u64::try_from(missing.saturating_mul(100)).unwrap_or(u64::MAX))
    }
}

/// Seconds with milliseconds and a sign only when negative: `9.003s`, `-0.250s`.
impl fmt::Display for SignedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.magnitude();
        f.pad(&format!("{sign}{}.{:03}s", magnitude.as_secs(), magnitude.subsec_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_difference_exceeds_nothing() {
        let table = [
            (-1, Duration::ZERO, false),
            (i64::MIN, Duration::ZERO, false),
            (0, Duration::ZERO, false),
            (1, Duration::ZERO, true),
            (100_000_000, Duration::from_secs(10), false),
            (100_000_001, Duration::from_secs(10), true),
        ];
        for (ticks, limit, expected) in table {
            assert_eq!(SignedSpan::from_ticks(ticks).exceeds(limit), expected, "{ticks} > {limit:?}");
        }
    }

    #[test]
    fn waiting_as_long_as_told_makes_it_exceed_the_limit_and_not_a_tick_less() {
        let limit = Duration::from_secs(10);
        for ticks in [-36_000_000_000, -1, 0, 1, 99_999_999, 100_000_000] {
            let wait = SignedSpan::from_ticks(ticks).until_exceeds(limit);
            let waited = i64::try_from(wait.as_nanos() / 100).unwrap();
            assert!(SignedSpan::from_ticks(ticks + waited).exceeds(limit), "{ticks}");
            assert!(!SignedSpan::from_ticks(ticks + waited - 1).exceeds(limit), "{ticks}");
        }
        assert_eq!(SignedSpan::from_ticks(100_000_001).until_exceeds(limit), Duration::ZERO);
    }

    #[test]
    fn it_prints_as_seconds_with_a_sign_only_when_negative() {
        assert_eq!(SignedSpan::from_ticks(90_034_567).to_string(), "9.003s");
        assert_eq!(SignedSpan::from_ticks(-2_500_000).to_string(), "-0.250s");
        assert_eq!(SignedSpan::ZERO.to_string(), "0.000s");
        let since_year_one = Tick::MIN.age_at(Tick::UNIX_EPOCH);
        assert_eq!(since_year_one.to_string(), "62135596800.000s", "more nanoseconds than 64 bits hold");
    }
}
