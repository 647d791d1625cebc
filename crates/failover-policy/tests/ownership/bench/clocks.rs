//! What a machine's clocks show of true time.

use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, Tick};

const EPOCH: i64 = 639_000_000_000_000_000;
/// What both measures show as a test begins.
const UP: Duration = Duration::from_secs(1000);

/// Both measures of one machine, by how fast they run: millionths of true time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    boot: u64,
    hold: u64,
    /// How far the wall clock is ahead of true time.
    wall_ahead: Duration,
}

impl Clocks {
    pub(crate) const TRUE: Self = Self::one(1_000_000);

    /// A machine that has but one clock, which runs at this rate.
    pub(crate) const fn one(rate: u64) -> Self {
        Self { boot: rate, hold: rate, wall_ahead: Duration::ZERO }
    }

    /// A machine whose boot-time clock runs at this rate, and whose unslewed one is true.
    pub(crate) fn slewed(rate: u64) -> Self {
        Self { boot: rate.min(1_000_000), hold: rate.max(1_000_000), ..Self::TRUE }
    }

    /// The same with a wall clock that is so far ahead of true time.
    pub(crate) const fn ahead(self, millis: u64) -> Self {
        Self { wall_ahead: Duration::from_millis(millis), ..self }
    }

    pub(crate) fn at(self, time: Duration) -> Now {
        let wall = EPOCH + i64::try_from((time + self.wall_ahead).as_nanos() / 100).unwrap();
        Now {
            boot: BootTime::from_boot(UP + stretched(time, self.boot, 1_000_000)),
            hold: HoldTime::from_boot(UP + stretched(time, self.hold, 1_000_000)),
            wall: Tick::from_count(wall).unwrap(),
        }
    }

    /// The first moment at which the slower measure shows this.
    pub(super) fn reach(self, boot: BootTime) -> Duration {
        stretched(boot.since_boot().saturating_sub(UP), 1_000_000, self.boot)
    }

    /// The first moment at which the faster measure shows this.
    pub(super) fn reach_hold(self, hold: HoldTime) -> Duration {
        stretched(hold.since_boot().saturating_sub(UP), 1_000_000, self.hold)
    }
}

/// `span · to / from`, rounded up where it is no whole number, so that a moment that is reached is also shown.
fn stretched(span: Duration, to: u64, from: u64) -> Duration {
    let nanos = span.as_nanos() * u128::from(to);
    let from = u128::from(from);
    Duration::from_nanos(u64::try_from(nanos.div_ceil(from)).unwrap())
}
