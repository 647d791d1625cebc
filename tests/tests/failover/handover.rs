//! Operators move the work: there and back, interrupted at every moment, called off, and stopped by what fails.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use flatline_tests::{Program, Running, TestStore, pause};
use rustix::process::Signal;

use crate::SOON;
use crate::scene::{Scene, seed};

on_a_folder! {
    the_work_is_handed_over_and_back_and_over_again,
    a_handover_that_was_killed_at_any_moment_is_completed_or_can_be_run_again,
    a_handover_that_was_interrupted_says_so_and_is_completed_by_the_successor,
    a_workload_may_finish_in_peace_for_as_long_as_the_drain,
    a_workload_that_will_not_end_is_killed_before_the_successor_starts,
    a_silent_successor_gets_nothing_and_the_owner_runs_on,
    the_owner_takes_the_work_back_from_a_successor_that_falls_silent,
    a_handover_is_called_off_by_a_handover_to_the_owner,
    a_plan_is_printed_and_nothing_is_changed_without_a_word_of_consent,
    during_maintenance_nobody_takes_over_and_afterwards_somebody_does,
    an_activation_waits_for_no_silence,
}

on_azurite! {
    the_work_is_handed_over_and_back_and_over_again,
    a_handover_that_was_killed_at_any_moment_is_completed_or_can_be_run_again,
}

fn hand_over(scene: &Scene<impl TestStore>, to: &str) -> Result<Program> {
    scene.operator(&["handover", "--to", to, "--yes"])
}

fn succeeds(operator: Program) -> Result<()> {
    operator.start()?.exit_within(SOON)?.succeeds()
}

fn the_work_is_handed_over_and_back_and_over_again(scene: &Scene<impl TestStore>) -> Result<()> {
    let (mut a, mut b) = scene.pair()?;
    succeeds(hand_over(scene, "b")?)?;
    scene.runs("b", 2)?;
    a.runs_nothing()?;
    succeeds(scene.operator(&["failback", "--yes"])?)?;
    scene.runs("a", 3)?;
    b.runs_nothing()?;
    succeeds(hand_over(scene, "b")?)?;
    scene.runs("b", 4)?;
    ensure!(a.guard.is_running()? && b.guard.is_running()?, "both guards go on in the same process");
    succeeds(hand_over(scene, "b")?)?;
    scene.log.runs_on("b", scene.pace.watch / 2)
}

fn a_handover_that_was_killed_at_any_moment_is_completed_or_can_be_run_again(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let mut random = Rng::with_seed(seed()?);
    let (_a, _b) = scene.pair()?;
    let watch = u64::try_from(scene.pace.watch.as_millis())?;
    for (term, to) in [(2, "b"), (3, "a"), (4, "b")] {
        let operator = hand_over(scene, to)?.start()?;
        pause(Duration::from_millis(random.u64(..watch * 5 / 4)))?;
        // It may be done by now.
        let _ = operator.kill();
        let begun = scene.record_says("owner").as_deref() == Some(to)
            || scene.record_says("phase").as_deref() == Some("releasing");
        if !begun || random.bool() {
            succeeds(hand_over(scene, to)?)?;
        }
        scene.runs(to, term)?;
    }
    Ok(())
}

/// A handover that has begun: the owner's workload has stopped.
fn begun(scene: &Scene<impl TestStore>, owner: &crate::cluster::Cluster, to: &str) -> Result<Running> {
    let operator = hand_over(scene, to)?.start()?;
    scene.record_comes_to("phase", "releasing")?;
    owner.runs_nothing()?;
    Ok(operator)
}

fn a_handover_that_was_interrupted_says_so_and_is_completed_by_the_successor(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (a, _b) = scene.pair()?;
    let mut operator = begun(scene, &a, "b")?;
    operator.signal(Signal::INT)?;
    let exit = operator.exit_within(SOON)?;
    ensure!(exit.code == 130, "the operator ended with {exit}");
    ensure!(exit.all_text().contains("interrupted"), "an interruption is said: {exit}");
    scene.runs("b", 2)?;
    Ok(())
}

fn a_workload_may_finish_in_peace_for_as_long_as_the_drain(scene: &Scene<impl TestStore>) -> Result<()> {
    let _writers = (scene.writer("a")?.start()?, scene.writer("b")?.start()?);
    let _a = scene.guard("a")?.args(["--linger", "2000"]).start()?;
    scene.runs("a", 1)?;
    let _b = scene.guard("b")?.start()?;
    succeeds(scene.operator(&["handover", "--to", "b", "--drain", "3s", "--yes"])?)?;
    scene.runs("b", 2)?;
    let runs = scene.log.runs()?;
    ensure!(runs.of("a").iter().all(|run| run.ended), "the workload was to end in peace: {runs}");
    Ok(())
}

fn a_workload_that_will_not_end_is_killed_before_the_successor_starts(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let _writers = (scene.writer("a")?.start()?, scene.writer("b")?.start()?);
    let _a = scene.guard("a")?.args(["--stubborn", "--stray"]).start()?;
    scene.has_begun("a", 2)?;
    let _b = scene.guard("b")?.start()?;
    succeeds(hand_over(scene, "b")?)?;
    scene.runs("b", 2)?;
    Ok(())
}

fn a_silent_successor_gets_nothing_and_the_owner_runs_on(scene: &Scene<impl TestStore>) -> Result<()> {
    let (_a, b) = scene.pair()?;
    pause(scene.pace.watch / 2)?;
    b.writer.kill()?;
    pause(scene.pace.watch / 2)?;
    let exit = hand_over(scene, "b")?.start()?.exit_within(SOON)?;
    ensure!(exit.code == 2, "the operator ended with {exit}");
    scene.log.runs_on("a", scene.pace.watch / 2)?;
    ensure!(scene.record_says("phase").as_deref() == Some("active"), "nothing was changed");
    Ok(())
}

fn the_owner_takes_the_work_back_from_a_successor_that_falls_silent(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (a, b) = scene.pair()?;
    pause(scene.pace.watch / 2)?;
    let operator = begun(scene, &a, "b")?;
    operator.kill()?;
    b.dies()?;
    scene.has_begun("a", 2)?;
    ensure!(scene.record_says("term").as_deref() == Some("1"), "nobody else ever owned the work");
    scene.log.runs_on("a", scene.pace.watch)
}

fn a_handover_is_called_off_by_a_handover_to_the_owner(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    let mut operator = begun(scene, &a, "b")?;
    succeeds(hand_over(scene, "a")?)?;
    let exit = operator.exit_within(SOON)?;
    ensure!(exit.code != 0, "a handover that was called off does not end well: {exit}");
    scene.has_begun("a", 2)?;
    scene.log.runs_on("a", scene.pace.watch * 3 / 2)
}

fn a_plan_is_printed_and_nothing_is_changed_without_a_word_of_consent(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (_a, _b) = scene.pair()?;
    pause(scene.pace.watch / 2)?;
    let before = scene.store.record()?;
    let exit = scene.operator(&["handover", "--to", "b", "--dry-run"])?.run()?;
    exit.succeeds()?;
    ensure!(exit.all_text().contains("nguarded"), "the plan warns of what does not stop: {exit}");
    let exit = scene.operator(&["handover", "--to", "b"])?.run()?;
    ensure!(exit.code == 2, "nobody is there to ask: {exit}");
    let exit = scene.operator(&["activate", "--cluster", "b"])?.run()?;
    ensure!(exit.code == 2, "nobody is there to ask: {exit}");
    ensure!(scene.store.record()? == before, "nothing was to change");
    scene.log.runs_on("a", scene.pace.watch / 2)
}

fn during_maintenance_nobody_takes_over_and_afterwards_somebody_does(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (a, _b) = scene.pair()?;
    let on = ["maintenance", "on", "--for", "1h", "--reason", "the store moves"];
    succeeds(scene.operator(&on)?)?;
    scene.log.runs_on("a", scene.pace.watch / 2)?;
    a.dies()?;
    scene.nobody_runs_for(2 * scene.pace.watch)?;
    let shown = scene.operator(&["maintenance", "status"])?.run()?;
    ensure!(shown.all_text().contains("the store moves"), "{shown}");
    succeeds(scene.operator(&["maintenance", "off"])?)?;
    scene.runs("b", 2)?;
    Ok(())
}

fn an_activation_waits_for_no_silence(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    pause(scene.pace.watch / 2)?;
    a.dies()?;
    let (died, run) = {
        let died = flatline_tests::BootClock::now();
        succeeds(scene.operator(&["activate", "--cluster", "b", "--yes"])?)?;
        (died, scene.runs("b", 2)?)
    };
    let took = run.begin.since(died);
    ensure!(took < scene.pace.watch, "it took {took:?}, as long as a takeover");
    let _back = scene.cluster("a")?;
    scene.log.runs_on("b", scene.pace.watch).context("a was to stay blocked")
}
