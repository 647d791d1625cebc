//! Two guarded containers in one pod, behind one gate: both wait, and both run when their cluster owns the work.

use anyhow::{Result, ensure};
use flatline_tests::{Happening, until};
use serde_json::{Value, json};

use crate::SOON;
use crate::cluster::WORKLOAD;
use crate::stage::{Stage, on_a_folder};
use crate::store::PlayedStore;

/// The second one, and the port of its guard.
const WORKER: (&str, u16) = ("worker", 9601);

#[test]
fn both_containers_of_a_pod_run_after_a_takeover_and_each_guard_answers_at_its_port() -> Result<()> {
    on_a_folder(two_in_one_pod)
}

fn two_in_one_pod(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let marks = json!(["marking-workload", "/marks/marks"]);
    let values = json!({
        "args": marks, "workerArgs": marks,
        "extraVolumes": [{ "name": "marks", "persistentVolumeClaim": { "claimName": "marks" } }],
        "extraVolumeMounts": [{ "name": "marks", "mountPath": "/marks" }],
    });
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let (beacon, owner) = (a.beacon()?, a.of_fixture("two-guards", &values)?);
    let both = |cluster: &str| {
        let runs = || (stage.log.runs().ok()?.of(cluster).len() == 2).then_some(());
        until("both containers to run", SOON, runs)
    };
    both("a")?;
    let _beacon = b.beacon()?;
    let standby = b.of_fixture("two-guards", &values)?;
    standby.comes_to("flatline-gate", &Happening::Started, SOON)?;
    beacon.kill()?;
    owner.kill()?;

    both("b")?;
    for (container, port) in [(WORKLOAD, crate::cluster::PORT), WORKER] {
        standby.comes_to(container, &Happening::Ready, SOON)?;
        let answer: Value = serde_json::from_str(&standby.get(container, port, "/state")?.body)?;
        ensure!(answer["blocked"] == false, "{container}: {answer}");
    }
    Ok(())
}
