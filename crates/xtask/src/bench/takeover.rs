//! From the owner's stamp turning ten seconds old to the start of the standby's guarded workload.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use flatline_tests::{Running, TestStore};

use super::bed::{BEDS, Bed, PerBed, Role, Subject};
use super::detection::{THRESHOLD, random_pause};
use super::samples::Samples;

/// Deaths are spread over this time, so that they fall into any phase of a beat and a poll.
const SPREAD: Duration = Duration::from_secs(5);
/// The first record of a store, a takeover, and a busy machine.
const START: Duration = Duration::from_mins(1);
/// What a guarded workload says first.
const MARK: &str = "working";

/// A pair of clusters, each with a beacon and a guard.
struct Trial {
    bed: usize,
    store: Box<dyn TestStore>,
    beacons: [Running; 2],
    guards: [Running; 2],
}

/// Lets this many owners die on each kind of store, all at the same time; beacon and guard together, as a node does.
pub(super) fn measure(trials: u32) -> Result<PerBed<Option<Samples>>> {
    let beds = BEDS.into_iter().enumerate().filter(|(_, bed)| bed.has(Role::Guard));
    let step = SPREAD / (2 * trials.max(1));
    let mut running = Vec::new();
    for (index, bed) in (0..trials).flat_map(|_| beds.clone()) {
        running.push(Trial::start(index, bed)?);
        random_pause(step)?;
    }
    for trial in &mut running {
        trial.guards[0].line_with(MARK, START)?;
    }
    for trial in &running {
        trial.beacons[0].kill()?;
        trial.guards[0].kill()?;
        random_pause(step)?;
    }
    let mut late = vec![Vec::new(); BEDS.len()];
    for trial in &mut running {
        late[trial.bed].push(trial.lateness()?);
    }
    let samples = BEDS.into_iter().zip(late);
    Ok(samples.map(|(bed, late)| (bed.subject == Subject::Flatline).then(|| Samples::new(late))).collect())
}

impl Trial {
    fn start(index: usize, bed: Bed) -> Result<Self> {
        let store = bed.store.open()?;
        let beacons = [bed.writer(store.as_ref(), "a")?.start()?, bed.writer(store.as_ref(), "b")?.start()?];
        let owner = bed.owner(Role::Guard, store.as_ref())?.args(["--", "/bin/sh", "-c"]);
        let standby = bed.standby(Role::Guard, store.as_ref())?.args(["--", "/bin/echo", MARK]);
        let guards = [owner.arg(format!("echo {MARK}; exec sleep 600")).start()?, standby.start()?];
        Ok(Self { bed: index, store, beacons, guards })
    }

    /// How long after the last stamp had turned as old as the threshold the standby's workload ran.
    fn lateness(&mut self) -> Result<Duration> {
        let started = self.guards[1].line_with(MARK, START)?.at;
        let age = self.store.stamp("a")?.age_at(SystemTime::now() - started.elapsed())?;
        age.checked_sub(THRESHOLD).with_context(|| format!("a workload started at an age of {age:?}"))
    }
}
