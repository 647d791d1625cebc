//! Faults at random, for as long as there is time: whatever comes together, the oracle has nothing to say against
//! it, and once everything is whole again somebody runs.
//!
//! The seed is printed; `FLATLINE_SEED` plays it again, as far as real processes repeat themselves. With
//! `FLATLINE_PROVE` set to a number it goes on for so many minutes on each store.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fastrand::Rng;
use flatline_tests::{
    Azurite, BlobStore, BootClock, FolderStore, Relative, Running, TestStore, pause, until,
};
use rustix::process::Signal;

use crate::SOON;
use crate::scene::{Scene, UNHURRIED, play, play_at, seed};

/// Without more time: enough for some takeovers.
const SHORT: Duration = Duration::from_secs(30);
/// How long a guard that was woken may take before what it runs is woken as well.
const LOOK: Duration = Duration::from_millis(500);
/// Settings of which each guard gets one: none, and what makes claims last, stops slow, or timings differ.
const SETTINGS: [(&str, &str); 4] = [
    ("HEART_MONITOR_CACHE_AGE", "0s"),
    ("HEART_MONITOR_CACHE_AGE", "500ms"),
    ("HEART_MONITOR_STOP_GRACE", "900ms"),
    ("HEART_MONITOR_FLATLINE_AFTER", "4s"),
];
/// Habits of which each workload gets one.
const HABITS: [&[&str]; 3] = [&[], &["--stubborn"], &["--linger", "300"]];

#[test]
fn faults_at_random_on_a_folder_never_make_two_clusters_run() -> Result<()> {
    play(FolderStore::new()?, |scene| {
        let store = Access { away: &|| scene.store.take_away(), back: &|| scene.store.bring_back() };
        Soak::new(scene, store)?.run()
    })
}

#[test]
fn faults_at_random_on_azurite_never_make_two_clusters_run() -> Result<()> {
    let azurite = Arc::new(Azurite::start()?);
    play_at(UNHURRIED, BlobStore::new(Arc::clone(&azurite))?, |scene| {
        let store = Access { away: &|| azurite.freeze(), back: &|| azurite.thaw() };
        Soak::new(scene, store)?.run()
    })
}

/// How the store is taken away and brought back.
struct Access<'a> {
    away: &'a dyn Fn() -> Result<()>,
    back: &'a dyn Fn() -> Result<()>,
}

/// What can befall a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    BeaconDies,
    BeaconStandsStill,
    GuardDies,
    PodStandsStill,
    NodeDies,
    NodeStandsStill,
}

/// One cluster, and what is wrong with it.
struct Node {
    name: &'static str,
    beacon: Running,
    guard: Running,
    /// What was stopped with a guard that stands still.
    frozen: Vec<Relative>,
    trouble: Option<(Fault, Instant)>,
}

struct Soak<'s, S> {
    scene: &'s Scene<S>,
    store: Access<'s>,
    store_back_at: Option<Instant>,
    /// A handover, and when it is killed.
    operator: Option<(Running, Instant)>,
    nodes: Vec<Node>,
    random: Rng,
    tally: BTreeMap<String, u32>,
}

impl<'s, S: TestStore> Soak<'s, S> {
    fn new(scene: &'s Scene<S>, store: Access<'s>) -> Result<Self> {
        let mut random = Rng::with_seed(seed()?);
        let nodes = ["a", "b"].into_iter().map(|name| Node::start(scene, name, &mut random));
        let nodes = nodes.collect::<Result<_>>()?;
        Ok(Self { scene, store, store_back_at: None, operator: None, nodes, random, tally: BTreeMap::new() })
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

    /// Ends every trouble whose time is over, or all of it; what ended by itself is started again, as a kubelet does.
    fn mend(&mut self, all: bool) -> Result<()> {
        let now = Instant::now();
        if self.store_back_at.is_some_and(|at| all || at <= now) {
            (self.store.back)()?;
            self.store_back_at = None;
        }
        // Whatever became of it: dropping a process kills it.
        self.operator.take_if(|(_, until)| all || *until <= now);
        for node in &mut self.nodes {
            if let Some((fault, _)) = node.trouble.take_if(|(_, until)| all || *until <= now) {
                node.recover(fault, self.scene, &mut self.random)?;
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
        if self.store_back_at.is_none() && self.random.u8(..100) < 10 {
            (self.store.away)()?;
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
        let fault = self.random.choice(Fault::ALL).context("a fault")?;
        let node = self.random.choice(&mut self.nodes).context("two clusters")?;
        if node.trouble.is_none() {
            node.suffer(fault)?;
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

impl Fault {
    const ALL: [Self; 6] = [
        Self::BeaconDies,
        Self::BeaconStandsStill,
        Self::GuardDies,
        Self::PodStandsStill,
        Self::NodeDies,
        Self::NodeStandsStill,
    ];
}

impl Node {
    fn start(scene: &Scene<impl TestStore>, name: &'static str, random: &mut Rng) -> Result<Self> {
        let (beacon, guard) = (beacon(scene, name)?, guard(scene, name, random)?);
        Ok(Self { name, beacon, guard, frozen: Vec::new(), trouble: None })
    }

    fn suffer(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::BeaconDies => self.beacon.kill(),
            Fault::BeaconStandsStill => self.beacon.freeze(),
            Fault::GuardDies => self.guard.kill(),
            Fault::PodStandsStill => self.freeze_pod(),
            Fault::NodeDies => self.beacon.kill().and(self.guard.kill()),
            Fault::NodeStandsStill => self.beacon.freeze().and_then(|()| self.freeze_pod()),
        }
    }

    fn recover(&mut self, fault: Fault, scene: &Scene<impl TestStore>, random: &mut Rng) -> Result<()> {
        match fault {
            Fault::BeaconDies => self.beacon = beacon(scene, self.name)?,
            Fault::BeaconStandsStill => self.beacon.thaw()?,
            Fault::GuardDies => self.guard = guard(scene, self.name, random)?,
            Fault::PodStandsStill => self.thaw_pod()?,
            Fault::NodeDies => {
                self.beacon = beacon(scene, self.name)?;
                self.guard = guard(scene, self.name, random)?;
            }
            Fault::NodeStandsStill => {
                self.thaw_pod()?;
                self.beacon.thaw()?;
            }
        }
        Ok(())
    }

    fn freeze_pod(&mut self) -> Result<()> {
        self.guard.freeze()?;
        self.frozen = Relative::descendants_of(self.guard.pid())?;
        for process in &self.frozen {
            process.signal(Signal::STOP);
        }
        Ok(())
    }

    /// The guard looks first; no other order is promised.
    fn thaw_pod(&mut self) -> Result<()> {
        self.guard.thaw()?;
        pause(LOOK)?;
        for process in self.frozen.drain(..) {
            process.signal(Signal::CONT);
        }
        Ok(())
    }
}

fn beacon(scene: &Scene<impl TestStore>, cluster: &str) -> Result<Running> {
    scene.writer(cluster)?.start()
}

fn guard(scene: &Scene<impl TestStore>, cluster: &str, random: &mut Rng) -> Result<Running> {
    let setting = random.choice(SETTINGS).context("a setting")?;
    let habit = random.choice(HABITS).context("a habit")?;
    scene.guard(cluster)?.envs([setting]).args(habit).start()
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
