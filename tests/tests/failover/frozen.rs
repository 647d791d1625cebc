//! Parts that stand still for a while and then go on as if nothing had happened.

use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{BootClock, TestStore, pause, until};

use crate::SOON;
use crate::scene::Scene;

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

fn a_beacon_that_stands_still_loses_its_cluster_the_work(scene: &Scene<impl TestStore>) -> Result<()> {
    let (mut a, _b) = scene.pair()?;
    a.writer.freeze()?;
    scene.runs("b", 2)?;
    a.runs_nothing()?;
    a.writer.thaw()?;
    scene.runs_on("b", scene.pace.watch * 3 / 2)?;
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
    scene.runs_on("b", scene.pace.watch * 3 / 2)?;
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
    scene.runs_on("b", scene.pace.watch / 2)
}

fn a_node_that_stands_still_for_a_moment_goes_on_where_it_stood(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    let node = a.freezes()?;
    pause(Duration::from_millis(300))?;
    a.guard.thaw()?;
    a.thaws(&node)?;
    scene.runs_on("a", scene.pace.watch)
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
    scene.runs_on("a", scene.pace.watch * 3 / 2)?;
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
