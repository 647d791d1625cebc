//! A process that was started here: its lines, its signals, its end.

use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::output::Output;
use crate::patience::still_wanted;
use crate::{Line, Program, Stream, until};

/// How long a wait for the end of a process goes on before it looks whether somebody gave up.
const LOOK_UP: Duration = Duration::from_millis(50);

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    label: String,
    pid: u32,
    /// Names this very process for as long as it is held, unlike a number that is given away again.
    handle: OwnedFd,
    started: Instant,
    output: Output,
    ended: Receiver<Ended>,
    /// The end, once it was received.
    end: Option<Ended>,
}

/// The end of a process, noted by the thread that waited for it.
#[derive(Debug, Clone, Copy)]
struct Ended {
    status: ExitStatus,
    at: Instant,
    at_wall: SystemTime,
}

/// How a process ended, and everything it printed.
#[derive(Debug, Clone)]
pub struct Exit {
    /// The code that a shell shows: the process's own, or 128 plus the signal that ended it.
    pub code: i32,
    /// When it ended, on the steady clock.
    pub at: Instant,
    /// When it ended, on the wall clock.
    pub at_wall: SystemTime,
    /// From start to end.
    pub ran_for: Duration,
    /// Everything it printed.
    pub lines: Vec<Line>,
}

impl Running {
    pub(crate) fn start(mut program: Program) -> Result<Self> {
        let started = Instant::now();
        let mut child = program.command.spawn()?;
        // The child is waited for only further down, so its number still belongs to it here.
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        let mut output = Output::default();
        let shown = |program: &Program| {
            let (label, echo) = (program.label.clone(), program.echo.clone());
            move |text: &str| {
                if let Some(echo) = &echo {
                    echo(&label, text);
                }
            }
        };
        if let Some(stdout) = child.stdout.take() {
            output.collect(Stream::Stdout, stdout, shown(&program));
        }
        if let Some(stderr) = child.stderr.take() {
            output.collect(Stream::Stderr, stderr, shown(&program));
        }
        let pid = child.id();
        Ok(Self { label: program.label, pid, handle, started, output, ended: wait_aside(child), end: None })
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// When it was started, on the steady clock.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.output.lines()
    }

    /// Waits for a line that contains `text`, on either stream, printed now or earlier.
    pub fn line_with(&mut self, text: &str, within: Duration) -> Result<Line> {
        let what = format!("{} to print '{text}'", self.label);
        until(&what, within, || self.lines().into_iter().find(|line| line.text.contains(text)))
            .with_context(|| self.so_far())
    }

    /// Waits for the process to end.
    pub fn exit_within(&mut self, within: Duration) -> Result<Exit> {
        let deadline = Instant::now() + within;
        let ended = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(ended) = self.poll_end(left.min(LOOK_UP))? {
                break ended;
            }
            still_wanted()?;
            ensure!(
                !left.is_zero(),
                "waited {within:?} for {} to end, in vain; {}",
                self.label,
                self.so_far()
            );
        };
        self.output.finish();
        let code = ended.status.code().or_else(|| ended.status.signal().map(|signal| 128 + signal));
        Ok(Exit {
            code: code.context("a process ended with neither a code nor a signal")?,
            at: ended.at,
            at_wall: ended.at_wall,
            ran_for: ended.at.saturating_duration_since(self.started),
            lines: self.lines(),
        })
    }

    /// Watches the process for a while and fails if it ends.
    pub fn stays_for(&mut self, span: Duration) -> Result<()> {
        let deadline = Instant::now() + span;
        while Instant::now() < deadline {
            if let Some(ended) =
                self.poll_end(LOOK_UP.min(deadline.saturating_duration_since(Instant::now())))?
            {
                self.output.finish();
                bail!(
                    "{} was to keep running but ended with {}; {}",
                    self.label,
                    ended.status,
                    self.so_far()
                );
            }
            still_wanted()?;
        }
        Ok(())
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.poll_end(Duration::ZERO)?.is_none())
    }

    /// Kills it, as a lost node would: no chance to say good-bye.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    /// Asks it to end, as the kubelet does.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Freezes it, as a paused virtual machine would.
    pub fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run on.
    pub fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Sends a signal to this process and to no other.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        pidfd_send_signal(&self.handle, signal).with_context(|| format!("cannot signal {}", self.label))
    }

    fn poll_end(&mut self, patience: Duration) -> Result<Option<Ended>> {
        if self.end.is_none() {
            self.end = match self.ended.recv_timeout(patience) {
                Ok(ended) => Some(ended),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => bail!("lost track of {}", self.label),
            };
        }
        Ok(self.end)
    }

    fn so_far(&self) -> String {
        let lines: Vec<_> =
            self.lines().into_iter().map(|line| format!("\n  {} | {}", self.label, line.text)).collect();
        if lines.is_empty() {
            format!("{} printed nothing", self.label)
        } else {
            format!("it printed:{}", lines.concat())
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.end.is_none() {
            // It may have ended in this moment; then there is nothing to kill.
            let _ = self.kill();
            let _ = self.ended.recv();
        }
    }
}

impl Exit {
    /// Everything printed on one stream.
    pub fn text(&self, stream: Stream) -> String {
        join(self.lines.iter().filter(|line| line.stream == stream))
    }

    /// Fails unless the code is 0.
    pub fn succeeds(&self) -> Result<()> {
        ensure!(self.code == 0, "ended with {self}");
        Ok(())
    }

    /// Everything printed.
    pub fn all_text(&self) -> String {
        join(&self.lines)
    }
}

fn join<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    lines.into_iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {} after {:?}, having printed:\n{}", self.code, self.ran_for, self.all_text())
    }
}

/// Waits for the child on a thread of its own, so that the moment of its end is noted without polling.
fn wait_aside(mut child: Child) -> Receiver<Ended> {
    let (report, ended) = channel();
    std::thread::spawn(move || {
        if let Ok(status) = child.wait() {
            // Nobody listens any more when the process was dropped.
            let _ = report.send(Ended { status, at: Instant::now(), at_wall: SystemTime::now() });
        }
    });
    ended
}
