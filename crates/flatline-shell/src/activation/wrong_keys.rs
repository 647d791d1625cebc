//! What happens to whoever sends a wrong key: counted, told of, and answered late.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// How long the answer to a wrong key is held back: unnoticed by a person who mistypes, a nuisance to one who
/// tries by hand.
pub(crate) const DELAY: Duration = Duration::from_secs(1);
/// Answers held back at once: a quarter of the connections, so that probes and the right key find a place. Whoever
/// comes on top of them is sent away at once.
pub(crate) const MAX_DELAYED: usize = 8;
/// The shortest time between two log lines about wrong keys.
const LINE_PAUSE: Duration = Duration::from_secs(1);

/// How many requests to activate were refused for want of the right key, since the program started. Clones count
/// the same requests.
#[derive(Debug, Clone, Default)]
pub struct RefusedActivations(Arc<AtomicU64>);

impl RefusedActivations {
    /// The count so far, for a metric.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The treatment of wrong keys.
#[derive(Debug)]
pub(super) struct WrongKeys {
    refused: RefusedActivations,
    places: Semaphore,
    last_line: Mutex<Option<Line>>,
}

/// When the log was last told, and the count by then.
#[derive(Debug, Clone, Copy)]
struct Line {
    at: Instant,
    total: u64,
}

/// How a refusal was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// After the delay.
    HeldBack,
    /// At once, since as many as may be are being held back.
    AtOnce,
}

impl WrongKeys {
    pub(super) fn new() -> Self {
        Self {
            refused: RefusedActivations::default(),
            places: Semaphore::new(MAX_DELAYED),
            last_line: Mutex::new(None),
        }
    }

    pub(super) fn refused(&self) -> RefusedActivations {
        self.refused.clone()
    }

    /// Counts one more wrong key and returns when it may be answered.
    pub(super) async fn refuse(&self, from: SocketAddr) -> Refusal {
        let total = self.refused.0.fetch_add(1, Ordering::Relaxed) + 1;
        self.tell(from, total);
        let Ok(_place) = self.places.try_acquire() else { return Refusal::AtOnce };
        sleep(DELAY).await;
        Refusal::HeldBack
    }

    fn tell(&self, from: SocketAddr, total: u64) {
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if last.is_some_and(|line| now.duration_since(line.at) < LINE_PAUSE) {
            return;
        }
        let since_last_line = total - last.map_or(0, |line| line.total);
        tracing::warn!(%from, since_last_line, total, "activation refused: wrong or missing key");
        *last = Some(Line { at: now, total });
    }
}
