//! Two sides that are configured differently, as in the middle of a rollout.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::{TestStore, pause};

use crate::scene::Scene;

on_a_folder! {
    a_patient_owner_and_a_hasty_standby_never_run_at_once,
    a_hasty_owner_and_a_patient_standby_never_run_at_once,
    an_owner_that_is_configured_anew_keeps_to_what_its_record_promises,
    a_slow_cluster_that_is_handed_the_work_of_a_hasty_one_runs_without_a_break,
}

/// Twice the scene's threshold, and a workload that takes its time.
const PATIENT: [(&str, &str); 2] =
    [("HEART_MONITOR_FLATLINE_AFTER", "6s"), ("HEART_MONITOR_STOP_GRACE", "1500ms")];

fn a_patient_owner_and_a_hasty_standby_never_run_at_once(scene: &Scene<impl TestStore>) -> Result<()> {
    there_and_back(scene, &PATIENT, &[])
}

fn a_hasty_owner_and_a_patient_standby_never_run_at_once(scene: &Scene<impl TestStore>) -> Result<()> {
    there_and_back(scene, &[], &PATIENT)
}

fn an_owner_that_is_configured_anew_keeps_to_what_its_record_promises(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    a.guard.kill()?;
    let _patient = scene.guard("a")?.envs(PATIENT).arg("--stubborn").start()?;
    scene.has_begun("a", 2)?;
    let _b = scene.cluster("b")?;
    pause(scene.pace.watch / 2)?;
    a.writer.freeze()?;
    scene.runs("b", 2)?;
    Ok(())
}

/// Timings of another pair: a beat is as long in coming as the scene's guards may hold.
const SLOW: [(&str, &str); 2] = [("HEARTBEAT_INTERVAL", "3s"), ("HEART_MONITOR_FLATLINE_AFTER", "12s")];

fn a_slow_cluster_that_is_handed_the_work_of_a_hasty_one_runs_without_a_break(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let _a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let _writer = scene.writer("b")?.envs(SLOW).start()?;
    let _guard = scene.guard("b")?.envs(SLOW).start()?;
    scene.operator(&["handover", "--to", "b", "--yes"])?.envs(SLOW).run()?.succeeds()?;
    scene.runs("b", 2)?;
    scene.log.runs_on("b", Duration::from_secs(10))
}

/// Beacons stop while guards and stubborn workloads run on: everybody uses the time that they have to the last.
fn there_and_back(scene: &Scene<impl TestStore>, a: &[(&str, &str)], b: &[(&str, &str)]) -> Result<()> {
    let guard = |cluster, settings: &[(&str, &str)]| {
        scene.guard(cluster)?.envs(settings.iter().copied()).arg("--stubborn").start()
    };
    let writer = scene.writer("a")?.start()?;
    let _a = guard("a", a)?;
    scene.runs("a", 1)?;
    let other_writer = scene.writer("b")?.start()?;
    let _b = guard("b", b)?;
    writer.freeze()?;
    scene.runs("b", 2)?;
    writer.thaw()?;
    other_writer.freeze()?;
    scene.runs("a", 3)?;
    Ok(())
}
