//! Waiting that ends: by success, by a deadline that says what did not come, or because a person gave up.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a probe is tried. Small beside every span that a test measures.
const STEP: Duration = Duration::from_millis(20);

/// Somebody gave up: what every wait ends with from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A flag that makes every wait in this process fail at its next look, so that a person's Ctrl-C leads through
/// the ordinary error path, on which processes are ended and folders removed.
pub fn giving_up() -> Arc<AtomicBool> {
    static GIVEN_UP: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    Arc::clone(GIVEN_UP.get_or_init(Arc::default))
}

/// Fails once somebody gave up.
pub(crate) fn still_wanted() -> Result<()> {
    if giving_up().load(Ordering::Relaxed) {
        bail!(Interrupted);
    }
    Ok(())
}

/// Sleeps, unless somebody gives up.
pub fn pause(span: Duration) -> Result<()> {
    let deadline = Instant::now() + span;
    while Instant::now() < deadline {
        still_wanted()?;
        std::thread::sleep(deadline.saturating_duration_since(Instant::now()).min(STEP));
    }
    Ok(())
}

/// Tries `probe` until it has an answer. `what` completes the sentence "waited 3s for …".
pub fn until<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        still_wanted()?;
        if Instant::now() >= deadline {
            bail!("waited {within:?} for {what}, in vain");
        }
        std::thread::sleep(STEP);
    }
}
