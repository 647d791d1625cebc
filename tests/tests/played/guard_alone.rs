//! The example with its defaults: a guard around the workload's command, no gate.

use anyhow::{Context, Result, ensure};
use flatline_tests::{Happening, Pod, pause};
use serde_json::{Value, json};

use crate::SOON;
use crate::cluster::{PORT, WORKLOAD, went_in_order};
use crate::stage::Stage;
use crate::store::PlayedStore;

/// What the chart does by itself, but for probes that are asked often and have no patience.
fn guarded() -> Value {
    let often = json!({ "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 2 });
    json!({ "flatline": { "livenessProbe": often, "readinessProbe": often } })
}

on_both_stores![the_work_moves_to_the_standby_when_the_owner_dies_and_home_when_somebody_says_so];

fn the_work_moves_to_the_standby_when_the_owner_dies_and_home_when_somebody_says_so(
    stage: &Stage<impl PlayedStore>,
) -> Result<()> {
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let owner = a.starts(&guarded())?;
    stage.runs("a", 1)?;
    went_in_order(&owner.work, &["flatline-guard-binary"])?;

    let standby = b.starts(&guarded())?;
    standby.work.comes_to(WORKLOAD, &Happening::Ready, SOON)?;
    stage.log.runs_on("a", stage.pace.watch)?;
    ensure!(
        is_blocked(&standby.work)? && !is_blocked(&owner.work)?,
        "the standby's guard says that it waits"
    );
    owner.die()?;
    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    went_in_order(&standby.work, &["flatline-guard-binary"])?;
    ensure!(!is_blocked(&standby.work)?, "and then that it does not");

    let returned = a.starts(&guarded())?;
    returned.work.comes_to(WORKLOAD, &Happening::Ready, SOON)?;
    stage.log.runs_on("b", stage.pace.watch)?;
    returned.operator(&["handover", "--to", "a", "--yes"])?.succeeds()?;
    stage.runs("a", 3)?;
    pause(stage.pace.watch)?;
    ensure!(stage.log.last_of("b")?.ended, "b's workload ended by itself, as it was told to");
    for pod in [&standby.work, &returned.work] {
        ensure!(pod.starts(WORKLOAD) == 1, "no container was restarted, waiting or not");
        ensure!(pod.is_ready(WORKLOAD), "both obey the record");
    }

    for pod in [returned.work, standby.work, returned.beacon, standby.beacon] {
        let (name, took) = (pod.name().to_owned(), pod.delete()?);
        println!("{name} was gone after {took:?}");
    }
    ensure!(stage.log.last_of("a")?.ended, "a's workload had its grace");
    Ok(())
}

/// What the guard says at the chart's own port.
fn is_blocked(pod: &Pod) -> Result<bool> {
    let state: Value = serde_json::from_str(&pod.get(WORKLOAD, PORT, "/state")?.body)?;
    state["blocked"].as_bool().context("a guard says whether it is blocked")
}
