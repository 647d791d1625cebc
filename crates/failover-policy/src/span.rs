//! Durations as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time that somebody configured, from zero to [`Span::MAX`]: `10s`, `1500ms`, `5m`, `1h 30m`.
///
/// A bare number is refused, since `30` does not say thirty what. It prints, and is stored, as it would be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(Duration);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(Duration::ZERO);
    /// Thirty days. No setting of a heartbeat is longer, and a slip such as `5M` (five months) is caught.
    pub const MAX: Self = Self(Duration::from_hours(30 * 24));

    /// A span of this many milliseconds, cut off at [`Span::MAX`].
    pub const fn from_millis(millis: u64) -> Self {
        let span = Duration::from_millis(millis);
        if span.as_nanos() > Self::MAX.0.as_nanos() { Self::MAX } else { Self(span) }
    }

    /// A span of this many seconds, cut off at [`Span::MAX`].
    pub const fn from_secs(seconds: u64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// The span as the standard library's type.
    pub const fn get(self) -> Duration {
        self.0
    }
}

/// Why a text is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpan {
    /// Not a number with a unit.
    #[error(
        "'{text}' is not a duration ({reason}); write a whole number with its unit, such as 1500ms, 10s or 5m"
    )]
    BadForm {
        /// What was given.
        text: String,
        /// What the parser stumbled over.
        reason: String,
    },
    /// More than [`Span::MAX`].
    #[error("'{0}' is longer than {max}, the longest duration that makes sense here", max = Span::MAX)]
    TooLong(String),
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad_form = |reason: String| InvalidSpan::BadForm { text: text.to_owned(), reason };
        if text.trim() == "0" {
            return Err(bad_form("no unit".to_owned()));
        }
        let span = humantime::parse_duration(text).map_err(|error| bad_form(error.to_string()))?;
        Self::try_from(span).map_err(|_| InvalidSpan::TooLong(text.to_owned()))
    }
}

impl TryFrom<Duration> for Span {
    type Error = InvalidSpan;

    fn try_from(span: Duration) -> Result<Self, Self::Error> {
        if span > Self::MAX.0 { Err(InvalidSpan::TooLong(format!("{span:?}"))) } else { Ok(Self(span)) }
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

/// The largest unit that needs one whole number: `2h`, `5m`, `10s`, `1500ms`, `250us`, `7ns`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 5] = [
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
        ];
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.pad("0s");
        }
        let (size, unit) =
            UNITS.into_iter().find(|(size, _)| nanos.is_multiple_of(*size)).unwrap_or((1, "ns"));
        f.pad(&format!("{}{unit}", nanos / size))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_need_a_unit_and_print_as_they_are_typed() {
        for text in ["10s", "1500ms", "5m", "2h", "0s", "250us", "90m"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("1h 30m".parse::<Span>().unwrap().to_string(), "90m");
        assert_eq!("1m30s".parse::<Span>().unwrap().to_string(), "90s");
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_an_example() {
        for text in
            ["", " ", "0", "30", "-1s", "1.5x", "s", "10 parsecs", "ten s", "1e3s", "99999999999999999999s"]
        {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("such as 1500ms, 10s or 5m"), "{text:?}: {error}");
        }
        for text in ["5M", "31d", "1year"] {
            let error = text.parse::<Span>().unwrap_err();
            assert_eq!(error, InvalidSpan::TooLong(text.to_owned()));
        }
    }

    #[test]
    fn a_span_is_stored_as_it_is_typed_and_nothing_else_is_read() {
        assert_eq!(serde_json::to_string(&Span::from_millis(1500)).unwrap(), r#""1500ms""#);
        assert_eq!(serde_json::from_str::<Span>(r#""2s""#).unwrap(), Span::from_secs(2));
        for text in ["2", "2.0", r#""2""#, r#""31d""#, "null", r#"{"secs":2}"#] {
            assert!(serde_json::from_str::<Span>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_span_survives_being_printed_and_parsed(nanos in 0..=Span::MAX.get().as_nanos()) {
            let span = Span::try_from(Duration::from_nanos(u64::try_from(nanos).unwrap())).unwrap();
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn no_text_can_make_the_parser_panic(text in ".{0,40}") {
            let _ = text.parse::<Span>();
        }
    }
}
