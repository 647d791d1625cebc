//! A region without its network: no probe may make it worse.

use anyhow::{Result, ensure};
use flatline_tests::Happening;
use serde_json::json;

use crate::SOON;
use crate::cluster::{BEACON, WORKLOAD};
use crate::stage::{Stage, on_azurite};
use crate::store::PlayedStore;

#[test]
fn an_owner_that_is_cut_off_stops_and_stands_by_afterwards_and_nothing_is_restarted() -> Result<()> {
    on_azurite(cut_off)
}

fn cut_off(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let impatient = json!({ "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 2 });
    let values = json!({ "flatline": { "livenessProbe": impatient, "readinessProbe": impatient } });
    let owner = a.starts(&values)?;
    stage.runs("a", 1)?;
    let standby = b.starts(&values)?;
    standby.work.comes_to(WORKLOAD, &Happening::Ready, SOON)?;

    stage.cut("a")?;
    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    ensure!(stage.log.last_of("a")?.ended, "a's guard had stopped its workload by then");
    owner.beacon.comes_to(BEACON, &Happening::NotReady, SOON)?;
    owner.work.comes_to(WORKLOAD, &Happening::NotReady, SOON)?;

    stage.heal("a")?;
    stage.log.runs_on("b", stage.pace.watch)?;
    let again = || (owner.beacon.is_ready(BEACON) && owner.work.is_ready(WORKLOAD)).then_some(());
    flatline_tests::until("cluster a to be ready again", SOON, again)?;
    ensure!(owner.beacon.starts(BEACON) == 1 && owner.work.starts(WORKLOAD) == 1, "nothing was restarted");
    Ok(())
}
