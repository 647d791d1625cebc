//! The stamp as this side of the table sees it: arithmetic of its own, so that a mistake in the code under test
//! is not repeated in what checks it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// `DateTime.UnixEpoch.Ticks`.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Steps of 100 ns since 0001-01-01T00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub i64);

impl Ticks {
    /// Ticks in a second.
    pub const PER_SECOND: i64 = 10_000_000;

    /// This machine's wall clock.
    pub fn now() -> Result<Self> {
        Self::at(SystemTime::now())
    }

    /// An instant of this machine's wall clock.
    pub fn at(instant: SystemTime) -> Result<Self> {
        let since_epoch = instant.duration_since(UNIX_EPOCH)?;
        Ok(Self(UNIX_EPOCH_TICKS + i64::try_from(since_epoch.as_nanos() / 100)?))
    }

    /// What the classic monitor parses: a bare 64-bit integer.
    pub fn parse(text: &str) -> Result<Self> {
        text.parse().map(Self).with_context(|| format!("'{text}' is not a 64-bit integer"))
    }

    /// So many seconds later, or earlier where negative.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * Self::PER_SECOND)
    }

    /// How old this is at a later instant; an error where it is not later.
    pub fn age_at(self, instant: SystemTime) -> Result<Duration> {
        let ticks = u64::try_from(Self::at(instant)?.0 - self.0).context("the stamp lies in the future")?;
        Ok(Duration::from_nanos(ticks * 100))
    }

    /// How old this is now.
    pub fn age(self) -> Result<Duration> {
        self.age_at(SystemTime::now())
    }
}

/// The bytes of a stamp.
impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<Ticks> for String {
    fn from(ticks: Ticks) -> Self {
        ticks.to_string()
    }
}
