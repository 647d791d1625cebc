//! Readings of the two clocks, handed in by the shell.

use std::time::Duration;

use crate::Tick;

/// A reading of the local boot-time clock: time since boot, counting suspended time, never stepping. Two
/// readings compare only on the machine that took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(Duration);

impl BootTime {
    /// The reading of a clock that has run for `since_boot`.
    pub const fn from_boot(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// How long the clock had run.
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// Time passed since `earlier`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The reading `span` earlier, cut off at the boot.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span))
    }

    /// The reading `span` later, cut off at the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// One reading of both clocks, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Now {
    /// The boot-time clock: every decision rests on it.
    pub boot: BootTime,
    /// The wall clock: it only sharpens the moment, and labels what people read.
    pub wall: Tick,
}
