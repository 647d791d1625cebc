//! Regions that are cut off from the store, one at a time or both, while everything in them goes on.

use std::sync::Arc;

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, BlobStore, Network, Program, pause};

use crate::SOON;
use crate::cluster::Cluster;
use crate::scene::{Scene, UNHURRIED, play_at};

/// A scene on Azurite whose clusters live in regions of their own.
struct Regions<'r> {
    scene: &'r Scene<BlobStore>,
    network: &'r Network,
}

impl Regions<'_> {
    fn cluster(&self, name: &str) -> Result<Cluster> {
        let there = |program: Program| self.network.in_region(name, program);
        Cluster::start(name, there(self.scene.writer(name)?)?, there(self.scene.guard(name)?)?)
    }

    fn pair(&self) -> Result<(Cluster, Cluster)> {
        let a = self.cluster("a")?;
        self.scene.runs("a", 1)?;
        Ok((a, self.cluster("b")?))
    }
}

/// Plays in a network of its own, or says why not.
fn play_in_regions(scenario: impl FnOnce(&Regions) -> Result<()> + Send) -> Result<()> {
    if let Some(why) = Network::unavailable() {
        println!("skipped: {why}");
        return Ok(());
    }
    let network = Network::with_regions(&["a", "b"])?;
    network.inside(|| {
        let azurite = Arc::new(Azurite::start_on(Network::STORE)?);
        play_at(UNHURRIED, BlobStore::new(azurite)?, |scene| scenario(&Regions { scene, network: &network }))
    })
}

#[test]
fn an_owner_that_is_cut_off_stops_by_itself_before_the_other_starts_and_stays_blocked_after() -> Result<()> {
    play_in_regions(|regions| {
        let Regions { scene, network } = regions;
        let (mut a, _b) = regions.pair()?;
        network.cut("a")?;
        scene.runs("b", 2)?;
        a.runs_nothing()?;
        network.heal("a")?;
        scene.log.runs_on("b", 2 * scene.pace.watch)?;
        ensure!(a.guard.is_running()? && a.writer.is_running()?, "everything in a outlives the cut");
        Ok(())
    })
}

#[test]
fn a_standby_that_is_cut_off_never_starts_neither_during_the_cut_nor_after() -> Result<()> {
    play_in_regions(|regions| {
        let Regions { scene, network } = regions;
        let (_a, mut b) = regions.pair()?;
        pause(scene.pace.watch)?;
        network.cut("b")?;
        scene.log.runs_on("a", 2 * scene.pace.watch)?;
        network.heal("b")?;
        scene.log.runs_on("a", scene.pace.watch * 3 / 2)?;
        ensure!(b.guard.is_running()?, "the guard waits for its turn");
        Ok(())
    })
}

#[test]
fn when_both_are_cut_off_nobody_runs_and_the_owner_comes_back() -> Result<()> {
    play_in_regions(|regions| {
        let Regions { scene, network } = regions;
        let (a, _b) = regions.pair()?;
        pause(scene.pace.watch)?;
        network.cut("a")?;
        network.cut("b")?;
        a.runs_nothing()?;
        scene.nobody_runs_for(scene.pace.watch)?;
        network.heal("b")?;
        network.heal("a")?;
        scene.has_begun("a", 2)?;
        scene.log.runs_on("a", scene.pace.watch)
    })
}

#[test]
fn the_work_is_handed_over_also_from_a_cluster_that_is_cut_off() -> Result<()> {
    play_in_regions(|regions| {
        let Regions { scene, network } = regions;
        let (a, _b) = regions.pair()?;
        pause(scene.pace.watch / 2)?;
        // Its guard never hears of it; it stops when its right to run is over, which the operator waits for.
        network.cut("a")?;
        scene.operator(&["handover", "--to", "b", "--yes"])?.start()?.exit_within(SOON)?.succeeds()?;
        scene.runs("b", 2)?;
        a.runs_nothing()?;
        network.heal("a")?;
        scene.log.runs_on("b", scene.pace.watch)
    })
}
