//! A store that is reached by a name, with the DNS of the clusters slow, lossy or away.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, BlobStore, Manner, NameServer, Network, Program, pause};

use crate::cluster::Cluster;
use crate::scene::{DEFAULTS, Scene, play_at};

/// A scene on Azurite by name, whose clusters live in regions of their own and ask one DNS.
struct Named<'n> {
    scene: &'n Scene<BlobStore>,
    network: &'n Network,
    dns: &'n NameServer,
}

impl Named<'_> {
    fn there(&self, region: &str, program: Program) -> Result<Program> {
        self.network.in_region(region, self.dns.asked_by(program)?)
    }

    fn cluster(&self, name: &str) -> Result<Cluster> {
        let (writer, guard) = (self.scene.writer(name)?, self.scene.guard(name)?);
        Cluster::start(name, self.there(name, writer)?, self.there(name, guard)?)
    }

    fn pair(&self) -> Result<(Cluster, Cluster)> {
        let a = self.cluster("a")?;
        self.scene.runs("a", 1)?;
        Ok((a, self.cluster("b")?))
    }

    /// A command that asks once, in region b.
    fn asks_once(&self, words: &[&str]) -> Result<()> {
        let ended = self.there("b", self.scene.operator(words)?)?.run()?;
        ensure!(ended.code == 0, "{words:?}: {ended:?}");
        Ok(())
    }

    /// A beacon that beats once, there, for a cluster of its own, with less time than the DNS takes.
    fn beats_once(&self) -> Result<()> {
        let beacon = Program::writer()?.args(["once", "--this-cluster", "c", "--write-deadline", "1s"]);
        self.there("b", self.scene.on_stage(beacon, "writer c"))?.run()?.succeeds()
    }
}

/// Plays with the durations that people get who set nothing, or says why not.
fn play_by_name(manner: Manner, scenario: impl FnOnce(&Named) -> Result<()> + Send) -> Result<()> {
    if let Some(why) = Network::unavailable() {
        println!("skipped: {why}");
        return Ok(());
    }
    let network = Network::with_regions(&["a", "b"])?;
    network.inside(|| {
        let dns = NameServer::start_on(Network::STORE, manner)?;
        let store = BlobStore::new(Arc::new(Azurite::start_on(Network::STORE)?))?.called(NameServer::NAME);
        play_at(DEFAULTS, store, |scene| scenario(&Named { scene, network: &network, dns: &dns }))
    })
}

/// Works, is watched, is lost, is succeeded.
fn a_whole_life(named: &Named) -> Result<()> {
    let (a, _b) = named.pair()?;
    named.asks_once(&["status"])?;
    named.asks_once(&["check", "--that-cluster", "a"])?;
    named.beats_once()?;
    named.scene.log.runs_on("a", named.scene.pace.watch)?;
    a.dies()?;
    named.scene.runs("b", 2)?;
    Ok(())
}

#[test]
fn a_dns_that_takes_longer_than_a_read_delays_the_first_read_and_nothing_else() -> Result<()> {
    play_by_name(Manner { takes: Duration::from_millis(1200), ..Manner::default() }, a_whole_life)
}

#[test]
fn a_dns_that_loses_every_question_for_ipv6_delays_nothing() -> Result<()> {
    play_by_name(Manner { drops_aaaa: true, ..Manner::default() }, a_whole_life)
}

#[test]
fn a_dns_that_is_away_stops_nobody_who_has_been_to_the_store_not_even_after_a_cut() -> Result<()> {
    play_by_name(Manner::default(), |named| {
        let Named { scene, network, dns } = named;
        let (a, _b) = named.pair()?;
        pause(scene.pace.watch)?;
        dns.behaves(Manner { silent: true, ..Manner::default() });
        for region in ["a", "b"] {
            network.cut(region)?;
        }
        // Every connection is given up meanwhile, and the workload stopped.
        pause(scene.pace.watch)?;
        a.runs_nothing()?;
        for region in ["a", "b"] {
            network.heal(region)?;
        }
        scene.has_begun("a", 2)
    })
}
