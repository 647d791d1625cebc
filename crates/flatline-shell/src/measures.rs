//! Two measures of time out of two clocks, of which either may be wrong.
//!
//! `CLOCK_BOOTTIME` counts suspended time, but a time daemon slews it: chrony by up to 8.3 % unless told otherwise, the
//! kernel allows 10 %. `CLOCK_MONOTONIC_RAW` is the hardware's clock as it is, but stands still in a suspension. What
//! `CLOCK_BOOTTIME` is ahead of `CLOCK_MONOTONIC`, which is slewed like it, is suspended time and nothing else; on top
//! of the raw clock it makes the second measure.

use std::time::Duration;

use failover_policy::{BootTime, HoldTime};

/// One reading of the clocks, in this order. They are not read at one moment: a preemption may fall between any two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `CLOCK_MONOTONIC`, before the others.
    pub(crate) before: Duration,
    /// `CLOCK_BOOTTIME`.
    pub(crate) boot: Duration,
    /// `CLOCK_MONOTONIC_RAW`.
    pub(crate) raw: Duration,
    /// `CLOCK_MONOTONIC`, after the others.
    pub(crate) after: Duration,
}

impl Reading {
    /// How far apart the clocks were read at most.
    pub(crate) fn width(&self) -> Duration {
        self.after.saturating_sub(self.before)
    }

    /// How much faster than the hardware's clock the kernel's ran from this reading to a later one, in millionths; `None`
    /// where the hardware's stood still.
    pub(crate) fn slewed_until(&self, later: &Self) -> Option<i64> {
        let passed = |from: Duration, to: Duration| to.saturating_sub(from).as_nanos();
        let kernel = passed(self.before, later.before);
        let rate = (kernel * 1_000_000).checked_div(passed(self.raw, later.raw))?;
        Some(i64::try_from(rate).unwrap_or(i64::MAX) - 1_000_000)
    }

    /// The time that the machine was suspended since its boot, at least and at most: exact where nothing came between
    /// the readings.
    fn suspended(&self) -> Suspended {
        let [least, most] = [self.after, self.before].map(|awake| self.boot.saturating_sub(awake));
        Suspended { least, most }
    }
}

/// Between these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Suspended {
    least: Duration,
    most: Duration,
}

/// Adds up both clocks from reading to reading: the slower of both spans for whoever waits, the faster for whoever holds.
///
/// A sum of maxima is at least the maximum of the sums, and a sum of minima at most the minimum: so over *any* span between
/// two readings the fast measure is no slower than either clock and the slow one no faster, however often and whichever
/// way slewing changes in between. Both are plain numbers, and moments on each have an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measures {
    boot: Duration,
    raw: Duration,
    suspended: Suspended,
    slow: Duration,
    fast: Duration,
}

impl Measures {
    /// Both measures begin at what `CLOCK_BOOTTIME` reads.
    pub(crate) fn starting(reading: Reading) -> Self {
        let Reading { boot, raw, .. } = reading;
        Self { boot, raw, suspended: reading.suspended(), slow: boot, fast: boot }
    }

    /// Takes the next reading; says what both measures show with it. A clock that goes back stands still until it has
    /// caught up.
    pub(crate) fn take(&mut self, reading: Reading) -> (BootTime, HoldTime) {
        let boot = advance(&mut self.boot, reading.boot);
        let raw = advance(&mut self.raw, reading.raw);
        let slept = self.note_suspended(reading.suspended());
        let waited = boot.min(raw + slept.least).max(boot / Self::SLOWEST);
        self.slow = self.slow.saturating_add(waited);
        self.fast = self.fast.saturating_add(boot.max(raw + slept.most));
        (BootTime::from_boot(self.slow), HoldTime::from_boot(self.fast))
    }

    /// The slow measure runs at least at this fraction of `CLOCK_BOOTTIME`, which no kernel slews by so much: a raw clock
    /// that stands still must not keep a standby waiting for ever.
    const SLOWEST: u32 = 2;

    /// How much longer the machine has been suspended than was known. The time suspended since the boot is a constant
    /// from one suspension to the next, so what two readings say about it must agree; only where they cannot was there
    /// another suspension. A preempted reading says little, and so agrees.
    fn note_suspended(&mut self, now: Suspended) -> Suspended {
        let known = self.suspended;
        let agreed = Suspended { least: known.least.max(now.least), most: known.most.min(now.most) };
        if agreed.least <= agreed.most {
            self.suspended = agreed;
            return Suspended { least: Duration::ZERO, most: Duration::ZERO };
        }
        self.suspended = now;
        Suspended { least: now.least.saturating_sub(known.most), most: now.most.saturating_sub(known.least) }
    }
}

/// Moves a clock on to a reading; says by how much.
fn advance(clock: &mut Duration, reading: Duration) -> Duration {
    let passed = reading.saturating_sub(*clock);
    *clock += passed;
    passed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const MILLI: i64 = 1_000_000;
    const ANY_DAY: i64 = 100_000 * SECOND;

    fn span(nanos: i64) -> Duration {
        Duration::from_nanos(nanos.unsigned_abs())
    }

    /// A machine's clocks, as nanoseconds that each shows more than at first.
    #[derive(Debug, Clone, Copy, Default)]
    struct Machine {
        mono: i64,
        raw: i64,
        suspended: i64,
    }

    impl Machine {
        /// True time passes, with the kernel's clock slewed by so many parts in a million.
        fn pass(&mut self, nanos: i64, slewed_ppm: i64) {
            self.raw += nanos;
            self.mono += nanos + nanos / 1000 * slewed_ppm / 1000;
        }

        fn reading(&self) -> Reading {
            self.reading_with([0; 3])
        }

        /// The same with a preemption of so long before each clock but the first.
        fn reading_with(&self, [boot, raw, after]: [i64; 3]) -> Reading {
            let since_start = |nanos: i64| span(ANY_DAY + nanos);
            Reading {
                before: since_start(self.mono),
                boot: since_start(self.mono + self.suspended + boot),
                raw: since_start(self.raw + boot + raw),
                after: since_start(self.mono + boot + raw + after),
            }
        }
    }

    /// What both measures have counted since the start, in milliseconds.
    fn counted(measures: &mut Measures, reading: Reading) -> (u128, u128) {
        let (slow, fast) = measures.take(reading);
        let since_start = |shown: Duration| shown.saturating_sub(span(ANY_DAY)).as_millis();
        (since_start(slow.since_boot()), since_start(fast.since_boot()))
    }

    #[test]
    fn whoever_waits_counts_the_slower_clock_and_whoever_holds_the_faster_one_whichever_that_is() {
        let table = [
            (0, 10_000, 10_000, "clocks in step"),
            (-83_000, 9_170, 10_000, "slowed down as chrony does at most"),
            (83_000, 10_000, 10_830, "sped up as chrony does at most"),
            (-100_000, 9_000, 10_000, "slowed down as far as the kernel lets anybody"),
            (100_000, 10_000, 11_000, "sped up as far as the kernel lets anybody"),
        ];
        for (slewed, slow, fast, why) in table {
            let mut machine = Machine::default();
            let mut measures = Measures::starting(machine.reading());
            machine.pass(10 * SECOND, slewed);
            assert_eq!(counted(&mut measures, machine.reading()), (slow, fast), "{why}");
        }
    }

    #[test]
    fn two_readings_show_how_much_the_kernels_clock_is_slewed() {
        for slewed in [-100_000, -83_000, -20, 0, 500, 83_000] {
            let mut machine = Machine::default();
            let before = machine.reading();
            machine.pass(SECOND, slewed);
            machine.suspended += 60 * SECOND;
            assert_eq!(before.slewed_until(&machine.reading()), Some(slewed));
        }
        let still = Machine { mono: SECOND, ..Machine::default() };
        assert_eq!(Machine::default().reading().slewed_until(&still.reading()), None);
    }

    #[test]
    fn a_slew_that_turns_round_does_not_cancel_out() {
        let mut machine = Machine::default();
        let mut measures = Measures::starting(machine.reading());
        machine.pass(5 * SECOND, -100_000);
        assert_eq!(counted(&mut measures, machine.reading()), (4_500, 5_000));
        machine.pass(5 * SECOND, 100_000);
        assert_eq!(
            counted(&mut measures, machine.reading()),
            (9_500, 10_500),
            "both clocks show ten seconds"
        );
    }

    #[test]
    fn a_suspension_counts_for_both_however_long_and_however_it_is_slewed_around() {
        for (slewed, slow, fast) in [(0, 3_602_000, 3_602_000), (-100_000, 3_601_800, 3_602_000)] {
            let mut machine = Machine::default();
            let mut measures = Measures::starting(machine.reading());
            machine.pass(SECOND, slewed);
            machine.suspended += 3600 * SECOND;
            machine.pass(SECOND, slewed);
            assert_eq!(counted(&mut measures, machine.reading()), (slow, fast), "{slewed}");
        }
    }

    #[test]
    fn a_preemption_between_two_clocks_is_no_suspension() {
        for preempted in [[400, 0, 0], [0, 400, 0], [0, 0, 400], [400, 400, 400]] {
            let mut machine = Machine::default();
            let mut measures = Measures::starting(machine.reading());
            machine.pass(SECOND, 0);
            measures.take(machine.reading_with(preempted.map(|millis| millis * MILLI)));
            machine.pass(9 * SECOND, 0);
            let (slow, fast) = counted(&mut measures, machine.reading());
            assert!((9_600..=10_000).contains(&slow), "{preempted:?}: waits {slow} ms of ten seconds");
            assert!((10_000..=10_400).contains(&fast), "{preempted:?}: holds {fast} ms of ten seconds");
        }
    }

    #[test]
    fn a_preemption_in_the_very_first_reading_is_no_suspension_either() {
        let machine = Machine::default();
        let mut measures = Measures::starting(machine.reading_with([0, 0, 900 * MILLI]));
        assert_eq!(counted(&mut measures, machine.reading()), (0, 0));
        let mut measures = Measures::starting(machine.reading_with([900 * MILLI, 0, 0]));
        let mut later = machine;
        later.pass(SECOND, 0);
        assert_eq!(counted(&mut measures, later.reading()), (1_000, 1_000), "it began 900 ms on");
    }

    #[test]
    fn a_suspension_within_a_preempted_reading_is_counted_by_whoever_holds() {
        let mut machine = Machine::default();
        let mut measures = Measures::starting(machine.reading());
        machine.suspended += 60 * SECOND;
        let (slow, fast) = counted(&mut measures, machine.reading_with([0, 0, 500 * MILLI]));
        assert!((59_500..=60_000).contains(&slow) && fast == 60_000, "{slow}, {fast}");
    }

    #[test]
    fn a_raw_clock_that_stands_still_slows_a_claimant_down_and_does_not_stop_it() {
        let mut machine = Machine::default();
        let mut measures = Measures::starting(machine.reading());
        machine.mono += 10 * SECOND;
        assert_eq!(counted(&mut measures, machine.reading()), (5_000, 10_000));
    }

    #[test]
    fn a_boot_clock_that_stands_still_ends_what_is_held() {
        let mut machine = Machine::default();
        let mut measures = Measures::starting(machine.reading());
        machine.raw += 10 * SECOND;
        assert_eq!(counted(&mut measures, machine.reading()), (0, 10_000));
    }

    #[test]
    fn a_clock_that_goes_back_stands_still_until_it_has_caught_up() {
        let mut machine = Machine::default();
        let mut measures = Measures::starting(machine.reading());
        machine.pass(SECOND, 0);
        assert_eq!(counted(&mut measures, machine.reading()), (1_000, 1_000));
        let back = Machine { mono: 0, raw: 0, suspended: 0 };
        assert_eq!(counted(&mut measures, back.reading()), (1_000, 1_000));
        machine.pass(SECOND, 0);
        assert_eq!(counted(&mut measures, machine.reading()), (2_000, 2_000), "nothing is counted twice");
    }

    proptest! {
        /// What safety rests on, between any two readings of any series.
        #[test]
        fn over_any_span_the_fast_measure_is_no_slower_than_either_clock_and_the_slow_one_no_faster(
            steps in prop::collection::vec((0..3 * SECOND, -100_000..=100_000_i64, 0..20_i64), 1..40),
        ) {
            let mut machine = Machine::default();
            let mut measures = Measures::starting(machine.reading());
            let mut shown = vec![];
            for (passes, slewed, sleeps) in steps {
                machine.pass(passes, slewed);
                // Every tenth step or so begins with a suspension.
                machine.suspended += if sleeps < 2 { sleeps * 40 * SECOND } else { 0 };
                let (slow, fast) = measures.take(machine.reading());
                shown.push((machine, slow, fast));
            }
            for (index, (from, slow_from, fast_from)) in shown.iter().enumerate() {
                for (to, slow, fast) in &shown[index..] {
                    let slept = to.suspended - from.suspended;
                    let clocks = [to.mono - from.mono, to.raw - from.raw].map(|passed| span(passed + slept));
                    prop_assert!(clocks.iter().all(|clock| slow.since(*slow_from) <= *clock));
                    prop_assert!(clocks.iter().all(|clock| fast.since(*fast_from) >= *clock));
                }
            }
        }

        /// However it is preempted, a claimant never counts more than has passed, nor a holder less.
        #[test]
        fn preempted_readings_err_to_the_safe_side(
            steps in prop::collection::vec((0..SECOND, [0..50 * MILLI, 0..50 * MILLI, 0..50 * MILLI]), 1..40),
        ) {
            let mut machine = Machine::default();
            let mut measures = Measures::starting(machine.reading());
            for (passes, preempted) in steps {
                machine.pass(passes, 0);
                measures.take(machine.reading_with(preempted));
                machine.pass(preempted.iter().sum(), 0);
            }
            let (slow, fast) = measures.take(machine.reading());
            let passed = span(ANY_DAY + machine.raw);
            prop_assert!(slow.since_boot() <= passed && passed <= fast.since_boot());
        }
    }
}
