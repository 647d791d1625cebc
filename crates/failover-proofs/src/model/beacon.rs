//! A beacon: one stamp a tick.

use failover_policy::Stamp;

use super::clock::Clock;

/// A writer whose interval is one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Beacon {
    pub(crate) up: bool,
    /// A stamp that lands after everybody else's turn.
    pub(crate) late: Option<Stamp>,
}

impl Beacon {
    pub(crate) const UP: Self = Self { up: true, late: None };

    /// The stamp of this tick, unlike any other.
    pub(crate) fn stamp(tick: u8) -> Stamp {
        Stamp::new(Clock::TRUE.at(tick).wall)
    }
}
