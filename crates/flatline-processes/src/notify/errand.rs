//! One notification: a command from its start to its end, and what it printed.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout};

use super::Event;
use super::lines::Lines;
use crate::{Child, CommandLine, Ended, Reaper, leash};

/// How long a command may take: a slow request over the network, with a retry.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long it has between SIGTERM and SIGKILL, and once more to be gone after that.
const GRACE: Duration = Duration::from_secs(1);

/// Runs the command of an event to its end. Dropping this kills the command.
pub(super) async fn run(event: &Event, line: &CommandLine, reaper: &Reaper) {
    let started = Instant::now();
    let mut printed = Printed::new(event);
    let (child, pipe) = match start(event, line, reaper) {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(event = event.transition.word(), %error, "a notification cannot be started");
            return;
        }
    };
    let ended = tokio::select! {
        ended = end_in_time(&child) => ended,
        never = printed.follow(&pipe) => match never {},
    };
    // Whatever it printed is in the pipe by now; somebody who left its process group may hold the other end.
    printed.read_rest(&pipe);
    printed.finish();
    let (event, took) = (event.transition.word(), started.elapsed());
    match ended {
        Some(Ended::Code(0)) => tracing::info!(event, ?took, "told"),
        Some(ended) => tracing::warn!(event, ?took, %ended, "a notification failed"),
        None => tracing::error!(event, ?took, "a killed notification does not end; it is left alone"),
    }
}

/// Standard output and standard error share a pipe, so that lines keep their order.
fn start(event: &Event, line: &CommandLine, reaper: &Reaper) -> io::Result<(Child, Receiver)> {
    let (output, input) = io::pipe()?;
    let mut command = leash::command(line);
    command.stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
    event.describe(&mut command);
    let pipe = Receiver::from_owned_fd(output.into())?;
    Ok((reaper.spawn(&mut command)?, pipe))
}

/// Waits for the end of a command and brings it about where it does not come in time. `None` where not even that
/// helps: it is stuck in the kernel.
async fn end_in_time(child: &Child) -> Option<Ended> {
    if let Ok(ended) = timeout(DEADLINE, child.ended()).await {
        return Some(ended);
    }
    child.signal(Signal::TERM);
    child.signal(Signal::CONT);
    if let Ok(ended) = timeout(GRACE, child.ended()).await {
        return Some(ended);
    }
    child.signal(Signal::KILL);
    timeout(GRACE, child.ended()).await.ok()
}

/// What a command printed, on its way to the log.
struct Printed {
    event: &'static str,
    lines: Lines,
}

impl Printed {
    fn new(event: &Event) -> Self {
        Self { event: event.transition.word(), lines: Lines::default() }
    }

    /// Logs lines as they come in.
    async fn follow(&mut self, pipe: &Receiver) -> std::convert::Infallible {
        // An error here, as the end of the pipe, leaves nothing to wait for but the end of the command.
        while pipe.readable().await.is_ok() && self.read_rest(pipe) {}
        std::future::pending().await
    }

    /// Logs what is there already; `false` where nothing can follow.
    fn read_rest(&mut self, pipe: &Receiver) -> bool {
        /// Reads in a row, of a command that prints faster than it is read: others want to run too.
        const READS: usize = 64;
        let mut buffer = [0; 4096];
        for _ in 0..READS {
            match pipe.try_read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => self.lines.take(&buffer[..length], |line| show(self.event, line)),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn finish(&mut self) {
        self.lines.finish(|line| show(self.event, line));
        if self.lines.unshown > 0 {
            tracing::info!(event = self.event, lines = self.lines.unshown, "a notification said more");
        }
    }
}

fn show(event: &'static str, line: &str) {
    tracing::info!(event, line, "a notification said");
}
