//! The process of a running container, seen from outside.

use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::{Program, Relative, Running};

/// How long the end of a process that has ended takes to be told.
const SOON: Duration = Duration::from_secs(5);

/// Bubblewrap, and below it the container's process 1.
#[derive(Debug)]
pub(super) struct Process {
    running: Running,
    first: Option<Relative>,
}

impl Process {
    pub(super) fn start(program: Program) -> Result<Self> {
        Ok(Self { running: program.start()?, first: None })
    }

    /// The exit code, once it has ended.
    pub(super) fn ended(&mut self) -> Result<Option<i32>> {
        if self.running.is_running()? {
            return Ok(None);
        }
        Ok(Some(self.running.exit_within(SOON)?.code))
    }

    /// The number of the container's process 1, as this machine knows it; `None` while the sandbox is being made.
    pub(super) fn first(&mut self) -> Option<u32> {
        self.look();
        self.first.as_ref().map(Relative::pid)
    }

    /// Signals process 1, and what has not come so far.
    pub(super) fn signal(&mut self, signal: Signal) -> Result<()> {
        self.look();
        match &self.first {
            Some(first) => first.signal(signal),
            None => self.running.signal(signal).context("a sandbox that is being made")?,
        }
        Ok(())
    }

    fn look(&mut self) {
        if self.first.is_none() {
            let found = Relative::descendants_of(self.running.pid()).unwrap_or_default();
            self.first = found.into_iter().next();
        }
    }
}
