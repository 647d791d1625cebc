//! What becomes of a pod that cannot start, stands still, or will not go.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Happening, until};
use serde_json::json;

use crate::SOON;
use crate::cluster::WORKLOAD;
use crate::stage::{Stage, on_a_folder};
use crate::store::PlayedStore;

#[test]
fn a_guard_that_stands_still_is_restarted_by_its_probe_and_its_cluster_works_on() -> Result<()> {
    on_a_folder(stands_still)
}

fn stands_still(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let a = stage.cluster("a")?;
    let impatient = json!({ "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 2 });
    let values = json!({ "flatline": { "livenessProbe": impatient }, "terminationGracePeriodSeconds": 1 });
    let pods = a.starts(&values)?;
    stage.runs("a", 1)?;
    pods.work.freeze(WORKLOAD)?;
    pods.work.comes_to(WORKLOAD, &Happening::Unhealthy, SOON)?;
    pods.work.comes_to(WORKLOAD, &Happening::Ended(137), SOON)?;
    until("the workload to run again", SOON, || (stage.log.runs().ok()?.of("a").len() == 2).then_some(()))?;
    ensure!(pods.work.starts(WORKLOAD) == 2 && pods.work.starts("flatline-guard-binary") == 1, "one restart");
    Ok(())
}

#[test]
fn a_workload_that_will_not_go_is_killed_when_its_grace_is_over() -> Result<()> {
    on_a_folder(will_not_go)
}

fn will_not_go(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let a = stage.cluster("a")?;
    let values = json!({ "extraArgs": ["--stubborn"], "terminationGracePeriodSeconds": 2 });
    let pods = a.starts(&values)?;
    stage.runs("a", 1)?;
    let took = pods.work.delete()?;
    println!("the stubborn one was gone after {took:?}");
    ensure!(took >= Duration::from_secs(2), "it had its grace, and more than {took:?}");
    ensure!(took < Duration::from_secs(4), "it outlived its grace: {took:?}");
    Ok(())
}

#[test]
fn a_pod_whose_secret_is_missing_waits_and_says_for_what() -> Result<()> {
    on_a_folder(secret_is_missing)
}

fn secret_is_missing(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let a = stage.cluster("a")?;
    let work =
        a.work(&json!({ "flatline": { "activationKey": { "existingSecret": { "name": "not-there" } } } }))?;
    let said = until("the pod to be refused", SOON, || {
        work.events().into_iter().find_map(|event| match event.happening {
            Happening::Refused(why) => Some(why),
            _ => None,
        })
    });
    let said = said.context("a pod without its secret")?;
    ensure!(said.contains("no secret not-there with the key activation-key"), "{said}");
    ensure!(work.starts(WORKLOAD) == 0, "nothing was started");
    Ok(())
}
