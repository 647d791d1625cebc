//! The one place that reads the machine's clocks.

use std::fmt;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, Tick};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use crate::measures::{Measures, Reading};

/// Reads the clocks. The binaries use [`SystemClock`], tests [`crate::VirtualClock`].
pub trait Clock: fmt::Debug + Send + Sync {
    /// A reading of both measures of time and the wall clock, taken together.
    fn now(&self) -> Now;

    /// Ends when the measure by which one holds reads `at`, also where the machine was suspended in the meantime: what
    /// a deadline needs that must not be missed by a nap of [`sleep_until`].
    fn alarm<'c>(&'c self, at: HoldTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>>;
}

/// The machine's clocks: `CLOCK_BOOTTIME`, which counts suspended time (`std::time::Instant` on Linux does
/// not), held against `CLOCK_MONOTONIC_RAW`, which no time daemon slews, and `CLOCK_REALTIME`.
///
/// A wall clock outside the range that a stamp can carry is cut off rather than refused: before 1970 it reads
/// [`Tick::UNIX_EPOCH`], past the year 9999 [`Tick::MAX`]. Such a clock is wrong by decades either way, and no
/// decision rests on it alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// What this process has counted: one sum for all of it, so that any two readings compare.
static MEASURES: Mutex<Option<Measures>> = Mutex::new(None);

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let (boot, hold) = {
            let mut measures = MEASURES.lock().unwrap_or_else(PoisonError::into_inner);
            let reading = tightest_reading();
            measures.get_or_insert_with(|| Measures::starting(reading)).take(reading)
        };
        Now { boot, hold, wall: wall_tick(clock_gettime(ClockId::Realtime)) }
    }

    fn alarm<'c>(&'c self, at: HoldTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>> {
        Box::pin(async move {
            while let Some(nap) = nap_towards(at, self) {
                match boot_timer(nap) {
                    Ok(timer) if timer.readable().await.is_ok() => {}
                    // No timer is to be had; a nap that may be late is better than none.
                    _ => tokio::time::sleep(nap.min(LONGEST_NAP)).await,
                }
            }
        })
    }
}

/// How much faster than the hardware's clock the kernel's runs at present, in millionths: what a time daemon does to it by
/// every means that a kernel has, to a few millionths. `None` where the hardware's clock stands still.
pub async fn measure_slew() -> Option<i64> {
    const WINDOW: Duration = Duration::from_millis(500);
    let before = tightest_reading();
    tokio::time::sleep(WINDOW).await;
    before.slewed_until(&tightest_reading())
}

/// Reads the clocks again where something came in between, a few times at the most: the tightest reading is the best.
fn tightest_reading() -> Reading {
    /// Several times what reading four clocks takes, and nothing to a deadline.
    const TIGHT: Duration = Duration::from_micros(20);
    const TRIES: u32 = 5;
    let mut best = read_clocks();
    for _ in 1..TRIES {
        if best.width() <= TIGHT {
            break;
        }
        let again = read_clocks();
        if again.width() < best.width() {
            best = again;
        }
    }
    best
}

fn read_clocks() -> Reading {
    let read = |clock| since_zero(clock_gettime(clock));
    // In this order, as the fields are evaluated.
    Reading {
        before: read(ClockId::Monotonic),
        boot: read(ClockId::Boottime),
        raw: read(ClockId::MonotonicRaw),
        after: read(ClockId::Monotonic),
    }
}

/// How long to sleep by the kernel's clocks before looking again; `None` where the moment has come.
///
/// The measure by which one holds may run faster than any timer of the kernel, by a tenth and more. So an alarm is set for
/// most of what is left, then for most of the rest, and so on, down to where a tenth of it is nothing.
pub(crate) fn nap_towards(at: HoldTime, clock: &dyn Clock) -> Option<Duration> {
    /// A tenth of it is a millisecond.
    const LAST_NAP: Duration = Duration::from_millis(10);
    let left = at.since(clock.now().hold);
    if left.is_zero() {
        return None;
    }
    Some(if left <= LAST_NAP { left } else { left / 5 * 4 })
}

/// A timer of the kernel on `CLOCK_BOOTTIME`, which fires at a resume where its moment fell into a suspension.
fn boot_timer(after: Duration) -> std::io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    // A timer of zero would be one that is switched off.
    let after = after.max(Duration::from_nanos(1));
    let when = Timespec {
        tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: after.subsec_nanos().into(),
    };
    let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
    let once = Itimerspec { it_interval: never_again, it_value: when };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe to call; this descriptor is owned and never replaced"
    )]
    AsyncFd::new(timer)
}

/// The longest single sleep of [`sleep_until`]. Tokio's timers stand still while the machine is suspended, so
/// a longer sleep would wake that much late after a resume.
pub(crate) const LONGEST_NAP: Duration = Duration::from_secs(1);

/// Sleeps until the measure by which one waits reads `wake`; not at all where it already does. After the machine was
/// suspended this returns at most one second late, as it may where the kernel's clock runs slower than that measure
/// did before.
pub async fn sleep_until(clock: &dyn Clock, wake: BootTime) {
    loop {
        let left = wake.since(clock.now().boot);
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_NAP)).await;
    }
}

/// What a reading of a clock that cannot be negative is as a duration.
fn since_zero(reading: Timespec) -> Duration {
    let seconds = u64::try_from(reading.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(reading.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

fn wall_tick(reading: Timespec) -> Tick {
    Tick::from_unix(since_zero(reading)).unwrap_or(Tick::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VirtualClock;

    #[test]
    fn a_wall_clock_that_no_stamp_can_carry_is_cut_off() {
        let table = [
            (Timespec { tv_sec: -1, tv_nsec: 0 }, Tick::UNIX_EPOCH, "1969"),
            (Timespec { tv_sec: i64::MIN, tv_nsec: 0 }, Tick::UNIX_EPOCH, "the oldest reading there is"),
            (Timespec { tv_sec: 0, tv_nsec: 0 }, Tick::UNIX_EPOCH, "a board without a battery"),
            (Timespec { tv_sec: 253_402_300_800, tv_nsec: 0 }, Tick::MAX, "the year 10000"),
            (Timespec { tv_sec: i64::MAX, tv_nsec: 999_999_999 }, Tick::MAX, "the last reading there is"),
        ];
        for (reading, tick, why) in table {
            assert_eq!(wall_tick(reading), tick, "{why}");
        }
    }

    #[test]
    fn both_system_clocks_run_forward_and_the_wall_clock_shows_this_century() {
        let first = SystemClock.now();
        let second = SystemClock.now();
        assert!(second.boot >= first.boot && second.hold >= first.hold);
        assert!(first.wall > Tick::from_unix(Duration::from_secs(1_700_000_000)).unwrap(), "{}", first.wall);
    }

    #[tokio::test]
    async fn an_alarm_of_the_system_clock_rings_at_its_moment_and_at_once_where_that_has_passed() {
        let clock = SystemClock;
        for wait in [Duration::ZERO, Duration::from_millis(30)] {
            let at = clock.now().hold.after(wait);
            clock.alarm(at).await;
            let late = clock.now().hold.since(at);
            assert!(clock.now().hold >= at && late < Duration::from_secs(1), "{late:?} late");
        }
        clock.alarm(HoldTime::from_boot(Duration::ZERO)).await;
    }

    #[tokio::test]
    async fn this_machines_clock_is_slewed_by_no_more_than_a_kernel_allows() {
        let slewed = measure_slew().await.unwrap();
        assert!(slewed.abs() < 110_000, "{slewed} ppm");
    }

    #[test]
    fn reading_the_clocks_over_and_over_does_not_drive_the_measures_apart() {
        let read = || SystemClock.now();
        let (first, mut last) = (read(), read());
        for _ in 0..10_000 {
            last = read();
        }
        let [waited, held] = [last.boot.since(first.boot), last.hold.since(first.hold)];
        let (apart, each) = (held.saturating_sub(waited), Duration::from_micros(20));
        assert!(apart <= 10_001 * each, "{apart:?} in {held:?}");
    }

    /// The timer would ring 10 % late.
    #[tokio::test(start_paused = true)]
    async fn an_alarm_is_not_late_where_what_is_held_runs_out_faster_than_the_kernels_clock_goes() {
        for rate in [900_000, 1_000_000, 1_100_000, 1_250_000] {
            for wait in [1, 9, 100, 2_000, 31_932].map(Duration::from_millis) {
                let clock = VirtualClock::new();
                clock.raw_runs_at(rate);
                let at = clock.now().hold.after(wait);
                clock.alarm(at).await;
                let late = clock.now().hold.since(at);
                assert!(
                    clock.now().hold >= at && late <= Duration::from_millis(4),
                    "{late:?} after {wait:?}"
                );
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_not_cut_short_where_the_kernels_clock_goes_faster_than_what_is_waited_by() {
        let clock = VirtualClock::new();
        clock.raw_runs_at(900_000);
        let began = tokio::time::Instant::now();
        sleep_until(&clock, clock.now().boot.after(Duration::from_secs(9))).await;
        assert_eq!(began.elapsed().as_millis(), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn sleeping_ends_when_the_boot_clock_says_so_and_not_before() {
        let clock = VirtualClock::new();
        let wake = clock.now().boot.after(Duration::from_millis(3_500));
        sleep_until(&clock, wake).await;
        assert_eq!(clock.now().boot, wake);
        sleep_until(&clock, BootTime::from_boot(Duration::ZERO)).await;
        assert_eq!(clock.now().boot, wake, "a moment that has passed is not waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspended_machine_wakes_at_most_a_second_late() {
        let clock = VirtualClock::new();
        let wake = clock.now().boot.after(Duration::from_hours(1));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { sleep_until(&clock, wake).await }
        });
        tokio::time::sleep(Duration::from_millis(10_300)).await;
        clock.suspend(Duration::from_hours(1));
        sleeper.await.unwrap();
        let late = clock.now().boot.since(wake);
        assert!(late <= Duration::from_secs(11) + LONGEST_NAP, "{late:?} after the wished moment");
    }
}
