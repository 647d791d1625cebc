//! `wait` by the record: gates alone, which hold a workload back and stop nothing.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{Exit, FolderStore, Running, TestStore, free_port, get, post, until};
use serde_json::Value;

use crate::SOON;
use crate::scene::{Scene, notes_to};

on_a_folder! {
    the_gate_of_a_dead_owners_standby_opens_and_its_own_stays_shut_when_it_comes_back,
    the_primary_goes_at_once_also_without_a_record_and_strictly_only_with_one,
    a_primary_that_cannot_read_the_store_goes_after_its_grace_unless_it_is_strict,
    whoever_has_the_key_opens_a_waiting_gate_and_nobody_else_does,
    what_a_gate_tells_people_is_told_before_it_opens,
}

on_azurite! {
    the_gate_of_a_dead_owners_standby_opens_and_its_own_stays_shut_when_it_comes_back,
}

/// How long something may take that is to happen at once, with a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

fn opens(gate: &mut Running) -> Result<Exit> {
    let exit = gate.exit_within(SOON)?;
    exit.succeeds()?;
    Ok(exit)
}

fn the_gate_of_a_dead_owners_standby_opens_and_its_own_stays_shut_when_it_comes_back(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let writer = scene.writer("a")?.start()?;
    let _other = scene.writer("b")?.start()?;
    opens(&mut scene.gate("a")?.start()?)?;
    let file = scene.file("term");
    let mut standby = scene.gate("b")?.env("HEART_MONITOR_TERM_FILE", &file).start()?;
    standby.stays_for(scene.pace.watch)?;
    writer.kill()?;
    opens(&mut standby)?;
    ensure!(fs::read_to_string(&file)? == "2\n", "the term is handed over");
    opens(&mut scene.gate("b")?.start()?)?;
    let _back = scene.writer("a")?.start()?;
    scene.gate("a")?.start()?.stays_for(scene.pace.watch * 3 / 2)
}

fn the_primary_goes_at_once_also_without_a_record_and_strictly_only_with_one(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let exit = opens(&mut scene.gate("a")?.start()?)?;
    ensure!(exit.ran_for < AT_ONCE, "{exit}");
    ensure!(scene.store.record()?.is_none(), "a gate that prefers to go writes nothing down");
    let exit = opens(&mut scene.gate("a")?.env("HEART_MONITOR_OWNERSHIP", "strict").start()?)?;
    ensure!(exit.ran_for >= scene.pace.watch, "a first record waits for whoever may have had one: {exit}");
    ensure!(scene.record_says("owner").as_deref() == Some("a"), "the first record names the primary");
    let exit = opens(&mut scene.gate("a")?.env("HEART_MONITOR_OWNERSHIP", "strict").start()?)?;
    ensure!(exit.ran_for < AT_ONCE, "{exit}");
    Ok(())
}

fn a_primary_that_cannot_read_the_store_goes_after_its_grace_unless_it_is_strict(
    scene: &Scene<FolderStore>,
) -> Result<()> {
    scene.store.take_away()?;
    let grace = ("HEART_MONITOR_STORE_GRACE", "2s");
    let strict = ("HEART_MONITOR_OWNERSHIP", "strict");
    let mut standby = scene.gate("b")?.envs([grace]).start()?;
    let mut unbending = scene.gate("a")?.envs([grace, strict]).start()?;
    let mut primary = scene.gate("a")?.envs([grace]).start()?;
    let exit = opens(&mut primary)?;
    ensure!(exit.ran_for >= Duration::from_secs(2), "it was to try for its grace: {exit}");
    unbending.stays_for(Duration::from_secs(1))?;
    ensure!(standby.is_running()?, "a standby never goes without the record");
    scene.store.bring_back()?;
    opens(&mut unbending)?;
    Ok(())
}

fn whoever_has_the_key_opens_a_waiting_gate_and_nobody_else_does(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let _writer = scene.writer("a")?.start()?;
    let port = free_port()?;
    let gate = scene.gate("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
    let mut gate = gate.env("ACTIVATION_KEY", "abcdefgh9").start()?;
    until("the gate to be ready", SOON, || (get(port, "/readyz").ok()?.status == 200).then_some(()))?;
    let state: Value = serde_json::from_str(&get(port, "/state")?.body)?;
    ensure!(state["letter"] == "S", "a standby says S: {state}");
    let refused = post(port, "/activate", "abcdefgh8")?;
    ensure!(refused.status == 401 || refused.status == 403, "a wrong key is refused: {refused:?}");
    gate.stays_for(Duration::from_millis(500))?;
    let taken = post(port, "/activate", "abcdefgh9")?;
    ensure!(taken.status == 200, "the key opens the gate: {taken:?}");
    let exit = opens(&mut gate)?;
    ensure!(!exit.all_text().contains("abcdefgh"), "no key is ever told: {exit}");
    ensure!(scene.record_says("owner").as_deref() == Some("b"), "b owns the work");
    Ok(())
}

fn what_a_gate_tells_people_is_told_before_it_opens(scene: &Scene<impl TestStore>) -> Result<()> {
    let told = scene.file("told");
    let writer = scene.writer("a")?.start()?;
    let _other = scene.writer("b")?.start()?;
    let mut gate = scene.gate("b")?.envs(notes_to(&told)).start()?;
    gate.stays_for(scene.pace.watch)?;
    writer.kill()?;
    opens(&mut gate)?;
    let told = fs::read_to_string(&told)?;
    ensure!(told.starts_with("standby b ") && told.ends_with("\nactive b 2 b\n"), "this was told:\n{told}");
    ensure!(told.lines().count() == 2, "each was to be told once:\n{told}");
    Ok(())
}
