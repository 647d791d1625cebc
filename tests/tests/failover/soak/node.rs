//! A cluster in a soak: what befalls it, and how it recovers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use flatline_tests::{Network, Program, Relative, Running, TestStore, pause};
use rustix::process::Signal;

use crate::scene::Scene;

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

/// What surrounds the clusters.
#[derive(Clone, Copy)]
pub(super) struct World<'w> {
    /// Takes the store away from everybody.
    pub(super) take_away: &'w dyn Fn() -> Result<()>,
    /// Brings it back.
    pub(super) bring_back: &'w dyn Fn() -> Result<()>,
    /// Puts a program of a cluster where it belongs.
    pub(super) settle: &'w dyn Fn(&str, Program) -> Result<Program>,
    /// By which a region can be cut off.
    pub(super) network: Option<&'w Network>,
}

/// What can befall a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    BeaconDies,
    BeaconStandsStill,
    GuardDies,
    PodStandsStill,
    NodeDies,
    NodeStandsStill,
    RegionIsCutOff,
}

impl Fault {
    pub(super) const ALL: [Self; 7] = [
        Self::BeaconDies,
        Self::BeaconStandsStill,
        Self::GuardDies,
        Self::PodStandsStill,
        Self::NodeDies,
        Self::NodeStandsStill,
        Self::RegionIsCutOff,
    ];
}

/// One cluster, and what is wrong with it.
pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) beacon: Running,
    pub(super) guard: Running,
    /// What was stopped with a guard that stands still.
    frozen: Vec<Relative>,
    pub(super) trouble: Option<(Fault, Instant)>,
}

impl Node {
    pub(super) fn start(
        scene: &Scene<impl TestStore>,
        world: World,
        name: &'static str,
        random: &mut Rng,
    ) -> Result<Self> {
        let (beacon, guard) = (beacon(scene, world, name)?, guard(scene, world, name, random)?);
        Ok(Self { name, beacon, guard, frozen: Vec::new(), trouble: None })
    }

    pub(super) fn suffer(&mut self, fault: Fault, world: World) -> Result<()> {
        match fault {
            Fault::BeaconDies => self.beacon.kill(),
            Fault::BeaconStandsStill => self.beacon.freeze(),
            Fault::GuardDies => self.guard.kill(),
            Fault::PodStandsStill => self.freeze_pod(),
            Fault::NodeDies => self.beacon.kill().and(self.guard.kill()),
            Fault::NodeStandsStill => self.beacon.freeze().and_then(|()| self.freeze_pod()),
            Fault::RegionIsCutOff => world.network.map_or(Ok(()), |network| network.cut(self.name)),
        }
    }

    pub(super) fn recover(
        &mut self,
        fault: Fault,
        scene: &Scene<impl TestStore>,
        world: World,
        random: &mut Rng,
    ) -> Result<()> {
        match fault {
            Fault::BeaconDies => self.beacon = beacon(scene, world, self.name)?,
            Fault::BeaconStandsStill => self.beacon.thaw()?,
            Fault::GuardDies => self.guard = guard(scene, world, self.name, random)?,
            Fault::PodStandsStill => self.thaw_pod()?,
            Fault::NodeDies => {
                self.beacon = beacon(scene, world, self.name)?;
                self.guard = guard(scene, world, self.name, random)?;
            }
            Fault::NodeStandsStill => {
                self.thaw_pod()?;
                self.beacon.thaw()?;
            }
            Fault::RegionIsCutOff => world.network.map_or(Ok(()), |network| network.heal(self.name))?,
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

fn beacon(scene: &Scene<impl TestStore>, world: World, cluster: &str) -> Result<Running> {
    (world.settle)(cluster, scene.writer(cluster)?)?.start()
}

fn guard(scene: &Scene<impl TestStore>, world: World, cluster: &str, random: &mut Rng) -> Result<Running> {
    let setting = random.choice(SETTINGS).context("a setting")?;
    let habit = random.choice(HABITS).context("a habit")?;
    (world.settle)(cluster, scene.guard(cluster)?.envs([setting]).args(habit))?.start()
}
