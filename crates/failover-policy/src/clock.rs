//! Readings of the clocks, handed in by the shell.
//!
//! No clock of a machine is right all the time: a time daemon makes one run faster or slower by up to a tenth for as
//! long as it likes. So a node measures time twice, and whoever counts on a span takes the measure that errs to the
//! safe side. Whoever *waits* for others ([`BootTime`]) goes by the slower one: it must not act too early. Whoever *holds*
//! something that others wait for ([`HoldTime`]) goes by the faster one: it must not let go too late. As long as either
//! measure is right, both are on the safe side. They are two types, since a span on one says nothing on the other.

use std::time::Duration;

use crate::Tick;

/// A reading of the local measure by which one waits for others: time since boot, counting suspended time, never
/// stepping, and over any span no faster than the slower of the machine's clocks. Two readings compare only within the
/// process that took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(Duration);

/// A reading of the local measure by which one holds what others wait for (a right to run, a grace, the turn of a beat):
/// as [`BootTime`], but over any span no slower than the faster of the machine's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldTime(Duration);

macro_rules! reading {
    ($type:ident) => {
        impl $type {
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
    };
}

reading!(BootTime);
reading!(HoldTime);

/// One reading of all clocks, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Now {
    /// By what one waits: silence, settling, verification.
    pub boot: BootTime,
    /// By what one holds: the right to run, and the time to stop in.
    pub hold: HoldTime,
    /// The wall clock: it only sharpens the moment, and labels what people read.
    pub wall: Tick,
}

impl Now {
    /// What a machine shows that has been up for `since_boot` and whose clocks have kept step all the while.
    pub const fn in_step(since_boot: Duration, wall: Tick) -> Self {
        Self { boot: BootTime(since_boot), hold: HoldTime(since_boot), wall }
    }
}
