//! Everything that is given before a run starts. One seed makes one plan, and one plan makes one run.

mod damage;
mod deeds;
mod episodes;
mod sites;

use failover_policy::{ClusterId, OwnershipRecord, Span, Timing};

use super::clock::{Clocks, Nanos};
use super::dice::Dice;
use super::rule::Setting;
use super::weather::{Cuts, Weather};

pub(super) use damage::Damage;
pub(super) use deeds::Deed;

/// A schedule: who is there, and what befalls them when.
#[derive(Debug)]
pub(super) struct Plan {
    /// What the world is about.
    setting: Setting,
    pub(super) sites: Vec<Site>,
    /// How old the answer of a read really can be, by the clock of the kernel that caches it.
    pub(super) cache_age: Nanos,
    /// What the machines are configured with as the age of caches.
    pub(super) believed_cache_age: Span,
    pub(super) weather: Weather,
    /// What is stored as the world begins.
    pub(super) record: Option<OwnershipRecord>,
    pub(super) beacons: Vec<Beacon>,
    pub(super) actors: Vec<Actor>,
    /// What befalls them, in order of time.
    pub(super) deeds: Vec<(Nanos, Deed)>,
    /// From here on nothing goes wrong any more.
    pub(super) heals: Nanos,
    /// The operator who moves the work in a world that is well again.
    pub(super) finale: Option<usize>,
    /// Whether writes to this place are atomic, so that a damaged read cannot be a writer's doing.
    pub(super) atomic: bool,
    /// Whether the store itself loses the record: then nothing but overlap can be forbidden.
    pub(super) loses_record: bool,
}

/// One cluster.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) id: ClusterId,
    /// What everybody there is configured with.
    pub(super) timing: Timing,
    /// Whether it is there, with beacons and guards, once the world has healed.
    pub(super) survives: bool,
}

/// One beacon.
#[derive(Debug)]
pub(super) struct Beacon {
    pub(super) site: usize,
    pub(super) clocks: Clocks,
    pub(super) cuts: Cuts,
    /// When it beats for the first time.
    pub(super) phase: Nanos,
}

/// Somebody who reads and changes the record, on a node of its own.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) role: Role,
    /// Where it stands.
    pub(super) site: usize,
    pub(super) clocks: Clocks,
    pub(super) cuts: Cuts,
    /// When what it reads of stamps is damaged.
    pub(super) damage: Vec<Damage>,
    /// Its name, to which each of its lives adds a number.
    pub(super) name: String,
}

/// What an actor does.
#[derive(Debug, Clone)]
pub(super) enum Role {
    /// Guards a workload, and claims after this delay.
    Guard { takeover_delay: Span },
    /// Waits without a guard behind it.
    Gate,
    /// Hands the work over.
    Handover { to: ClusterId, drain: Span },
    /// Switches maintenance on, and makes claims in flight read again.
    Maintenance { lasts: Nanos },
}

impl Plan {
    /// The cluster that owns the work where there is no record.
    pub(super) const PRIMARY: usize = 0;

    /// The plan that a seed names in a setting.
    pub(super) fn throw(seed: u64, setting: Setting) -> Self {
        let mut dice = Dice::new(seed);
        let mut plan = sites::throw(&mut dice, setting);
        episodes::throw(&mut plan, &mut dice, setting);
        plan
    }

    /// The longest of a duration among the clusters.
    pub(super) fn longest(&self, span: impl Fn(&Timing) -> Span) -> Nanos {
        self.sites.iter().map(|site| super::clock::nanos(span(&site.timing).get())).max().unwrap_or(0)
    }

    /// Whether all clusters are configured alike. What a record that vanished had promised, nobody else can know.
    fn sites_agree(&self) -> bool {
        self.sites.iter().all(|site| self.sites.first().is_some_and(|first| first.timing == site.timing))
    }

    /// Everybody of a cluster.
    fn actors_of(&self, site: usize) -> Vec<usize> {
        (0..self.actors.len())
            .filter(|index| self.actors.get(*index).is_some_and(|a| a.site == site))
            .collect()
    }

    fn beacons_of(&self, site: usize) -> Vec<usize> {
        (0..self.beacons.len())
            .filter(|index| self.beacons.get(*index).is_some_and(|b| b.site == site))
            .collect()
    }
}
