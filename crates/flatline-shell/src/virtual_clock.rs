//! A clock for tests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use failover_policy::{BootTime, HoldTime, Now, SignedSpan, Tick};
use tokio::time::Instant;

use crate::Clock;
use crate::clock::{LONGEST_NAP, nap_towards};

/// A [`Clock`] for tests under tokio's paused time, which stands for the kernel's slewed clock: all clocks advance as
/// tokio's does, and a test can step and drive them apart. Clones share the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    start: Instant,
    base: Tick,
    shown: Arc<Mutex<Shown>>,
}

/// What was shown when the rates last changed.
#[derive(Debug)]
struct Shown {
    /// Tokio's time since the start.
    at: Duration,
    boot: Duration,
    hold: Duration,
    /// How fast the raw clock runs, in millionths of tokio's.
    raw_rate: u32,
    suspended: Duration,
    wall_step: i64,
}

/// As fast as tokio's clock.
const IN_STEP: u32 = 1_000_000;

impl VirtualClock {
    /// What the wall clock of [`VirtualClock::new`] shows at first: 2025-11-01T00:00:00 UTC, after the epoch.
    const BASE_UNIX_SECONDS: u64 = 1_761_955_200;

    /// A clock whose wall shows 2025-11-01T00:00:00 UTC now.
    pub fn new() -> Self {
        Self::starting_at(
            Tick::from_unix(Duration::from_secs(Self::BASE_UNIX_SECONDS)).unwrap_or(Tick::UNIX_EPOCH),
        )
    }

    /// A clock whose wall shows `base` now. Both measures start at zero.
    pub fn starting_at(base: Tick) -> Self {
        let [at, boot, hold, suspended] = [Duration::ZERO; 4];
        let shown = Shown { at, boot, hold, raw_rate: IN_STEP, suspended, wall_step: 0 };
        Self { start: Instant::now(), base, shown: Arc::new(Mutex::new(shown)) }
    }

    /// Lets `span` pass while the machine is suspended: all clocks jump ahead, tokio's timers do not notice.
    pub fn suspend(&self, span: Duration) {
        self.with_shown(|shown| {
            shown.boot += span;
            shown.hold += span;
            shown.suspended += span;
        });
    }

    /// Steps the wall clock by `step`, backward where it is negative. Both measures stay where they are.
    pub fn step_wall(&self, step: SignedSpan) {
        self.with_shown(|shown| shown.wall_step += step.ticks());
    }

    /// From now on the raw clock runs at so many millionths of tokio's: more where a time daemon slows the kernel's clock
    /// down, less where it speeds it up.
    pub fn raw_runs_at(&self, millionths: u32) {
        self.with_shown(|shown| shown.raw_rate = millionths);
    }

    /// Everything as of now, to look at and to change.
    fn with_shown<T>(&self, act: impl FnOnce(&mut Shown) -> T) -> T {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.start.elapsed();
        let passed = now.saturating_sub(shown.at);
        let by_raw = passed * shown.raw_rate / IN_STEP;
        shown.at = now;
        shown.boot += passed.min(by_raw);
        shown.hold += passed.max(by_raw);
        act(&mut shown)
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Now {
        self.with_shown(|shown| {
            let ticks = i64::try_from((shown.at + shown.suspended).as_nanos() / 100).unwrap_or(i64::MAX);
            let since_base = SignedSpan::from_ticks(ticks.saturating_add(shown.wall_step));
            Now {
                boot: BootTime::from_boot(shown.boot),
                hold: HoldTime::from_boot(shown.hold),
                wall: self.base.saturating_add(since_base),
            }
        })
    }

    fn alarm<'c>(&'c self, at: HoldTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>> {
        Box::pin(async move {
            while let Some(nap) = nap_towards(at, self) {
                // Tokio's timers do not notice a suspension.
                tokio::time::sleep(nap.min(LONGEST_NAP)).await;
            }
        })
    }
}
