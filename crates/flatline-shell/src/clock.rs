//! The one place that reads the machine's clocks.

use std::fmt;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;

use failover_policy::{BootTime, Now, Tick};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// Reads both clocks. The binaries use [`SystemClock`], tests [`crate::VirtualClock`].
pub trait Clock: fmt::Debug + Send + Sync {
    /// A reading of the boot-time clock and the wall clock, taken together.
    fn now(&self) -> Now;

    /// Ends when the boot-time clock reads `at`, also where the machine was suspended in the meantime: what a
    /// deadline needs that must not be missed by a nap of [`sleep_until`].
    fn alarm<'c>(&'c self, at: BootTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>>;
}

/// The machine's clocks: `CLOCK_BOOTTIME`, which counts suspended time (`std::time::Instant` on Linux does
/// not), and `CLOCK_REALTIME`.
///
/// A wall clock outside the range that a stamp can carry is cut off rather than refused: before 1970 it reads
/// [`Tick::UNIX_EPOCH`], past the year 9999 [`Tick::MAX`]. Such a clock is wrong by decades either way, and no
/// decision rests on it alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            boot: BootTime::from_boot(since_zero(clock_gettime(ClockId::Boottime))),
            wall: wall_tick(clock_gettime(ClockId::Realtime)),
        }
    }

    fn alarm<'c>(&'c self, at: BootTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>> {
        Box::pin(async move {
            match boot_timer(at) {
                Ok(timer) if timer.readable().await.is_ok() => {}
                // No timer is to be had; a nap that may be late is better than none.
                _ => sleep_until(self, at).await,
            }
        })
    }
}

/// A timer of the kernel on `CLOCK_BOOTTIME`, which fires at a resume where its moment fell into a suspension.
fn boot_timer(at: BootTime) -> std::io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    // A timer of zero would be one that is switched off.
    let since_boot = at.since_boot().max(Duration::from_nanos(1));
    let when = Timespec {
        tv_sec: i64::try_from(since_boot.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: since_boot.subsec_nanos().into(),
    };
    let never_again = Timespec { tv_sec: 0, tv_nsec: 0 };
    let once = Itimerspec { it_interval: never_again, it_value: when };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME, &once)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe to call; this descriptor is owned and never replaced"
    )]
    AsyncFd::new(timer)
}

/// The longest single sleep of [`sleep_until`]. Tokio's timers stand still while the machine is suspended, so
/// a longer sleep would wake that much late after a resume.
const LONGEST_NAP: Duration = Duration::from_secs(1);

/// Sleeps until the boot-time clock reads `wake`; not at all where it already does. After the machine was
/// suspended this returns at most one second late.
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
        assert!(second.boot >= first.boot);
        assert!(first.wall > Tick::from_unix(Duration::from_secs(1_700_000_000)).unwrap(), "{}", first.wall);
    }

    #[tokio::test]
    async fn an_alarm_of_the_system_clock_rings_at_its_moment_and_at_once_where_that_has_passed() {
        let clock = SystemClock;
        for wait in [Duration::ZERO, Duration::from_millis(30)] {
            let at = clock.now().boot.after(wait);
            clock.alarm(at).await;
            let late = clock.now().boot.since(at);
            assert!(clock.now().boot >= at && late < Duration::from_secs(1), "{late:?} late");
        }
        clock.alarm(BootTime::from_boot(Duration::ZERO)).await;
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
