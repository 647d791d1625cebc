//! The kernel's freezer: a whole container stands still at once, and wakes at once, as with a runtime's `pause`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::until;

/// How long the kernel may take to stop a handful of processes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A control group whose processes can be frozen. Drop it when they are gone: the group goes with it.
#[derive(Debug)]
pub struct Freezer {
    group: PathBuf,
    kind: Kind,
}

/// Processes that stand still. Dropping it wakes them: what is frozen cannot even be killed.
#[derive(Debug)]
pub struct Frozen<'f>(&'f Freezer);

/// Which of the two hierarchies of control groups this machine has: cgroups(7).
#[derive(Debug, Clone, Copy)]
enum Kind {
    First,
    Second,
}

impl Freezer {
    /// A new group; an error where this machine lets nobody make one.
    pub fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let first = Path::new("/sys/fs/cgroup/freezer");
        let (root, kind) =
            if first.is_dir() { (first, Kind::First) } else { (Path::new("/sys/fs/cgroup"), Kind::Second) };
        let name = format!("flatline-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let group = root.join(name);
        fs::create_dir(&group).with_context(|| format!("cannot make {}", group.display()))?;
        let freezer = Self { group, kind };
        let switch = freezer.switch();
        fs::metadata(&switch).with_context(|| format!("there is no {}", switch.display()))?;
        Ok(freezer)
    }

    /// Takes a process in, and whatever it starts from now on.
    pub fn take_in(&self, pid: u32) -> Result<()> {
        fs::write(self.group.join("cgroup.procs"), pid.to_string()).context("cannot move a process")
    }

    /// Freezes every process, and returns when all of them stand still.
    pub fn freeze(&self) -> Result<Frozen<'_>> {
        fs::write(self.switch(), if matches!(self.kind, Kind::First) { "FROZEN" } else { "1" })?;
        let frozen = Frozen(self);
        until("processes to freeze", PATIENCE, || self.stands_still().then_some(()))?;
        Ok(frozen)
    }

    fn switch(&self) -> PathBuf {
        self.group.join(if matches!(self.kind, Kind::First) { "freezer.state" } else { "cgroup.freeze" })
    }

    fn stands_still(&self) -> bool {
        match self.kind {
            Kind::First => fs::read_to_string(self.switch()).is_ok_and(|state| state.trim() == "FROZEN"),
            Kind::Second => fs::read_to_string(self.group.join("cgroup.events"))
                .is_ok_and(|events| events.lines().any(|line| line == "frozen 1")),
        }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let word = if matches!(self.0.kind, Kind::First) { "THAWED" } else { "0" };
        if let Err(error) = fs::write(self.0.switch(), word) {
            eprintln!("{} stays frozen: {error}", self.0.group.display());
        }
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        // Those who were in it may need a moment to be gone.
        let _ = until("a control group to be empty", PATIENCE, || fs::remove_dir(&self.group).ok());
    }
}
