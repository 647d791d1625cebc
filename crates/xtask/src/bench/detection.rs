//! From the stamp turning ten seconds old to the exit of the monitor.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Running, TestStore, pause, until};

use super::bed::{BEDS, Bed, Ownership, PerBed, Role, Subject};
use super::samples::Samples;
use crate::stores::StoreKind;

/// The threshold of both monitors.
pub(super) const THRESHOLD: Duration = Duration::from_secs(10);
/// What both monitors are: a gate that records nothing.
const CLASSIC_GATE: Role = Role::Gate(Ownership::Off);
/// The longest period in what is measured, the classic loop's sleep. Starts and deaths are spread over it, so
/// that they fall into any phase.
const SPREAD: Duration = Duration::from_secs(5);
/// How long a first beat may take.
const FIRST_BEAT: Duration = Duration::from_secs(30);
/// From the death of a writer to the exit of every monitor, the classic loop's sleep included.
const EXIT: Duration = Duration::from_mins(1);

/// One heart that dies, and the monitors that watch it, each with the index of its bed.
struct Trial {
    kind: StoreKind,
    store: Box<dyn TestStore>,
    writer: Running,
    monitors: Vec<(usize, Running)>,
}

/// Lets this many hearts die on each kind of store. On a folder both monitors watch the same hearts.
pub(super) fn measure(trials: u32) -> Result<PerBed<Samples>> {
    let kinds = [StoreKind::Folder, StoreKind::Azurite];
    let step = SPREAD / (2 * trials.max(1));
    let mut running = Vec::new();
    for kind in (0..trials).flat_map(|_| kinds) {
        running.push(Trial::start(kind)?);
        random_pause(step)?;
    }
    for trial in &mut running {
        trial.watch()?;
        random_pause(step)?;
    }
    pause(SPREAD)?;
    // In another order than they started, or each death would fall into the same phase of the classic sleep.
    let mut dying: Vec<&Trial> = running.iter().collect();
    fastrand::shuffle(&mut dying);
    for trial in dying {
        trial.writer.kill()?;
        random_pause(step)?;
    }
    let mut late = vec![Vec::new(); BEDS.len()];
    for trial in &mut running {
        for (bed, lateness) in trial.lateness()? {
            late[bed].push(lateness);
        }
    }
    Ok(late.into_iter().map(Samples::new).collect())
}

/// Sleeps for a random time, `average` in the long run.
pub(super) fn random_pause(average: Duration) -> Result<()> {
    pause(average.mul_f64(2.0 * fastrand::f64()))
}

impl Trial {
    /// A heart that beats. Flatline's writer serves both monitors, since both judge the stamp alone; the classic
    /// one beats less often, which does not change when a stamp turns ten seconds old.
    fn start(kind: StoreKind) -> Result<Self> {
        let store = kind.open()?;
        let bed = Bed { subject: Subject::Flatline, store: kind };
        let writer = bed.writer(store.as_ref(), "a")?.start()?;
        Ok(Self { kind, store, writer, monitors: Vec::new() })
    }

    /// Its monitors start, in a phase of their own.
    fn watch(&mut self) -> Result<()> {
        until("the first beat of a trial", FIRST_BEAT, || self.store.stamp("a").ok())?;
        for (index, bed) in BEDS.into_iter().enumerate().filter(|(_, bed)| bed.store == self.kind) {
            self.monitors.push((index, bed.standby(CLASSIC_GATE, self.store.as_ref())?.start()?));
        }
        Ok(())
    }

    /// How long after the last stamp had turned as old as the threshold each monitor was gone.
    fn lateness(&mut self) -> Result<Vec<(usize, Duration)>> {
        let last = self.store.stamp("a")?;
        let mut late = Vec::new();
        for (bed, monitor) in &mut self.monitors {
            let exit = monitor.exit_within(EXIT)?;
            ensure!(exit.code == 0, "{} ended with {exit}", BEDS[*bed].title());
            let age = last.age_at(exit.at_wall)?;
            let lateness = age.checked_sub(THRESHOLD);
            late.push((
                *bed,
                lateness.with_context(|| format!("a gate opened at an age of {age:?}: {exit}"))?,
            ));
        }
        Ok(late)
    }
}
