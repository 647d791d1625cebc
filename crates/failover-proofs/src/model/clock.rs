//! Clocks that drift, and are slewed.

use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, SignedSpan, Tick};

/// The clocks of one node: the hardware's, which drifts, and the kernel's, which a time daemon slews on top of it. True
/// time is counted in ticks of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Clock {
    /// How much the hardware's clock gains, in millionths.
    pub(crate) gains_ppm: i64,
    /// How far the wall clock is ahead, in seconds. One that is far ahead finds every stamp old, so that only watched
    /// silence decides: the least that a claimant can do with.
    pub(crate) wall_ahead: i64,
    /// Whether one waits by the kernel's clock, not by the slower one: for an ablation alone.
    pub(crate) waits_by_kernel: bool,
    /// Whether one holds by the kernel's clock, not by the faster one: for an ablation alone.
    pub(crate) holds_by_kernel: bool,
    pub(crate) slew: Slew,
    /// The tick at which slewing last changed, and what both measures had counted by then, in nanoseconds.
    pub(crate) since: u8,
    pub(crate) waited: i64,
    pub(crate) held: i64,
}

/// What a time daemon does to a kernel's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Slew {
    InStep,
    SlowedDown,
    SpedUp,
}

impl Slew {
    pub(crate) const ALL: [Self; 3] = [Self::InStep, Self::SlowedDown, Self::SpedUp];

    /// As far as a kernel lets anybody, in millionths.
    const fn gains_ppm(self) -> i64 {
        match self {
            Self::InStep => 0,
            Self::SlowedDown => -100_000,
            Self::SpedUp => 100_000,
        }
    }
}

impl Clock {
    /// What both measures show at tick 0: more than any span that is subtracted from a reading.
    const BOOT: i64 = 1_000_000_000_000;
    /// The wall clock's at tick 0.
    const EPOCH: i64 = 639_000_000_000_000_000;
    const MILLION: i64 = 1_000_000;

    /// A clock in step with true time.
    pub(crate) const TRUE: Self = Self {
        gains_ppm: 0,
        wall_ahead: 0,
        waits_by_kernel: false,
        holds_by_kernel: false,
        slew: Slew::InStep,
        since: 0,
        waited: Self::BOOT,
        held: Self::BOOT,
    };

    /// All readings at a tick.
    pub(crate) fn at(self, tick: u8) -> Now {
        let ticks = i64::from(tick) - i64::from(self.since);
        let [waits, holds] = self.nanos_a_tick();
        Now {
            boot: BootTime::from_boot(duration(self.waited + ticks * waits)),
            hold: HoldTime::from_boot(duration(self.held + ticks * holds)),
            wall: Self::wall(i64::from(tick) + self.wall_ahead),
        }
    }

    /// All readings at the moment, between two ticks, at which what is held by reads this.
    pub(crate) fn showing(self, hold: HoldTime) -> Now {
        let [waits, holds] = self.nanos_a_tick();
        let passed = i64::try_from(hold.since_boot().as_nanos()).unwrap_or(i64::MAX) - self.held;
        let (ticks, rest) = (passed.div_euclid(holds), passed.rem_euclid(holds));
        let waited = self.waited + ticks * waits + rest * (waits / 1000) / (holds / 1000);
        let wall = Self::wall(i64::from(self.since) + ticks + self.wall_ahead);
        Now { boot: BootTime::from_boot(duration(waited)), hold, wall }
    }

    /// Whether it is slewed that way already.
    pub(crate) fn is_slewed(self, slew: Slew) -> bool {
        self.slew == slew
    }

    /// From this tick on it is slewed that way.
    pub(crate) fn slew(&mut self, tick: u8, slew: Slew) {
        let ticks = i64::from(tick) - i64::from(self.since);
        let [waits, holds] = self.nanos_a_tick();
        (self.waited, self.held) = (self.waited + ticks * waits, self.held + ticks * holds);
        (self.since, self.slew) = (tick, slew);
    }

    /// What both measures count in a tick.
    fn nanos_a_tick(self) -> [i64; 2] {
        let hardware = self.gains_ppm;
        let kernel = hardware + self.slew.gains_ppm() + hardware * self.slew.gains_ppm() / Self::MILLION;
        let waits = if self.waits_by_kernel { kernel } else { kernel.min(hardware) };
        let holds = if self.holds_by_kernel { kernel } else { kernel.max(hardware) };
        [waits, holds].map(|gains| 1000 * (Self::MILLION + gains))
    }

    fn wall(seconds: i64) -> Tick {
        let epoch = Tick::from_count(Self::EPOCH).unwrap_or(Tick::UNIX_EPOCH);
        epoch.saturating_add(SignedSpan::from_ticks(seconds * Tick::PER_SECOND))
    }
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(nanos.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slewing_moves_one_measure_and_leaves_the_other_with_the_hardware() {
        let shown = |clock: Clock, tick| {
            let now = clock.at(tick);
            assert_eq!(clock.showing(now.hold), now, "{clock:?}");
            [now.boot.since_boot(), now.hold.since_boot()].map(|shown| shown.as_millis() - 1_000_000)
        };
        let mut clock = Clock::TRUE;
        clock.slew(10, Slew::SlowedDown);
        assert_eq!(shown(clock, 20), [19_000, 20_000]);
        clock.slew(20, Slew::SpedUp);
        assert_eq!(shown(clock, 30), [29_000, 31_000]);
        clock.slew(30, Slew::InStep);
        assert_eq!(shown(clock, 40), [39_000, 41_000]);
    }
}
