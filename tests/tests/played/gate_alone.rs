//! The classic use: a gate in front of a workload that nobody fences, without a record.

use anyhow::{Result, ensure};
use flatline_tests::Happening;
use serde_json::{Value, json};

use crate::SOON;
use crate::cluster::{WORKLOAD, went_in_order};
use crate::stage::{Stage, on_a_folder};
use crate::store::PlayedStore;

const GATE: &str = "flatline-gate";

/// The workload marks; a gate gives it neither its cluster nor a term.
fn gated(cluster: &str, term: u64) -> Value {
    json!({
        "flatline": { "ownership": "off" },
        "gate": { "enabled": true, "prePull": false },
        "guard": { "enabled": false },
        "extraEnv": [{ "name": "FLATLINE_CLUSTER", "value": cluster }, { "name": "FLATLINE_TERM", "value": term.to_string() }],
    })
}

#[test]
fn the_primary_goes_at_once_and_the_other_when_its_heart_is_flat() -> Result<()> {
    on_a_folder(goes_by_the_heart_alone)
}

fn goes_by_the_heart_alone(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let primary = a.starts(&gated("a", 1))?;
    stage.runs("a", 1)?;
    went_in_order(&primary.work, &[GATE])?;

    let other = b.starts(&gated("b", 2))?;
    other.work.comes_to(GATE, &Happening::Started, SOON)?;
    stage.log.runs_on("a", stage.pace.watch)?;
    ensure!(other.work.starts(WORKLOAD) == 0, "the gate holds the pod");
    primary.die()?;

    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    went_in_order(&other.work, &[GATE])?;
    let opened = other.work.comes_to(GATE, &Happening::Ended(0), SOON)?;
    ensure!(run.begin > opened, "the workload began after its gate had opened");
    ensure!(stage.store.record()?.is_none(), "nothing was recorded");
    Ok(())
}
