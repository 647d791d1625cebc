//! A store that goes away and comes back.

use std::sync::Arc;

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, BlobStore, FolderStore, TestStore, pause};

use crate::scene::{Scene, UNHURRIED, play, play_at};

on_a_folder! {
    whoever_prefers_duplicates_to_a_pause_runs_on_without_the_store,
}

#[test]
fn a_folder_that_goes_away_stops_the_owner_and_starts_nobody() -> Result<()> {
    play(FolderStore::new()?, |scene| {
        a_store_that_goes_away_stops_the_owner_and_starts_nobody(
            scene,
            || scene.store.take_away(),
            || scene.store.bring_back(),
        )
    })
}

#[test]
fn a_frozen_azurite_stops_the_owner_and_starts_nobody() -> Result<()> {
    let azurite = Arc::new(Azurite::start()?);
    play_at(UNHURRIED, BlobStore::new(Arc::clone(&azurite))?, |scene| {
        a_store_that_goes_away_stops_the_owner_and_starts_nobody(
            scene,
            || azurite.freeze(),
            || azurite.thaw(),
        )
    })
}

fn a_store_that_goes_away_stops_the_owner_and_starts_nobody(
    scene: &Scene<impl TestStore>,
    goes_away: impl FnOnce() -> Result<()>,
    comes_back: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let (mut a, mut b) = scene.pair()?;
    pause(scene.pace.watch)?;
    goes_away()?;
    a.runs_nothing()?;
    scene.nobody_runs_for(2 * scene.pace.watch)?;
    comes_back()?;
    scene.has_begun("a", 2)?;
    scene.log.runs_on("a", scene.pace.watch)?;
    ensure!(scene.record_says("term").as_deref() == Some("1"), "nobody else ever owned the work");
    ensure!(a.guard.is_running()? && b.guard.is_running()?, "both guards wait in the same process");
    Ok(())
}

fn whoever_prefers_duplicates_to_a_pause_runs_on_without_the_store(scene: &Scene<FolderStore>) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let _guard = scene.guard("a")?.env("HEART_MONITOR_ON_STORE_LOSS", "keep").start()?;
    scene.runs("a", 1)?;
    let _b = scene.cluster("b")?;
    scene.store.take_away()?;
    scene.log.runs_on("a", 2 * scene.pace.watch)?;
    scene.store.bring_back()?;
    scene.log.runs_on("a", scene.pace.watch)?;
    // A store that can be read and shows no beat is no store loss.
    writer.kill()?;
    scene.runs("b", 2)?;
    Ok(())
}
