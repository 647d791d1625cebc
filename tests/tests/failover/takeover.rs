//! A cluster dies; another one takes the work over, and keeps it.

use anyhow::{Result, ensure};
use flatline_tests::{FolderStore, TestStore};

use crate::SOON;
use crate::scene::{DEFAULTS, Scene, play_at};

on_a_folder! {
    a_dead_owner_is_replaced_and_blocked_when_it_comes_back,
    the_work_goes_from_one_cluster_to_the_other_and_back_as_they_die,
    a_claim_that_a_crash_left_behind_is_completed_by_the_next_process_of_its_cluster,
    a_claim_that_a_crash_left_behind_is_undone_by_the_cluster_that_it_was_made_against,
    every_pod_of_the_owner_runs_and_none_of_the_other_cluster,
    of_two_standbys_the_swap_picks_one_and_the_delay_says_which,
    a_standby_alone_never_starts,
    a_guard_that_is_killed_alone_takes_its_workload_along_and_its_cluster_goes_on,
}

on_azurite! {
    a_dead_owner_is_replaced_and_blocked_when_it_comes_back,
    the_work_goes_from_one_cluster_to_the_other_and_back_as_they_die,
    a_claim_that_a_crash_left_behind_is_completed_by_the_next_process_of_its_cluster,
}

#[test]
fn at_the_default_pace_a_dead_owner_is_replaced_and_blocked_when_it_comes_back() -> Result<()> {
    play_at(DEFAULTS, FolderStore::new()?, |scene| {
        a_dead_owner_is_replaced_and_blocked_when_it_comes_back(scene)
    })
}

fn a_dead_owner_is_replaced_and_blocked_when_it_comes_back(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    a.dies()?;
    scene.runs("b", 2)?;
    let _back = scene.cluster("a")?;
    scene.log.runs_on("b", scene.pace.watch * 3 / 2)
}

fn the_work_goes_from_one_cluster_to_the_other_and_back_as_they_die(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (a, b) = scene.pair()?;
    a.dies()?;
    scene.runs("b", 2)?;
    let a = scene.cluster("a")?;
    b.dies()?;
    scene.runs("a", 3)?;
    let _b = scene.cluster("b")?;
    a.dies()?;
    scene.runs("b", 4)?;
    Ok(())
}

/// With caches to wait for, a claim stays pending for twice their age: time to kill the claimant.
const CACHES: (&str, &str) = ("HEART_MONITOR_CACHE_AGE", "1s");

fn a_claim_that_a_crash_left_behind_is_completed_by_the_next_process_of_its_cluster(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.start()?;
    let claimant = scene.guard("b")?.envs([CACHES]).start()?;
    a.dies()?;
    scene.record_comes_to("phase", "pending")?;
    claimant.kill()?;
    scene.nobody_runs_for(scene.pace.watch / 2)?;
    ensure!(scene.record_says("phase").as_deref() == Some("pending"), "the claim was to be left behind");
    let _next = scene.guard("b")?.start()?;
    scene.runs("b", 2)?;
    Ok(())
}

fn a_claim_that_a_crash_left_behind_is_undone_by_the_cluster_that_it_was_made_against(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.start()?;
    let claimant = scene.guard("b")?.envs([CACHES]).start()?;
    a.dies()?;
    scene.record_comes_to("phase", "pending")?;
    claimant.kill()?;
    let _back = scene.cluster("a")?;
    scene.record_comes_to("phase", "active")?;
    ensure!(scene.record_says("owner").as_deref() == Some("a"), "a was to take its work back");
    scene.has_begun("a", 2)?;
    let _b = scene.guard("b")?.start()?;
    scene.log.runs_on("a", scene.pace.watch * 3 / 2)?;
    ensure!(scene.record_says("term").as_deref() == Some("1"), "nobody else ever owned the work");
    Ok(())
}

fn every_pod_of_the_owner_runs_and_none_of_the_other_cluster(scene: &Scene<impl TestStore>) -> Result<()> {
    let siblings = |cluster: &str| (0..2).map(|_| scene.guard(cluster)?.start()).collect::<Result<Vec<_>>>();
    let (a, b) = scene.pair()?;
    let (pods_of_a, _pods_of_b) = (siblings("a")?, siblings("b")?);
    scene.has_begun("a", 3)?;
    a.writer.kill()?;
    scene.has_begun("b", 3)?;
    a.runs_nothing()?;
    // Those of a wait in the same processes, and run again when it is their turn.
    let _writer = scene.writer("a")?.start()?;
    b.writer.kill()?;
    scene.has_begun("a", 6)?;
    scene.runs("a", 3)?;
    for mut pod in pods_of_a {
        ensure!(pod.is_running()?, "a guard that was blocked goes on in the same process");
    }
    Ok(())
}

fn of_two_standbys_the_swap_picks_one_and_the_delay_says_which(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, b) = scene.pair()?;
    let _writer = scene.writer("c")?.start()?;
    let delay = format!("{}ms", scene.pace.watch.as_millis());
    let _third = scene.guard("c")?.env("HEART_MONITOR_TAKEOVER_DELAY", delay).start()?;
    flatline_tests::pause(scene.pace.watch)?;
    a.dies()?;
    scene.runs("b", 2)?;
    scene.log.runs_on("b", scene.pace.watch)?;
    b.dies()?;
    scene.runs("c", 3)?;
    Ok(())
}

fn a_standby_alone_never_starts(scene: &Scene<impl TestStore>) -> Result<()> {
    let _b = scene.cluster("b")?;
    scene.nobody_runs_for(2 * scene.pace.watch)?;
    ensure!(scene.store.record()?.is_none(), "nothing was claimed");
    Ok(())
}

fn a_guard_that_is_killed_alone_takes_its_workload_along_and_its_cluster_goes_on(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (mut a, _b) = scene.pair()?;
    let workload = a.workload()?;
    a.guard.kill()?;
    a.guard.exit_within(SOON)?;
    flatline_tests::until("the workload to be gone", SOON, || {
        workload.iter().all(|process| !process.lives()).then_some(())
    })?;
    let _next = scene.guard("a")?.start()?;
    scene.has_begun("a", 2)?;
    scene.log.runs_on("a", scene.pace.watch)
}
