//! True time, and what the clocks of one node show of it.

use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, SignedSpan, Tick};

use super::dice::Dice;

/// Nanoseconds of true time since the world began, or between two moments of it.
pub(super) type Nanos = i64;

/// One millisecond of true time.
pub(super) const MILLI: Nanos = 1_000_000;
/// One second of true time.
pub(super) const SECOND: Nanos = 1_000_000_000;
/// A billionth: drifts are counted in them.
const BILLION: Nanos = 1_000_000_000;
/// The drift that the protocol allows for, 0.1 %, in billionths.
const WORST_DRIFT: Nanos = BILLION / 1000;
/// What a wall clock without skew shows as the world begins: some day in the year 2025.
const EPOCH: i64 = 639_000_000_000_000_000;

/// The clocks of one node.
#[derive(Debug, Clone)]
pub(super) struct Clocks {
    /// What the boot-time clock shows as the world begins.
    boot_offset: Nanos,
    /// How much faster than true time the boot-time clock runs, in billionths.
    drift: Nanos,
    /// How far the wall clock is off, from each moment on, in order of time.
    wall: Vec<(Nanos, Nanos)>,
}

impl Clocks {
    /// Some node's clocks: half of them at the worst drift, every fourth wall clock off by seconds.
    pub(super) fn throw(dice: &mut Dice) -> Self {
        let drift = match dice.below(4) {
            0 => WORST_DRIFT,
            1 => -WORST_DRIFT,
            _ => dice.between(-WORST_DRIFT, WORST_DRIFT),
        };
        let skew = if dice.percent(25) { 20 * SECOND } else { 20 * MILLI };
        let wall = vec![(Nanos::MIN, dice.between(-skew, skew))];
        Self { boot_offset: dice.between(0, 100_000 * SECOND), drift, wall }
    }

    /// Moves the wall clock by `step` from `time` on. Steps are to be made in order of time.
    pub(super) fn step(&mut self, time: Nanos, step: Nanos) {
        let before = self.wall.last().map_or(0, |(_, offset)| *offset);
        self.wall.push((time, before + step));
    }

    /// Whether the wall clock steps at some time.
    pub(super) const fn steps(&self) -> bool {
        self.wall.len() > 1
    }

    /// What both clocks show at `time`.
    pub(super) fn at(&self, time: Nanos) -> Now {
        Now::in_step(duration(self.boot(time)), self.wall(time))
    }

    /// The first moment at which the boot-time clock shows `boot` or more.
    pub(super) fn reaches(&self, boot: BootTime) -> Nanos {
        let boot = nanos(boot.since_boot());
        let passed = i128::from(boot - self.boot_offset) * i128::from(BILLION);
        let time = Nanos::try_from(passed / i128::from(BILLION + self.drift)).unwrap_or(Nanos::MAX / 2);
        // Both directions are rounded to nanoseconds.
        (time..time + 10).find(|time| self.boot(*time) >= boot).unwrap_or(time)
    }

    /// The first moment at which what is held by shows `hold` or more.
    pub(super) fn reaches_hold(&self, hold: HoldTime) -> Nanos {
        self.reaches(BootTime::from_boot(hold.since_boot()))
    }

    /// How long a span on the boot-time clock truly takes.
    pub(super) const fn truly(&self, span: Nanos) -> Nanos {
        span - span / BILLION * self.drift - span % BILLION * self.drift / BILLION
    }

    const fn boot(&self, time: Nanos) -> Nanos {
        let drifted = time / BILLION * self.drift + time % BILLION * self.drift / BILLION;
        self.boot_offset + time + drifted
    }

    fn wall(&self, time: Nanos) -> Tick {
        let offset = self.wall.iter().rev().find(|(from, _)| *from <= time).map_or(0, |(_, offset)| *offset);
        Tick::from_count(EPOCH + (time + offset) / 100).unwrap_or(Tick::MIN)
    }
}

/// A tick of the wall clock that shows true time, moved by `later`.
pub(super) fn tick(time: Nanos, later: Nanos) -> Tick {
    let epoch = Tick::from_count(EPOCH).unwrap_or(Tick::MIN);
    epoch.saturating_add(SignedSpan::from_ticks((time + later) / 100))
}

/// A span of the policy in nanoseconds.
pub(super) fn nanos(span: Duration) -> Nanos {
    Nanos::try_from(span.as_nanos()).unwrap_or(Nanos::MAX / 2)
}

/// Nanoseconds as a span of the policy; none where negative.
pub(super) fn duration(nanos: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_on_the_boot_clock_is_reached_at_the_first_true_moment_that_shows_it() {
        let mut dice = Dice::new(1);
        for _ in 0..10_000 {
            let clocks = Clocks::throw(&mut dice);
            let shown =
                clocks.at(dice.between(0, 500 * SECOND)).boot.after(duration(dice.between(0, SECOND)));
            let time = clocks.reaches(shown);
            assert!(clocks.at(time).boot >= shown, "{clocks:?}");
            assert!(clocks.at(time - 4).boot < shown, "{clocks:?}");
        }
    }

    #[test]
    fn a_boot_clock_drifts_by_a_thousandth_at_most_and_a_wall_clock_steps() {
        let mut clocks = Clocks { boot_offset: 7, drift: WORST_DRIFT, wall: vec![(Nanos::MIN, 0)] };
        clocks.step(10 * SECOND, -SECOND);
        assert_eq!(nanos(clocks.at(1000 * SECOND).boot.since_boot()), 1001 * SECOND + 7);
        assert_eq!(clocks.truly(1001 * SECOND), 999_999 * SECOND / 1000, "to the first order");
        assert_eq!(clocks.at(10 * SECOND).wall, tick(9 * SECOND, 0));
    }
}
