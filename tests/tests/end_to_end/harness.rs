//! The harness keeps its own promises: waits end, and nothing that a test started outlives it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use flatline_tests::{FolderStore, Program, Running, TestStore, Ticks, until};

use crate::SOON;

fn classic_pair() -> Result<(FolderStore, Running)> {
    let store = FolderStore::new()?;
    let writer = Program::classic("writer")?
        .env("HEART_BEAT_FOLDER", store.path())
        .env("THIS_CLUSTER", "a")
        .start()?;
    until("the first beat", SOON, || store.stamp("a").ok())?;
    Ok((store, writer))
}

fn process(running: &Running) -> PathBuf {
    PathBuf::from(format!("/proc/{}", running.pid()))
}

#[test]
fn a_process_that_is_dropped_is_gone_even_when_it_was_frozen() -> Result<()> {
    let (_store, writer) = classic_pair()?;
    writer.freeze()?;
    let process = process(&writer);
    assert!(process.exists());
    drop(writer);
    assert!(!process.exists());
    Ok(())
}

#[test]
fn a_wait_that_ends_in_vain_says_for_what_and_what_was_printed() -> Result<()> {
    let (_store, mut writer) = classic_pair()?;
    let waited = Instant::now();
    let error = format!("{:#}", writer.exit_within(Duration::from_millis(300)).unwrap_err());
    assert!(waited.elapsed() < SOON);
    assert!(error.contains("classic-stand-in to end") && error.contains("writing heartbeat"), "{error}");
    let error = format!("{:#}", writer.line_with("farewell", Duration::from_millis(100)).unwrap_err());
    assert!(error.contains("'farewell'") && error.contains("writing heartbeat"), "{error}");
    Ok(())
}

#[test]
fn an_early_end_is_noticed_with_code_time_and_lines() -> Result<()> {
    let (store, writer) = classic_pair()?;
    drop(writer);
    store.put_stamp("a", Ticks::now()?.plus_seconds(-11))?;
    let monitor = Program::classic("monitor")?.env("HEART_BEAT_FOLDER", store.path());
    let mut monitor = monitor.env("THIS_CLUSTER", "b").env("THAT_CLUSTER", "a").start()?;
    let error = format!("{:#}", monitor.stays_for(SOON).unwrap_err());
    assert!(error.contains("was to keep running") && error.contains("heartbeat lost"), "{error}");
    let exit = monitor.exit_within(SOON)?;
    assert_eq!(exit.code, 0);
    assert!(exit.ran_for < SOON && exit.all_text().contains("1 reads in"), "{exit}");
    Ok(())
}
