//! Parts that stand still for a while and then go on as if nothing had happened.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{BootClock, FolderStore, Freezer, Relative, TestStore, pause, until};

use crate::SOON;
use crate::scene::{Scene, play};

/// How long a woken workload may run before its woken guard kills it, on a busy machine.
const INSTANT: Duration = Duration::from_millis(250);

on_a_folder! {
    a_beacon_that_stands_still_loses_its_cluster_the_work,
    a_node_that_stands_still_for_too_long_never_runs_again_when_it_wakes,
    a_workload_that_will_not_end_is_killed_with_all_that_it_left_before_another_cluster_starts,
    a_node_that_stands_still_for_a_moment_goes_on_where_it_stood,
    a_standby_that_stood_still_watches_anew_before_it_claims,
    a_claimant_that_stands_still_finds_its_claim_contested,
    a_claimant_that_stands_still_leaves_its_claim_to_its_sibling,
}

on_azurite! {
    a_beacon_that_stands_still_loses_its_cluster_the_work,
    a_node_that_stands_still_for_too_long_never_runs_again_when_it_wakes,
}

/// Nobody promises anything of a guard that stands still while its workload does not: here it shows that the
/// oracle would see two clusters at once.
#[test]
fn the_oracle_sees_the_double_run_of_a_guard_that_stands_still_alone() -> Result<()> {
    let played = play(FolderStore::new()?, |scene| {
        let (a, _b) = scene.pair()?;
        a.writer.freeze()?;
        a.guard.freeze()?;
        scene.runs("b", 2)?;
        scene.log.runs_on("b", Duration::from_millis(500))
    });
    let seen = played.err().map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(seen.contains("ran at once"), "the oracle was to see it: {seen}");
    Ok(())
}

/// The one seam in the promise: between the thaw of a whole container and the guard's kill the workload may run,
/// in the order in which the kernel wakes the two. So the oracle is not asked about the whole; what is checked is
/// how long the seam is.
#[test]
fn a_container_that_is_thawed_as_a_whole_runs_for_an_instant_at_most() -> Result<()> {
    let freezer = match Freezer::new() {
        Ok(freezer) => freezer,
        Err(error) => {
            println!("skipped: {error:#}");
            return Ok(());
        }
    };
    let scene = Scene::set(FolderStore::new()?)?;
    let writer = scene.writer("a")?.start()?;
    let mut guard = scene.guard("a")?.start()?;
    freezer.take_in(guard.pid())?;
    scene.runs("a", 1)?;
    let _b = scene.cluster("b")?;
    writer.freeze()?;
    let frozen = freezer.freeze()?;
    scene.runs("b", 2)?;
    let woken = BootClock::now();
    drop(frozen);
    until("the woken guard to kill its workload", SOON, || {
        Relative::descendants_of(guard.pid()).ok()?.is_empty().then_some(())
    })?;
    let last = scene.log.runs()?.of("a").iter().map(|run| run.last).max().context("a ran")?;
    let seam = last.since(woken);
    println!("after the thaw the workload ran for {seam:?}");
    ensure!(seam < INSTANT, "after the thaw the workload ran for {seam:?}");
    ensure!(guard.is_running()?, "the guard waits for its turn");
    Ok(())
}

fn a_beacon_that_stands_still_loses_its_cluster_the_work(scene: &Scene<impl TestStore>) -> Result<()> {
    let (mut a, _b) = scene.pair()?;
    a.writer.freeze()?;
    scene.runs("b", 2)?;
    a.runs_nothing()?;
    a.writer.thaw()?;
    scene.log.runs_on("b", scene.pace.watch * 3 / 2)?;
    ensure!(a.guard.is_running()?, "the guard waits for its turn");
    Ok(())
}

fn a_node_that_stands_still_for_too_long_never_runs_again_when_it_wakes(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (mut a, _b) = scene.pair()?;
    let node = a.freezes()?;
    scene.runs("b", 2)?;
    // The guard is woken first and kills what stands still; the rest would be woken in the same moment.
    let woken = BootClock::now();
    a.guard.thaw()?;
    until("the woken guard to kill its workload", SOON, || {
        node.workload.iter().all(|process| !process.lives()).then_some(())
    })?;
    a.thaws(&node)?;
    scene.log.runs_on("b", scene.pace.watch * 3 / 2)?;
    let last = scene.log.runs()?.of("a").iter().map(|run| run.last).max();
    ensure!(last < Some(woken), "the workload ran on after it was woken");
    ensure!(a.guard.is_running()?, "the guard waits for its turn");
    Ok(())
}

fn a_workload_that_will_not_end_is_killed_with_all_that_it_left_before_another_cluster_starts(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let _guard = scene.guard("a")?.args(["--stubborn", "--stray"]).start()?;
    scene.runs("a", 1)?;
    let _b = scene.cluster("b")?;
    writer.freeze()?;
    scene.runs("b", 2)?;
    scene.has_begun("a", 2)?;
    scene.log.runs_on("b", scene.pace.watch / 2)
}

fn a_node_that_stands_still_for_a_moment_goes_on_where_it_stood(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    let node = a.freezes()?;
    pause(Duration::from_millis(300))?;
    a.guard.thaw()?;
    a.thaws(&node)?;
    scene.log.runs_on("a", scene.pace.watch)
}

fn a_standby_that_stood_still_watches_anew_before_it_claims(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, b) = scene.pair()?;
    pause(scene.pace.watch / 2)?;
    b.guard.freeze()?;
    pause(2 * scene.pace.watch)?;
    a.writer.kill()?;
    b.guard.thaw()?;
    let woken = BootClock::now();
    let run = scene.runs("b", 2)?;
    let watched = run.begin.since(woken);
    ensure!(watched >= scene.pace.watch, "it claimed after {watched:?}, having watched nothing before");
    Ok(())
}

fn a_claimant_that_stands_still_finds_its_claim_contested(scene: &Scene<impl TestStore>) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.start()?;
    let claimant = scene.guard("b")?.env("HEART_MONITOR_CACHE_AGE", "1s").start()?;
    a.dies()?;
    scene.record_comes_to("phase", "pending")?;
    claimant.freeze()?;
    let _back = scene.cluster("a")?;
    scene.has_begun("a", 2)?;
    claimant.thaw()?;
    scene.log.runs_on("a", scene.pace.watch * 3 / 2)?;
    ensure!(scene.record_says("owner").as_deref() == Some("a"), "a keeps its work");
    Ok(())
}

fn a_claimant_that_stands_still_leaves_its_claim_to_its_sibling(scene: &Scene<impl TestStore>) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.start()?;
    let claimant = scene.guard("b")?.env("HEART_MONITOR_CACHE_AGE", "1s").start()?;
    a.dies()?;
    scene.record_comes_to("phase", "pending")?;
    claimant.freeze()?;
    let _sibling = scene.guard("b")?.start()?;
    scene.runs("b", 2)?;
    claimant.thaw()?;
    scene.has_begun("b", 2)
}
