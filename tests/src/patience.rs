//! Waiting that ends: by success, by a deadline that says what did not come, or because a person gave up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a probe is tried. Small beside every span that a test measures.
const STEP: Duration = Duration::from_millis(5);

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Makes every wait in this process fail at its next look, so that a person's Ctrl-C leads through the
/// ordinary error path, in which processes are ended and folders removed.
pub fn give_up() {
    GIVEN_UP.store(true, Ordering::Relaxed);
}

/// Fails once somebody gave up.
pub(crate) fn still_wanted() -> Result<()> {
    if GIVEN_UP.load(Ordering::Relaxed) {
        bail!("interrupted");
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
