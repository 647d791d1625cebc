//! The beacon's chart beside a guarded workload: what the end of one beacon, and of the last, makes of the work.

use anyhow::{Result, ensure};
use flatline_tests::Happening;
use serde_json::json;

use crate::SOON;
use crate::cluster::{BEACON, WORKLOAD};
use crate::stage::{Stage, on_a_folder, on_a_folder_by_default};
use crate::store::PlayedStore;

#[test]
fn one_of_two_beacons_goes_unnoticed_and_without_the_last_the_work_stops_before_it_moves() -> Result<()> {
    on_a_folder(one_by_one)
}

#[test]
fn with_the_default_durations_the_standby_starts_as_the_stamp_turns_ten_seconds_old() -> Result<()> {
    on_a_folder_by_default(one_by_one)
}

fn one_by_one(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let (owner, second) = (a.starts(&json!({}))?, a.second_beacon()?);
    stage.runs("a", 1)?;
    let standby = b.starts(&json!({}))?;
    standby.work.comes_to(WORKLOAD, &Happening::Ready, SOON)?;

    second.kill()?;
    stage.log.runs_on("a", stage.pace.threshold)?;
    owner.beacon.kill()?;
    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    let before = stage.log.last_of("a")?;
    println!("a stopped {:?} before b began", run.begin.since(before.last));
    ensure!(before.ended && before.last < run.begin, "a's guard had stopped its workload by then");
    ensure!(owner.work.starts(WORKLOAD) == 1, "it waits in the same container");

    let returned = a.beacon()?;
    stage.log.runs_on("b", stage.pace.watch)?;
    ensure!(returned.is_ready(BEACON) && owner.work.is_ready(WORKLOAD), "it is back, and stands by");
    Ok(())
}
