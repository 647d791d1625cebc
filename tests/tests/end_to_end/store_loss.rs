//! A store that goes away is not a death, and nobody makes a new one.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::{FolderStore, Stream, Ticks};

use crate::{LONGER_THAN_THRESHOLD, SOON, TOO_SHORT, beacon, beats, gate, opens};

#[test]
fn a_store_that_was_away_longer_than_the_threshold_is_no_death() -> Result<()> {
    let store = FolderStore::new()?;
    let mut writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(Duration::from_secs(1))?;
    store.take_away()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    assert!(!store.path().exists(), "neither writer nor gate makes a store of its own");
    store.bring_back()?;
    beats(&store, "a")?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    assert!(writer.is_running()?);
    writer.kill()?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn silence_counts_anew_when_the_store_comes_back_with_the_last_stamp_in_it() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(Duration::from_secs(1))?;
    store.take_away()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    store.bring_back()?;
    gate.stays_for(TOO_SHORT)?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn something_else_in_the_stamps_place_is_no_death_and_never_a_stuck_process() -> Result<()> {
    let store = FolderStore::new()?;
    let mut writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(Duration::from_secs(1))?;
    std::fs::rename(store.path().join("a"), store.path().join("a-is-here"))?;
    std::os::unix::fs::symlink("a", store.path().join("a"))?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    assert!(writer.is_running()?);
    gate.terminate()?;
    let exit = gate.exit_within(Duration::from_secs(2))?;
    assert_eq!(exit.code, 143, "{exit}");
    assert!(exit.text(Stream::Stderr).contains("in a circle"), "{exit}");
    Ok(())
}

#[test]
fn a_writer_waits_for_a_store_that_is_away_and_says_so_once_for_each_change() -> Result<()> {
    let store = FolderStore::missing()?;
    let mut writer = beacon(&store, "a")?.start()?;
    writer.stays_for(Duration::from_secs(3))?;
    let lines_while_away = writer.lines().len();
    assert!(
        lines_while_away <= 3,
        "fifteen beats failed, but the log speaks of changes: {:?}",
        writer.lines()
    );
    assert!(!store.path().exists(), "the root is never created");
    std::fs::create_dir(store.path())?;
    beats(&store, "a")?;
    writer.terminate()?;
    let exit = writer.exit_within(SOON)?;
    assert!(exit.lines.len() > lines_while_away, "the store's return is said: {exit}");
    Ok(())
}
