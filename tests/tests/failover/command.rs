//! What `run` is to the command that it guards: its term, its signals, its end, and process 1 of its container.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Relative, TestStore, pause, until};
use rustix::process::Signal;

use crate::SOON;
use crate::scene::Scene;

on_a_folder! {
    a_command_that_ends_by_itself_passes_its_code_on,
    a_signal_to_the_guard_reaches_the_workload_whose_end_is_the_guards,
    a_guard_whose_workload_went_on_after_a_hangup_starts_it_again_when_it_may,
    a_guard_that_waits_ends_at_once_when_it_is_asked_to,
    a_workload_has_its_grace_before_it_is_killed,
    the_term_reaches_the_workload_and_the_term_file,
    as_process_1_of_a_container_it_leaves_no_zombie_and_takes_everything_along,
}

fn a_command_that_ends_by_itself_passes_its_code_on(scene: &Scene<impl TestStore>) -> Result<()> {
    let _writer = scene.writer("a")?.start()?;
    let mut guard = scene.guard("a")?.args(["--stray", "--exit-after", "300", "7"]).start()?;
    let exit = guard.exit_within(SOON)?;
    ensure!(exit.code == 7, "the guard ended with {exit}");
    // What the command left behind ended before the guard did.
    scene.nobody_runs_for(Duration::from_millis(200))?;
    let mut guard = scene.guard("a")?.start()?;
    scene.has_begun("a", 3)?;
    let workload = Relative::descendants_of(guard.pid())?;
    workload.first().context("a workload")?.signal(Signal::KILL);
    let exit = guard.exit_within(SOON)?;
    ensure!(exit.code == 137, "the guard ended with {exit}");
    Ok(())
}

fn a_signal_to_the_guard_reaches_the_workload_whose_end_is_the_guards(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let _writer = scene.writer("a")?.start()?;
    let mut guard = scene.guard("a")?.args(["--linger", "200"]).start()?;
    scene.runs("a", 1)?;
    guard.terminate()?;
    let exit = guard.exit_within(SOON)?;
    ensure!(exit.code == 0, "the workload ends with 0 on SIGTERM; the guard ended with {exit}");
    let runs = scene.log.runs()?;
    ensure!(runs.of("a").iter().all(|run| run.ended), "the workload was to end in peace: {runs}");
    Ok(())
}

fn a_guard_whose_workload_went_on_after_a_hangup_starts_it_again_when_it_may(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let deaf = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let mut guard = scene.guard_of("a", &deaf)?.start()?;
    scene.runs("a", 1)?;
    guard.signal(Signal::HUP)?;
    scene.log.runs_on("a", Duration::from_millis(300))?;
    writer.freeze()?;
    until("the workload to be stopped", SOON, || {
        scene.log.runs().ok()?.of("a").iter().all(|run| run.ended).then_some(())
    })?;
    writer.thaw()?;
    scene.has_begun("a", 2)?;
    ensure!(guard.is_running()?, "a hangup asks a workload to read its configuration anew");
    Ok(())
}

fn a_guard_that_waits_ends_at_once_when_it_is_asked_to(scene: &Scene<impl TestStore>) -> Result<()> {
    let (_a, mut b) = scene.pair()?;
    pause(Duration::from_millis(500))?;
    b.guard.terminate()?;
    let exit = b.guard.exit_within(SOON)?;
    ensure!(exit.code == 143, "the guard ended with {exit}");
    Ok(())
}

fn a_workload_has_its_grace_before_it_is_killed(scene: &Scene<impl TestStore>) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let mut grace = scene.guard("a")?.env("HEART_MONITOR_STOP_GRACE", "1s");
    grace = grace.args(["--linger", "300"]);
    let mut stubborn = scene.guard("a")?.args(["--stubborn"]).start()?;
    let _guard = grace.start()?;
    scene.has_begun("a", 2)?;
    writer.kill()?;
    let ended = |wanted| {
        let runs = scene.log.runs().ok()?;
        (runs.of("a").iter().filter(|run| run.ended).count() == wanted).then_some(())
    };
    until("the patient workload to end by itself", SOON, || ended(1))?;
    until("the stubborn one to be killed", SOON, || {
        Relative::descendants_of(stubborn.pid()).ok()?.is_empty().then_some(())
    })?;
    ensure!(ended(1).is_some(), "the stubborn one does not end by itself");
    ensure!(stubborn.is_running()?, "its guard waits for its turn");
    Ok(())
}

fn the_term_reaches_the_workload_and_the_term_file(scene: &Scene<impl TestStore>) -> Result<()> {
    let file = scene.file("term");
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.start()?;
    let _guard = scene.guard("b")?.env("HEART_MONITOR_TERM_FILE", &file).start()?;
    pause(scene.pace.watch / 2)?;
    ensure!(!file.exists(), "there is no term before there is a right to run");
    a.dies()?;
    scene.runs("b", 2)?;
    ensure!(fs::read_to_string(&file)? == "2\n", "the file holds the term under which the workload runs");
    Ok(())
}

fn as_process_1_of_a_container_it_leaves_no_zombie_and_takes_everything_along(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let container = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let allowed = Command::new(container[0]).args(&container[1..]).arg("true").stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("skipped: process namespaces are not allowed here");
        return Ok(());
    }
    let _writer = scene.writer("a")?.start()?;
    // A child that ends is the workload's own affair; the child of that child is left to process 1.
    let script = "sh -c 'sleep 0.2 & sleep 0.1 &' ; exec \"$0\" \"$@\" --stray";
    let guard = scene.guard_of("a", &["sh", "-c", script])?.under(&container)?.start()?;
    scene.has_begun("a", 2)?;
    let everybody = Relative::descendants_of(guard.pid())?;
    ensure!(everybody.len() >= 3, "process 1, the workload and its stray were to run");
    // Both orphans have ended by then.
    pause(Duration::from_millis(500))?;
    until("every zombie to be collected", SOON, || {
        Relative::zombies_under(guard.pid()).ok()?.is_empty().then_some(())
    })?;
    // Process 1 alone is killed, as the kernel does for memory: its namespace goes with it.
    everybody.first().context("process 1")?.signal(Signal::KILL);
    until("everything to be gone", SOON, || everybody.iter().all(|process| !process.lives()).then_some(()))
}
