//! A clock for tests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use failover_policy::{BootTime, Now, SignedSpan, Tick};
use tokio::time::Instant;

use crate::Clock;

/// A [`Clock`] for tests under tokio's paused time: both clocks advance as tokio's does, and a test can step
/// them apart. Clones share the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    start: Instant,
    base: Tick,
    offsets: Arc<Mutex<Offsets>>,
}

#[derive(Debug, Default)]
struct Offsets {
    suspended: Duration,
    wall_step: i64,
}

impl VirtualClock {
    /// What the wall clock of [`VirtualClock::new`] shows at first: 2025-11-01T00:00:00 UTC, after the epoch.
    const BASE_UNIX_SECONDS: u64 = 1_761_955_200;

    /// A clock whose wall shows 2025-11-01T00:00:00 UTC now.
    pub fn new() -> Self {
        Self::starting_at(
            Tick::from_unix(Duration::from_secs(Self::BASE_UNIX_SECONDS)).unwrap_or(Tick::UNIX_EPOCH),
        )
    }

    /// A clock whose wall shows `base` now. The boot-time clock starts at zero.
    pub fn starting_at(base: Tick) -> Self {
        Self { start: Instant::now(), base, offsets: Arc::default() }
    }

    /// Lets `span` pass while the machine is suspended: both clocks jump ahead, tokio's timers do not notice.
    pub fn suspend(&self, span: Duration) {
        self.with_offsets(|offsets| offsets.suspended += span);
    }

    /// Steps the wall clock by `step`, backward where it is negative. The boot-time clock does not move.
    pub fn step_wall(&self, step: SignedSpan) {
        self.with_offsets(|offsets| offsets.wall_step += step.ticks());
    }

    fn with_offsets<T>(&self, act: impl FnOnce(&mut Offsets) -> T) -> T {
        act(&mut self.offsets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Now {
        let (suspended, wall_step) = self.with_offsets(|offsets| (offsets.suspended, offsets.wall_step));
        let boot = self.start.elapsed() + suspended;
        let ticks = i64::try_from(boot.as_nanos() / 100).unwrap_or(i64::MAX);
        let wall = self.base.saturating_add(SignedSpan::from_ticks(ticks.saturating_add(wall_step)));
        Now { boot: BootTime::from_boot(boot), wall }
    }

    fn alarm<'c>(&'c self, at: BootTime) -> Pin<Box<dyn Future<Output = ()> + Send + 'c>> {
        Box::pin(crate::sleep_until(self, at))
    }
}
