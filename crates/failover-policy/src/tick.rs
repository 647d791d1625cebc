//! Instants on the wall clock, in the unit that the store speaks.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::SignedSpan;

/// An instant on the wall clock in 100 ns steps since 0001-01-01T00:00:00 UTC: the tick of a .NET `DateTime`.
///
/// Always within [`Tick::MIN`]`..=`[`Tick::MAX`], so a reader of the classic pair can make a `DateTime` of it. In
/// records it is RFC 3339 text with milliseconds, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tick(i64);

/// A number that no .NET `DateTime` can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the instant is outside the years 1 to 9999, the range of a tick")]
pub struct TickOutOfRange;

impl Tick {
    /// 0001-01-01T00:00:00 UTC, `DateTime.MinValue.Ticks`.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59.9999999 UTC, `DateTime.MaxValue.Ticks`.
    pub const MAX: Self = Self(3_155_378_975_999_999_999);
    /// 1970-01-01T00:00:00 UTC, `DateTime.UnixEpoch.Ticks`.
    pub const UNIX_EPOCH: Self = Self(621_355_968_000_000_000);
    /// Ticks in a second, `TimeSpan.TicksPerSecond`.
    pub const PER_SECOND: i64 = 10_000_000;
    /// Nanoseconds in a tick.
    pub(crate) const NANOS: u128 = 100;

    /// The tick with this count.
    pub fn from_count(count: i64) -> Result<Self, TickOutOfRange> {
        if (Self::MIN.0..=Self::MAX.0).contains(&count) { Ok(Self(count)) } else { Err(TickOutOfRange) }
    }

    /// The tick this long after the Unix epoch; a remainder below 100 ns is dropped.
    pub fn from_unix(since_epoch: Duration) -> Result<Self, TickOutOfRange> {
        let ticks = i64::try_from(since_epoch.as_nanos() / Self::NANOS).map_err(|_| TickOutOfRange)?;
        Self::from_count(Self::UNIX_EPOCH.0.checked_add(ticks).ok_or(TickOutOfRange)?)
    }

    /// The count of 100 ns steps.
    pub fn count(self) -> i64 {
        self.0
    }

    /// How long before `now` this instant was; negative when it lies in the future.
    pub fn age_at(self, now: Self) -> SignedSpan {
        SignedSpan::from_ticks(now.0 - self.0)
    }

    /// This instant moved by `by`, or the nearest legal tick.
    #[must_use]
    pub const fn saturating_add(self, by: SignedSpan) -> Self {
        match self.0.saturating_add(by.ticks()) {
            ..=0 => Self::MIN,
            count if count > Self::MAX.0 => Self::MAX,
            count => Self(count),
        }
    }

    /// The same instant as a calendar date, exact to the tick.
    pub fn to_utc(self) -> DateTime<Utc> {
        let since_epoch = self.0 - Self::UNIX_EPOCH.0;
        let seconds = since_epoch.div_euclid(Self::PER_SECOND);
        let nanos = since_epoch.rem_euclid(Self::PER_SECOND) * 100;
        // Every tick is a legal chrono date (tested at both ends); the fallback only satisfies the signature.
        DateTime::from_timestamp(seconds, u32::try_from(nanos).unwrap_or(0)).unwrap_or_default()
    }
}

/// Why a text in a record is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an instant of the years 1 to 9999 in RFC 3339, such as 2026-01-02T03:04:05Z")]
pub struct InvalidInstant(String);

impl TryFrom<String> for Tick {
    type Error = InvalidInstant;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parsed = DateTime::parse_from_rfc3339(&text).ok().and_then(|instant| {
            let since_epoch = instant.timestamp().checked_mul(Self::PER_SECOND)?;
            let fraction = i64::from(instant.timestamp_subsec_nanos()) / 100;
            Self::from_count(Self::UNIX_EPOCH.0.checked_add(since_epoch)?.checked_add(fraction)?).ok()
        });
        parsed.ok_or(InvalidInstant(text))
    }
}

impl From<Tick> for String {
    fn from(tick: Tick) -> Self {
        tick.to_string()
    }
}

/// RFC 3339 in UTC with milliseconds, for people and for JSON.
impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_have_the_ticks_that_dotnet_gives_them() {
        let table = [
            (Tick::MIN, 0, "0001-01-01T00:00:00.000Z"),
            (Tick::UNIX_EPOCH, 621_355_968_000_000_000, "1970-01-01T00:00:00.000Z"),
            (Tick::MAX, 3_155_378_975_999_999_999, "9999-12-31T23:59:59.999Z"),
            // new DateTime(2000, 1, 1).Ticks, from the .NET documentation's own arithmetic.
            (Tick(630_822_816_000_000_000), 630_822_816_000_000_000, "2000-01-01T00:00:00.000Z"),
        ];
        for (tick, count, text) in table {
            assert_eq!((tick.count(), tick.to_string().as_str()), (count, text));
        }
    }

    #[test]
    fn what_no_datetime_can_hold_is_refused() {
        assert_eq!(Tick::from_count(-1), Err(TickOutOfRange));
        assert_eq!(Tick::from_count(Tick::MAX.count() + 1), Err(TickOutOfRange));
        assert_eq!(Tick::from_unix(Duration::MAX), Err(TickOutOfRange));
        assert_eq!(Tick::from_unix(Duration::from_hours(70_389_528)), Err(TickOutOfRange), "year 10000");
        assert_eq!(Tick::from_count(Tick::MAX.count()), Ok(Tick::MAX));
    }

    #[test]
    fn age_is_signed_and_a_future_instant_is_younger_than_nothing() {
        let now = Tick::from_unix(Duration::from_secs(1_000)).unwrap();
        let earlier = Tick::from_unix(Duration::from_millis(998_500)).unwrap();
        assert_eq!(earlier.age_at(now), SignedSpan::from_ticks(15_000_000));
        assert_eq!(now.age_at(earlier), SignedSpan::from_ticks(-15_000_000));
        assert_eq!(earlier.saturating_add(earlier.age_at(now)), now);
    }

    #[test]
    fn a_tick_is_stored_as_an_instant_to_the_millisecond() {
        let tick = Tick::from_count(Tick::UNIX_EPOCH.count() + 12_345_678).unwrap();
        assert_eq!(serde_json::to_string(&tick).unwrap(), r#""1970-01-01T00:00:01.234Z""#);
        let table = [
            ("1970-01-01T00:00:01.234Z", Tick::UNIX_EPOCH.count() + 12_340_000),
            ("1970-01-01T00:00:01.2345678Z", tick.count()),
            ("1970-01-01T02:00:00+02:00", Tick::UNIX_EPOCH.count()),
            ("0001-01-01T00:00:00Z", 0),
            ("9999-12-31T23:59:59.9999999Z", Tick::MAX.count()),
        ];
        for (text, count) in table {
            assert_eq!(Tick::try_from(text.to_owned()).map(Tick::count), Ok(count), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_of_a_datetime_is_refused_with_an_example() {
        for text in [
            "",
            "yesterday",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-30T00:00:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "10000-01-01T00:00:00Z",
        ] {
            let error = Tick::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains("2026-01-02T03:04:05Z"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_tick_survives_being_stored_but_for_what_is_below_a_millisecond(
            count in 0..=Tick::MAX.count(),
        ) {
            let read = Tick::try_from(Tick(count).to_string());
            prop_assert_eq!(read.map(Tick::count), Ok(count - count % 10_000));
        }

        #[test]
        fn no_text_can_make_the_instant_parser_panic(text in "[-+:.TZ0-9 a-z]{0,40}") {
            let _ = Tick::try_from(text);
        }
    }
}
