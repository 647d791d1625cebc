//! True time, and what the clocks of one node show of it.

use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, SignedSpan, Tick};

use super::dice::Dice;
use super::rule::{Rule, Setting};

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

/// How far a time daemon may slew a kernel's clock, 10 %, in billionths.
const WORST_SLEW: Nanos = BILLION / 10;
/// How long slewing goes on that nobody sees the end of: longer than any run.
const FOR_EVER: Nanos = 1000 * SECOND;

/// The clocks of one node: the hardware's, which drifts, and the kernel's, which is slewed on top of it, in spells. What
/// the node waits and holds by follows from both.
#[derive(Debug, Clone)]
pub(super) struct Clocks {
    /// What both measures show as the world begins.
    offset: Nanos,
    /// How both run, in order of time; the first spell begins with the world.
    spells: Vec<Spell>,
    /// How far the wall clock is off, from each moment on, in order of time.
    wall: Vec<(Nanos, Nanos)>,
}

/// A time in which nothing changes in how a node's clocks run.
#[derive(Debug, Clone, Copy)]
struct Spell {
    from: Nanos,
    /// How much faster than true time the kernel's clock runs, in billionths.
    kernel: Nanos,
    wait: Measure,
    hold: Measure,
}

/// A measure of time during a spell.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// What it has counted before.
    shown: Nanos,
    /// How much faster than true time it runs, in billionths.
    gains: Nanos,
}

impl Measure {
    const fn after(self, passed: Nanos) -> Nanos {
        let gained = passed / BILLION * self.gains + passed % BILLION * self.gains / BILLION;
        self.shown + passed + gained
    }

    /// How long it takes until it has counted so much, to the nanosecond or a little less.
    fn until(self, shown: Nanos) -> Nanos {
        let passed = i128::from(shown - self.shown) * i128::from(BILLION) / i128::from(BILLION + self.gains);
        Nanos::try_from(passed).unwrap_or(Nanos::MAX / 2)
    }
}

impl Clocks {
    /// Some node's clocks: half of them at the worst drift, a third of them slewed (all of them where that is what the world
    /// is about), every fourth wall clock off by seconds.
    pub(super) fn throw(dice: &mut Dice, setting: Setting) -> Self {
        let drift = match dice.below(4) {
            0 => WORST_DRIFT,
            1 => -WORST_DRIFT,
            _ => dice.between(-WORST_DRIFT, WORST_DRIFT),
        };
        let skew = if dice.percent(25) { 20 * SECOND } else { 20 * MILLI };
        let wall = vec![(Nanos::MIN, dice.between(-skew, skew))];
        let mut clocks = Self { offset: dice.between(0, 100_000 * SECOND), spells: Vec::new(), wall };
        let is_slewed = dice.percent(if setting.is_about_clocks() { 100 } else { 33 });
        let mut from = 0;
        while is_slewed && from < FOR_EVER {
            clocks.slew(from, drift, throw_slew(dice), setting);
            from += if dice.percent(20) { FOR_EVER } else { dice.between(SECOND, 60 * SECOND) };
        }
        if !is_slewed {
            clocks.slew(0, drift, 0, setting);
        }
        clocks
    }

    /// From some moment on the hardware's clock gains so much, and the kernel's so much more. To be called in order of
    /// time.
    fn slew(&mut self, from: Nanos, drift: Nanos, slew: Nanos, setting: Setting) {
        let hardware = drift;
        let kernel = drift + slew + drift * slew / BILLION;
        let wait = if setting.breaks(Rule::WaitByTheSlower) { kernel } else { kernel.min(hardware) };
        let hold = if setting.breaks(Rule::HoldByTheFaster) { kernel } else { kernel.max(hardware) };
        let shown = |measure: fn(&Spell) -> Measure| {
            self.spells.last().map_or(0, |last| measure(last).after(from - last.from))
        };
        let so_far = [shown(|spell| spell.wait), shown(|spell| spell.hold)];
        self.spells.push(Spell {
            from,
            kernel,
            wait: Measure { shown: so_far[0], gains: wait },
            hold: Measure { shown: so_far[1], gains: hold },
        });
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

    /// What all clocks show at `time`.
    pub(super) fn at(&self, time: Nanos) -> Now {
        let [wait, hold] =
            [self.shown(|spell| spell.wait, time), self.shown(|spell| spell.hold, time)].map(duration);
        Now { boot: BootTime::from_boot(wait), hold: HoldTime::from_boot(hold), wall: self.wall(time) }
    }

    /// The first moment at which what is waited by shows `boot` or more.
    pub(super) fn reaches(&self, boot: BootTime) -> Nanos {
        self.reach(|spell| spell.wait, nanos(boot.since_boot()))
    }

    /// The first moment at which what is held by shows `hold` or more.
    pub(super) fn reaches_hold(&self, hold: HoldTime) -> Nanos {
        self.reach(|spell| spell.hold, nanos(hold.since_boot()))
    }

    /// How long a span truly takes that the kernel counts from `time` on by the clock that is slewed, as it counts the age
    /// of what it caches.
    pub(super) fn by_kernel(&self, span: Nanos, time: Nanos) -> Nanos {
        let gains = self.spells.iter().rev().find(|spell| spell.from <= time).map_or(0, |spell| spell.kernel);
        span / (BILLION + gains) * BILLION + span % (BILLION + gains) * BILLION / (BILLION + gains)
    }

    fn shown(&self, measure: fn(&Spell) -> Measure, time: Nanos) -> Nanos {
        let spell = self.spells.iter().rev().find(|spell| spell.from <= time).or(self.spells.first());
        self.offset + spell.map_or(time, |spell| measure(spell).after(time - spell.from))
    }

    fn reach(&self, measure: fn(&Spell) -> Measure, shown: Nanos) -> Nanos {
        let counted = shown - self.offset;
        let spell =
            self.spells.iter().rev().find(|spell| measure(spell).shown <= counted).or(self.spells.first());
        let time = spell.map_or(counted, |spell| spell.from + measure(spell).until(counted));
        // Both directions are rounded to nanoseconds.
        (time..time + 10).find(|time| self.shown(measure, *time) >= shown).unwrap_or(time)
    }

    fn wall(&self, time: Nanos) -> Tick {
        let offset = self.wall.iter().rev().find(|(from, _)| *from <= time).map_or(0, |(_, offset)| *offset);
        Tick::from_count(EPOCH + (time + offset) / 100).unwrap_or(Tick::MIN)
    }
}

/// Mostly as far as it can go, either way; now and then somewhere in between, or not at all.
fn throw_slew(dice: &mut Dice) -> Nanos {
    match dice.below(5) {
        0 | 1 => -WORST_SLEW,
        2 | 3 => WORST_SLEW,
        _ => dice.between(-WORST_SLEW, WORST_SLEW),
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
    fn a_moment_on_either_measure_is_reached_at_the_first_true_moment_that_shows_it() {
        let mut dice = Dice::new(1);
        for _ in 0..10_000 {
            let clocks = Clocks::throw(&mut dice, Setting::default());
            let (time, span) = (dice.between(0, 500 * SECOND), duration(dice.between(0, 5 * SECOND)));
            let (boot, hold) = (clocks.at(time).boot.after(span), clocks.at(time).hold.after(span));
            let reached = [clocks.reaches(boot), clocks.reaches_hold(hold)];
            assert!(clocks.at(reached[0]).boot >= boot && clocks.at(reached[1]).hold >= hold, "{clocks:?}");
            assert!(
                clocks.at(reached[0] - 4).boot < boot && clocks.at(reached[1] - 4).hold < hold,
                "{clocks:?}"
            );
        }
    }

    #[test]
    fn whoever_waits_counts_no_more_and_whoever_holds_no_less_than_true_time_but_for_the_drift() {
        let mut dice = Dice::new(1);
        for _ in 0..10_000 {
            let clocks = Clocks::throw(&mut dice, Setting::default());
            let from = dice.between(0, 500 * SECOND);
            let lasts = dice.between(0, 60 * SECOND);
            let (before, after) = (clocks.at(from), clocks.at(from + lasts));
            let [waited, held] = [after.boot.since(before.boot), after.hold.since(before.hold)].map(nanos);
            assert!(waited <= lasts + lasts / 1000 + 10, "{clocks:?}");
            assert!(held >= lasts - lasts / 1000 - 10, "{clocks:?}");
            assert!(waited >= lasts * 8 / 10 && held <= lasts * 12 / 10, "{clocks:?}");
        }
    }

    #[test]
    fn a_slewed_clock_counts_a_tenth_less_or_more_and_a_wall_clock_steps() {
        let mut clocks = Clocks { offset: 7, spells: vec![], wall: vec![(Nanos::MIN, 0)] };
        clocks.slew(0, 0, -WORST_SLEW, Setting::default());
        clocks.slew(100 * SECOND, 0, WORST_SLEW, Setting::default());
        clocks.step(10 * SECOND, -SECOND);
        let then = clocks.at(200 * SECOND);
        assert_eq!(nanos(then.boot.since_boot()), 190 * SECOND + 7);
        assert_eq!(nanos(then.hold.since_boot()), 210 * SECOND + 7);
        assert_eq!(clocks.at(10 * SECOND).wall, tick(9 * SECOND, 0));
        let caches_for = [50 * SECOND, 150 * SECOND].map(|time| clocks.by_kernel(99 * SECOND, time));
        assert_eq!(caches_for, [110 * SECOND, 90 * SECOND]);
    }
}
