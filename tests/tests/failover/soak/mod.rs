//! Faults at random, for as long as there is time: whatever comes together, the oracle has nothing to say against
//! it, and once everything is whole again somebody runs.
//!
//! The seed is printed; `FLATLINE_SEED` plays it again, as far as real processes repeat themselves. With
//! `FLATLINE_PROVE` set to a number it goes on for so many minutes on each store.

mod node;

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use flatline_tests::{Azurite, BlobStore, BootClock, FolderStore, Network, Running, TestStore, pause, until};

use node::{Fault, Node, World};

use crate::SOON;
use crate::scene::{Scene, UNHURRIED, play, play_at, seed};

/// Without more time: enough for some takeovers.
const SHORT: Duration = Duration::from_secs(30);

#[test]
fn faults_at_random_on_a_folder_never_make_two_clusters_run() -> Result<()> {
    play(FolderStore::new()?, |scene| {
        let world = World {
            take_away: &|| scene.store.take_away(),
            bring_back: &|| scene.store.bring_back(),
            settle: &|_, program| Ok(program),
            network: None,
        };
        Soak::new(scene, world)?.run()
    })
}

#[test]
fn faults_at_random_on_azurite_never_make_two_clusters_run() -> Result<()> {
    if let Some(why) = Network::unavailable() {
        println!("skipped cutting regions off: {why}");
        return soak_on(&Arc::new(Azurite::start()?), None);
    }
    let network = Network::with_regions(&["a", "b"])?;
    network.inside(|| soak_on(&Arc::new(Azurite::start_on(Network::STORE)?), Some(&network)))
}

fn soak_on(azurite: &Arc<Azurite>, network: Option<&Network>) -> Result<()> {
    play_at(UNHURRIED, BlobStore::new(Arc::clone(azurite))?, |scene| {
        let world = World {
            take_away: &|| azurite.freeze(),
            bring_back: &|| azurite.thaw(),
            settle: &|cluster, program| match network {
                Some(network) => network.in_region(cluster, program),
                None => Ok(program),
            },
            network,
        };
        Soak::new(scene, world)?.run()
    })
}

/// Two clusters, and what is wrong at the moment.
struct Soak<'s, S> {
    scene: &'s Scene<S>,
    world: World<'s>,
    store_back_at: Option<Instant>,
    /// A handover, and when it is killed.
    operator: Option<(Running, Instant)>,
    nodes: Vec<Node>,
    random: Rng,
    tally: BTreeMap<String, u32>,
}

impl<'s, S: TestStore> Soak<'s, S> {
    fn new(scene: &'s Scene<S>, world: World<'s>) -> Result<Self> {
        let mut random = Rng::with_seed(seed()?);
        let nodes = ["a", "b"].into_iter().map(|name| Node::start(scene, world, name, &mut random));
        let nodes = nodes.collect::<Result<_>>()?;
        Ok(Self { scene, world, store_back_at: None, operator: None, nodes, random, tally: BTreeMap::new() })
    }

    fn run(mut self) -> Result<()> {
        let end = Instant::now() + duration()?;
        self.scene.runs("a", 1)?;
        while Instant::now() < end {
            self.mend(false)?;
            self.strike()?;
            self.scene.log.runs()?.verdict()?;
            pause(Duration::from_millis(self.random.u64(50..800)))?;
        }
        self.mend(true)?;
        let whole_since = BootClock::now();
        until("somebody to run once everything is whole", 2 * SOON, || {
            self.mend(false).ok()?;
            let runs = self.scene.log.runs().ok()?;
            runs.all().into_iter().any(|run| run.last > whole_since).then_some(())
        })?;
        println!("{self}");
        Ok(())
    }

    /// Ends every trouble whose time is over, or all of it. A guard that nothing befell has to be there.
    fn mend(&mut self, all: bool) -> Result<()> {
        let now = Instant::now();
        if self.store_back_at.is_some_and(|at| all || at <= now) {
            (self.world.bring_back)()?;
            self.store_back_at = None;
        }
        // Whatever became of it: dropping a process kills it.
        self.operator.take_if(|(_, until)| all || *until <= now);
        for node in &mut self.nodes {
            if let Some((fault, _)) = node.trouble.take_if(|(_, until)| all || *until <= now) {
                node.recover(fault, self.scene, self.world, &mut self.random)?;
            }
            if node.trouble.is_none() && !node.guard.is_running()? {
                bail!("the guard of {} ended by itself", node.name);
            }
        }
        Ok(())
    }

    /// Something new goes wrong: mostly while all is well, so that there is somebody to take over.
    fn strike(&mut self) -> Result<()> {
        let span = self.span();
        let is_whole = self.store_back_at.is_none() && self.nodes.iter().all(|node| node.trouble.is_none());
        if self.random.u8(..100) >= if is_whole { 60 } else { 8 } {
            return Ok(());
        }
        if self.store_back_at.is_none() && self.random.u8(..100) < 6 {
            (self.world.take_away)()?;
            self.store_back_at = Some(Instant::now() + span);
            self.count("StoreAway");
            return Ok(());
        }
        if self.operator.is_none() && self.random.u8(..100) < 20 {
            let to = self.random.choice(["a", "b"]).context("two clusters")?;
            let handover = self.scene.operator(&["handover", "--to", to, "--yes"])?.start()?;
            self.operator = Some((handover, Instant::now() + span));
            self.count("Handover");
            return Ok(());
        }
        let faults = Fault::ALL.into_iter();
        let faults = faults.filter(|fault| *fault != Fault::RegionIsCutOff || self.world.network.is_some());
        let fault = self.random.choice(faults.collect::<Vec<_>>()).context("a fault")?;
        let node = self.random.choice(&mut self.nodes).context("two clusters")?;
        if node.trouble.is_none() {
            node.suffer(fault, self.world)?;
            node.trouble = Some((fault, Instant::now() + span));
            self.count(&format!("{fault:?}"));
        }
        Ok(())
    }

    fn count(&mut self, what: &str) {
        *self.tally.entry(what.to_owned()).or_default() += 1;
    }

    /// For how long: a moment that changes nothing, or long enough for a takeover.
    fn span(&mut self) -> Duration {
        let watch = u64::try_from(self.scene.pace.watch.as_millis()).unwrap_or(u64::MAX);
        let millis = if self.random.bool() {
            self.random.u64(..watch / 2)
        } else {
            self.random.u64(watch..5 * watch / 2)
        };
        Duration::from_millis(millis)
    }
}

fn duration() -> Result<Duration> {
    match env::var("FLATLINE_PROVE") {
        Ok(minutes) => {
            Ok(Duration::from_secs(60 * minutes.parse::<u64>().context("FLATLINE_PROVE is minutes")?))
        }
        Err(_) => Ok(SHORT),
    }
}

impl<S: TestStore> fmt::Display for Soak<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.scene.log.runs().unwrap_or_default();
        let terms = runs.all().iter().map(|run| run.term).max().unwrap_or_default();
        write!(f, "{} runs in {terms} terms through {:?}", runs.all().len(), self.tally)
    }
}
