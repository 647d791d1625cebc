//! A store that goes away and comes back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Azurite, BlobStore, DeadMount, FolderStore, TestStore, pause, until};

use crate::SOON;
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

/// As a share whose server is gone for good and that is mounted anew: no call that was under way ever returns.
#[test]
fn calls_that_never_return_silence_no_beacon_and_blind_no_guard_once_the_mount_is_replaced() -> Result<()> {
    if let Some(reason) = DeadMount::unavailable() {
        println!("skipped: no mount can hang here, since {reason}");
        return Ok(());
    }
    play(FolderStore::new()?, |scene| {
        let (mut a, mut b) = scene.pair()?;
        until("the beacon of b to beat", SOON, || scene.store.stamp("b").ok())?;
        let before = [scene.store.stamp("a")?, scene.store.stamp("b")?];
        let mut mount = DeadMount::over(&scene.store.path())?;
        a.runs_nothing()?;
        pause(Duration::from_secs(25))?;
        mount.take_away()?;
        // Beats and the reads of monitors try again by their own pace, so either side may be the first to be heard.
        until("both beacons to beat again", SOON, || {
            let now = [scene.store.stamp("a").ok()?, scene.store.stamp("b").ok()?];
            (now[0] != before[0] && now[1] != before[1]).then_some(())
        })?;
        let again = until("somebody to run again", SOON, || {
            scene
                .log
                .runs()
                .ok()?
                .all()
                .iter()
                .max_by_key(|run| run.begin)
                .filter(|run| !run.ended)
                .map(|run| run.cluster.clone())
        })?;
        for process in [&mut a.writer, &mut a.guard, &mut b.writer, &mut b.guard] {
            ensure!(process.is_running()?, "none of them was to need a new start");
        }
        // What hangs in FUSE cannot even be killed; by then it has done its part.
        drop(mount);
        let term: u64 = scene.record_says("term").context("a record")?.parse()?;
        let (owner, other) = if again == "a" { (a, b) } else { (b, a) };
        owner.dies()?;
        scene.runs(&other.name, term + 1)?;
        Ok(())
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
