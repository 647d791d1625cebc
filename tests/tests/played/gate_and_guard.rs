//! The example with a gate in front of the guard: nothing of the pod runs in a standby, and nothing is left to pull.

use anyhow::{Result, ensure};
use flatline_tests::Happening;
use serde_json::json;

use crate::SOON;
use crate::cluster::{PORT, WORKLOAD, went_in_order};
use crate::stage::Stage;
use crate::store::PlayedStore;

const INIT_CONTAINERS: [&str; 5] =
    ["flatline-guard-binary", "flatline-pre-pull", "flatline-pre-pull-migrate", "flatline-gate", "migrate"];
const GATE: &str = "flatline-gate";

on_both_stores![a_standby_is_held_at_its_gate_and_starts_without_a_registry_when_that_opens];

fn a_standby_is_held_at_its_gate_and_starts_without_a_registry_when_that_opens(
    stage: &Stage<impl PlayedStore>,
) -> Result<()> {
    // Behind the gate there is an image that nothing before it uses.
    let migrate = json!({
        "name": "migrate", "image": "registry.example/heartbeat-writer:1",
        "command": ["heartbeat-writer", "--version"],
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
        },
    });
    let values = json!({ "gate": { "enabled": true }, "extraInitContainers": [migrate] });
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let owner = a.starts(&values)?;
    stage.runs("a", 1)?;
    went_in_order(&owner.work, &INIT_CONTAINERS)?;

    let standby = b.starts(&values)?;
    standby.work.comes_to(GATE, &Happening::Started, SOON)?;
    stage.log.runs_on("a", stage.pace.watch)?;
    ensure!(standby.work.starts(WORKLOAD) == 0, "the gate holds the pod");
    let metrics = standby.work.get(GATE, PORT, "/metrics")?.body;
    ensure!(metrics.contains("heart_monitor_blocked"), "the gate can be scraped: {metrics}");
    b.loses_its_registry();
    owner.die()?;

    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    went_in_order(&standby.work, &INIT_CONTAINERS)?;
    let opened = standby.work.comes_to(GATE, &Happening::Ended(0), SOON)?;
    ensure!(run.begin > opened, "the workload began after its gate had opened");
    println!("the workload began {:?} after its gate had opened", run.begin.since(opened));

    let returned = a.work(&values)?;
    let _beacon = a.beacon()?;
    stage.log.runs_on("b", stage.pace.watch)?;
    ensure!(
        returned.starts(GATE) == 1 && returned.starts(WORKLOAD) == 0,
        "the old owner is held at its gate"
    );
    let took = returned.delete()?;
    println!("the pod that waited was gone after {took:?}");
    Ok(())
}
