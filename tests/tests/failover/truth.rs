//! What a guard says of its workload is so at that moment: in its log and at `/state`.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use flatline_tests::{FolderStore, Running, TestStore, free_port, get, until};
use serde_json::Value;

use crate::SOON;
use crate::scene::Scene;

on_a_folder! {
    the_state_never_says_blocked_while_the_workload_runs_nor_that_it_runs_while_it_is_stopped,
    an_owner_whose_beacon_is_silent_waits_for_a_beat_and_not_for_nothing,
    a_workload_that_was_told_to_end_did_not_end_by_itself,
}

fn the_state_never_says_blocked_while_the_workload_runs_nor_that_it_runs_while_it_is_stopped(
    scene: &Scene<FolderStore>,
) -> Result<()> {
    let port = free_port()?;
    let _writer = scene.writer("a")?.start()?;
    let guard = scene.guard("a")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
    let _guard = guard.args(["--linger", "300"]).start()?;
    scene.runs("a", 1)?;
    scene.store.take_away()?;
    let (taken_away, mut said) = (Instant::now(), Vec::new());
    while !said.last().is_some_and(|(blocked, info): &(bool, String)| *blocked && info.starts_with("blocked"))
    {
        ensure!(taken_away.elapsed() < SOON, "the workload was to be stopped: {said:#?}");
        let state: Value = serde_json::from_str(&get(port, "/state")?.body)?;
        let blocked = state["blocked"].as_bool().context("blocked")?;
        let info = state["info"].as_str().context("info")?.to_owned();
        ensure!(blocked || info.starts_with("the workload"), "it runs, and /state says: {info}");
        ensure!(!blocked || !info.starts_with("the workload"), "it is stopped, and /state says: {info}");
        said.push((blocked, info));
    }
    for part in
        ["the workload still runs, though the ownership record cannot be read", "stopping the workload"]
    {
        ensure!(said.iter().any(|(_, info)| info.contains(part)), "'{part}' was never said: {said:#?}");
    }
    scene.store.bring_back()?;
    scene.has_begun("a", 2).map(drop)
}

fn an_owner_whose_beacon_is_silent_waits_for_a_beat_and_not_for_nothing(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let mut guard = scene.guard("a")?.start()?;
    scene.runs("a", 1)?;
    writer.freeze()?;
    guard.line_with("workload stopped", SOON)?;
    let next = until("what the guard waits for", SOON, || line_after(&guard, "workload stopped"))?;
    ensure!(next.contains("blocked until this cluster's own heart beats"), "it says: {next}");
    writer.thaw()?;
    scene.has_begun("a", 2)?;
    let empty: Vec<String> =
        guard.lines().into_iter().map(|line| line.text).filter(|line| line.contains("\"nothing\"")).collect();
    ensure!(empty.is_empty(), "nobody waits for nothing: {empty:#?}");
    Ok(())
}

/// The line about waiting that follows the one with this text.
fn line_after(guard: &Running, text: &str) -> Option<String> {
    let lines = guard.lines();
    let mut rest = lines.iter().map(|line| &line.text).skip_while(|line| !line.contains(text));
    rest.find(|line| line.contains("waiting_for")).cloned()
}

fn a_workload_that_was_told_to_end_did_not_end_by_itself(scene: &Scene<impl TestStore>) -> Result<()> {
    let _writer = scene.writer("a")?.start()?;
    let mut deleted = scene.guard("a")?.start()?;
    scene.runs("a", 1)?;
    deleted.terminate()?;
    deleted.exit_within(SOON)?;
    let said = deleted.lines().into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
    ensure!(said.contains("workload ended after the signal that was passed on to it"), "{said}");
    ensure!(!said.contains("by itself"), "{said}");
    let mut done = scene.guard("a")?.args(["--exit-after", "100", "0"]).start()?;
    done.exit_within(SOON)?;
    let said = done.lines().into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
    ensure!(said.contains("workload ended by itself"), "{said}");
    Ok(())
}
