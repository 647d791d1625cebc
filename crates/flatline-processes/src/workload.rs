//! The workload of a guard: what runs while its cluster may run it, and nothing of it afterwards.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::time::{Instant, timeout};

use crate::{Child, CommandLine, Ended, Reaper, leash};

/// The first pause between two looks whether anything is left: what a kill needs on an idle machine.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// The longest pause: something is stuck in the kernel, and no hurry helps.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long what was killed may take before somebody is told, and how often they are told again.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// A running workload: a process group, and whatever left the group but descends from it. A process has one at a
/// time. Dropping it kills the group.
///
/// What a workload has others start for it, such as a container engine or a service manager, is no descendant
/// and stays out of reach.
#[derive(Debug)]
pub struct Workload {
    leader: Child,
    reaper: Reaper,
}

impl Workload {
    /// Starts the command, with these variables on top of this process's own, and with its standard streams. It
    /// is not given a terminal to read from: as a process group of its own it is in the terminal's background,
    /// where the kernel would stop it for reading; it gets `/dev/null` instead.
    ///
    /// A command that cannot be started is one that ends at once, with 126 or 127, having said why: an error is
    /// something else, such as no room for a process.
    pub fn start(
        reaper: &Reaper,
        line: &CommandLine,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> io::Result<Self> {
        let mut command = leash::command(line);
        command.envs(variables);
        if io::stdin().is_terminal() {
            command.stdin(Stdio::null());
        }
        let leader = reaper.spawn(&mut command)?;
        Ok(Self { leader, reaper: reaper.clone() })
    }

    /// The number of its first process, and of its process group.
    pub fn pid(&self) -> Pid {
        self.leader.pid()
    }

    /// Sends a signal to its process group.
    pub fn signal(&self, signal: Signal) {
        self.leader.signal(signal);
    }

    /// Asks it to end: SIGTERM to its process group, and SIGCONT, without which a stopped process would never
    /// get to see it.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
    }

    /// Ends its process group, and what left the group as far as it is to be seen. Call it again for as long as the
    /// first process does not end, which may be stuck in the kernel: what the others started in the meantime is left.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        // Where the others cannot be seen, `cleared` says so.
        let _ = self.reaper.end_strays(self.pid());
    }

    /// Waits for the end of its first process; at once where it has ended. May be dropped and called again.
    pub async fn exited(&self) -> Ended {
        self.leader.ended().await
    }

    /// Kills whatever is left of it, in its group or elsewhere, and returns once nothing is. May be dropped and
    /// called again.
    ///
    /// A process that is stuck in the kernel, on a dead mount say, cannot be ended by anybody. It runs no more code
    /// of its own, but this keeps waiting for it, and says so every few seconds.
    pub async fn cleared(&self) {
        self.signal(Signal::KILL);
        let started = Instant::now();
        let mut told = TOLD_EVERY;
        let mut pause = FIRST_PAUSE;
        while let Some(left) = self.left() {
            if started.elapsed() >= told {
                told += TOLD_EVERY;
                tracing::warn!(waited = ?started.elapsed(), left, "killed processes of the workload do not end");
            }
            if self.leader.end().is_some() {
                tokio::time::sleep(pause).await;
            } else {
                let _ = timeout(pause, self.leader.ended()).await;
            }
            pause = LONGEST_PAUSE.min(2 * pause);
        }
    }

    /// What is left of it, killed again by now; `None` where it is nothing.
    fn left(&self) -> Option<String> {
        let strays = self.reaper.end_strays(self.pid());
        match (self.leader.end(), strays) {
            (Some(_), Ok(0)) => None,
            (Some(_), Ok(strays)) => Some(format!("{strays} outside its process group")),
            (None, Ok(strays)) => Some(format!("the first process, and {strays} outside its group")),
            // Not seeing anything is no proof that there is nothing.
            (_, Err(error)) => Some(format!("unknown: {error}")),
        }
    }
}
