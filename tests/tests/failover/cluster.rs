//! A cluster on the stage: one beacon, and guards with their workloads, as on one node.

use anyhow::Result;
use flatline_tests::{Program, Relative, Running, until};
use rustix::process::Signal;

use crate::SOON;

/// The processes of one cluster. Dropping it kills them.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) writer: Running,
    pub(crate) guard: Running,
}

/// A node that stands still.
#[derive(Debug)]
pub(crate) struct Frozen {
    /// What the guard ran when it was stopped.
    pub(crate) workload: Vec<Relative>,
}

impl Cluster {
    pub(crate) fn start(name: &str, writer: Program, guard: Program) -> Result<Self> {
        Ok(Self { name: name.to_owned(), writer: writer.start()?, guard: guard.start()? })
    }

    /// The node is lost: everything ends at once.
    pub(crate) fn dies(mut self) -> Result<()> {
        self.writer.kill()?;
        self.guard.kill()?;
        self.guard.exit_within(SOON)?;
        Ok(())
    }

    /// The node stands still: the beacon, the guard, then what the guard runs.
    pub(crate) fn freezes(&self) -> Result<Frozen> {
        self.writer.freeze()?;
        self.guard.freeze()?;
        let workload = self.workload()?;
        for process in &workload {
            process.signal(Signal::STOP);
        }
        Ok(Frozen { workload })
    }

    /// Wakes what is left of the node. The guard comes first, since only that order is promised.
    pub(crate) fn thaws(&self, frozen: &Frozen) -> Result<()> {
        self.guard.thaw()?;
        for process in &frozen.workload {
            process.signal(Signal::CONT);
        }
        self.writer.thaw()
    }

    /// What the guard runs at this moment.
    pub(crate) fn workload(&self) -> Result<Vec<Relative>> {
        Relative::descendants_of(self.guard.pid())
    }

    /// Waits until the guard runs nothing.
    pub(crate) fn runs_nothing(&self) -> Result<()> {
        until(&format!("the guard of {} to run nothing", self.name), SOON, || {
            self.workload().ok()?.is_empty().then_some(())
        })
    }
}
