//! `helm test`: the pod that says whether this cluster's heart beats.

use anyhow::{Result, ensure};
use flatline_tests::pause;

use crate::SOON;
use crate::stage::Stage;
use crate::store::PlayedStore;

on_both_stores![it_succeeds_while_the_heart_beats_and_fails_when_it_is_silent];

fn it_succeeds_while_the_heart_beats_and_fails_when_it_is_silent(
    stage: &Stage<impl PlayedStore>,
) -> Result<()> {
    let a = stage.cluster("a")?;
    let beacon = a.beacon()?;
    let code = a.helm_test()?.completes_within(SOON)?;
    ensure!(code == 0, "the heart beats, and yet the test ends with {code}");
    println!("the beacon was gone after {:?}", beacon.delete()?);
    pause(stage.pace.threshold)?;
    let code = a.helm_test()?.completes_within(SOON)?;
    ensure!(code != 0, "the heart is silent, and yet the test succeeds");
    Ok(())
}
