//! What the wall clock does to stamps.

use std::time::Duration;

use failover_policy::{Now, SignedSpan, Stamp, Tick};

/// A wall clock that departs further from what has passed than this between two beats has stepped. It is
/// the skew from which monitors speak of one.
const STEP: Duration = Duration::from_secs(1);
/// How fast a wall clock may be slewed without a step: twice the 500 ppm of NTP's kernel discipline.
const SLEW_PER_MILLE: u32 = 1;
/// How far behind the last stamp the wall clock may read and still count as one that stands still.
const STANDSTILL: SignedSpan = SignedSpan::from_ticks(-Tick::PER_SECOND);

/// The stamp to write when the wall clock shows `wall`. It is never the one before, since monitors look for
/// change: a wall clock that stands still, or was cut off before 1970, moves the stamp on by one tick.
pub(crate) fn next_stamp(wall: Tick, last: Option<Stamp>) -> Stamp {
    let one = SignedSpan::from_ticks(1);
    match last.map(Stamp::tick) {
        // The last stamp of all leaves only the way back.
        Some(Tick::MAX) if wall == Tick::MAX => Stamp::new(wall.saturating_add(SignedSpan::from_ticks(-1))),
        Some(last) if last.age_at(wall) <= SignedSpan::ZERO && last.age_at(wall) > STANDSTILL => {
            Stamp::new(last.saturating_add(one))
        }
        _ => Stamp::new(wall),
    }
}

/// How far the wall clock stepped between two readings; `None` where it ran along with one of both measures of time. One
/// of them is slewed as it is.
pub(crate) fn step_between(before: Now, after: Now) -> Option<SignedSpan> {
    let passed = after.boot.since(before.boot);
    let [least, most] = [passed, after.hold.since(before.hold)]
        .map(|span| i64::try_from(span.as_nanos() / 100).unwrap_or(i64::MAX));
    let shown = before.wall.age_at(after.wall).ticks();
    let step = SignedSpan::from_ticks(shown.saturating_sub(shown.clamp(least, most.max(least))));
    (step.magnitude() > STEP + passed * SLEW_PER_MILLE / 1000).then_some(step)
}

#[cfg(test)]
mod tests {
    use failover_policy::HoldTime;
    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 639_000_000_000_000_000;

    fn tick(count: i64) -> Tick {
        Tick::from_count(count).unwrap()
    }

    #[test]
    fn a_stamp_shows_the_wall_clock_and_differs_from_the_one_before() {
        let table = [
            (NOON, None, NOON, "the first one"),
            (NOON, Some(NOON - 20_000_000), NOON, "the clock ran on"),
            (NOON, Some(NOON), NOON + 1, "the clock stands still"),
            (NOON, Some(NOON + 5), NOON + 6, "and goes on standing still"),
            (NOON, Some(NOON + Tick::PER_SECOND), NOON, "a step back shows"),
            (Tick::MAX.count(), Some(Tick::MAX.count()), Tick::MAX.count() - 1, "the end of time"),
        ];
        for (wall, last, expected, why) in table {
            let stamp = next_stamp(tick(wall), last.map(|count| Stamp::new(tick(count))));
            assert_eq!(stamp, Stamp::new(tick(expected)), "{why}");
        }
    }

    #[test]
    fn a_clock_that_was_cut_off_yields_a_thousand_different_stamps() {
        let mut stamps = std::collections::BTreeSet::new();
        let mut last = None;
        for _ in 0..1000 {
            let stamp = next_stamp(Tick::UNIX_EPOCH, last);
            assert!(stamps.insert(stamp), "{stamp} again");
            last = Some(stamp);
        }
    }

    #[test]
    fn a_step_is_told_from_time_that_passed() {
        let now =
            |seconds: u64, wall: i64| Now::in_step(Duration::from_secs(seconds), tick(NOON + wall * 10_000));
        let table = [
            (2, 2_000, None, "both ran two seconds"),
            (2, 2_900, None, "a small correction"),
            (3600, 3_601_800, None, "an hour of slewing"),
            (2, 5_000, Some(30_000_000), "a step ahead"),
            (2, -5_000, Some(-70_000_000), "a step back"),
            (600, 2_000, Some(-5_980_000_000), "a wall clock that stood still while suspended"),
        ];
        for (seconds, wall_millis, expected, why) in table {
            let step = step_between(now(0, 0), now(seconds, wall_millis));
            assert_eq!(step, expected.map(SignedSpan::from_ticks), "{why}");
        }
    }

    #[test]
    fn a_slewed_clock_does_not_step() {
        let before = Now::in_step(Duration::ZERO, tick(NOON));
        let a_minute_later = |wall: i64, hold| Now {
            hold: HoldTime::from_boot(Duration::from_secs(hold)),
            ..Now::in_step(Duration::from_mins(1), tick(NOON + wall * Tick::PER_SECOND))
        };
        for (wall, hold, step) in
            [(60, 66, None), (66, 66, None), (63, 66, None), (69, 66, Some(3)), (57, 66, Some(-3))]
        {
            let expected = step.map(|seconds: i64| SignedSpan::from_ticks(seconds * Tick::PER_SECOND));
            assert_eq!(step_between(before, a_minute_later(wall, hold)), expected, "{wall} s");
        }
    }

    proptest! {
        #[test]
        fn two_stamps_in_a_row_always_differ(wall in 0..=Tick::MAX.count(), last in 0..=Tick::MAX.count()) {
            let last = Stamp::new(tick(last));
            prop_assert_ne!(next_stamp(tick(wall), Some(last)), last);
            prop_assert_ne!(next_stamp(last.tick(), Some(last)), last);
        }
    }
}
