//! Being asked to stop: at once, whatever the process is waiting for.

use std::time::{Duration, Instant};

use anyhow::Result;
use flatline_tests::{FolderStore, Running};
use rustix::process::Signal;

use crate::{beacon, beats, gate};

/// The promise, with no allowance for a busy machine.
const PROMPTLY: Duration = Duration::from_secs(1);

fn ends(process: &mut Running, signal: Signal, code: i32) -> Result<()> {
    process.stays_for(Duration::from_millis(700))?;
    let asked = Instant::now();
    process.signal(signal)?;
    let exit = process.exit_within(Duration::from_secs(5))?;
    let took = exit.at.saturating_duration_since(asked);
    assert_eq!(exit.code, code, "{exit}");
    assert!(took < PROMPTLY, "it took {took:?}: {exit}");
    Ok(())
}

#[test]
fn a_signal_ends_a_gate_promptly_whether_it_watches_or_waits_for_the_store() -> Result<()> {
    let (store, missing) = (FolderStore::new()?, FolderStore::missing()?);
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    ends(&mut gate(&store)?.start()?, Signal::TERM, 143)?;
    ends(&mut gate(&store)?.start()?, Signal::INT, 130)?;
    ends(&mut gate(&missing)?.start()?, Signal::TERM, 143)
}

#[test]
fn a_signal_ends_a_writer_promptly_whether_it_beats_or_waits_for_the_store() -> Result<()> {
    let (store, missing) = (FolderStore::new()?, FolderStore::missing()?);
    ends(&mut beacon(&store, "a")?.start()?, Signal::TERM, 143)?;
    ends(&mut beacon(&store, "a")?.start()?, Signal::INT, 130)?;
    ends(&mut beacon(&missing, "a")?.start()?, Signal::TERM, 143)
}
