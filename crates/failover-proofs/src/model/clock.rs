//! Clocks that drift.

use std::time::Duration;

use failover_policy::{HoldTime, Now, SignedSpan, Tick};

/// The clocks of one node. True time is counted in ticks of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    /// How much the boot-time clock gains, in millionths.
    pub(crate) gains_ppm: i64,
    /// How far the wall clock is ahead, in seconds. One that is far ahead finds every stamp old, so that only watched
    /// silence decides: the least that a claimant can do with.
    pub(crate) wall_ahead: i64,
}

impl Clock {
    /// The boot-time clock's reading at tick 0: more than any span that is subtracted from a reading.
    const BOOT: i64 = 1_000_000_000_000;
    /// The wall clock's at tick 0.
    const EPOCH: i64 = 639_000_000_000_000_000;

    /// A clock in step with true time.
    pub(crate) const TRUE: Self = Self { gains_ppm: 0, wall_ahead: 0 };

    /// Both readings at a tick.
    pub(crate) fn at(self, tick: u8) -> Now {
        let nanos = Self::BOOT + i64::from(tick) * (1_000_000_000 + self.gains_ppm * 1000);
        let since_boot = Duration::from_nanos(nanos.unsigned_abs());
        Now::in_step(since_boot, Self::wall(i64::from(tick) + self.wall_ahead))
    }

    /// All readings at the moment, between two ticks, at which what is held by reads this.
    pub(crate) fn showing(self, hold: HoldTime) -> Now {
        let since_first = hold.since(self.at(0).hold);
        let seconds = i64::try_from(since_first.as_secs()).unwrap_or(i64::MAX);
        Now::in_step(hold.since_boot(), Self::wall(seconds + self.wall_ahead))
    }

    fn wall(seconds: i64) -> Tick {
        let epoch = Tick::from_count(Self::EPOCH).unwrap_or(Tick::UNIX_EPOCH);
        epoch.saturating_add(SignedSpan::from_ticks(seconds * Tick::PER_SECOND))
    }
}
