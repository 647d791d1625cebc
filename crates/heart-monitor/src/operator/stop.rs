//! Being told to stop while a command works or waits.

use std::future::Future;

use failover_policy::Span;
use flatline_shell::{Clock, Exit, sleep_until};

use crate::operator::console::Console;

/// Why a command does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// This signal came.
    Signal(i32),
    /// `--timeout` was reached.
    TimedOut,
}

impl Stop {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Signal(_) => "interrupted",
            Self::TimedOut => "--timeout reached",
        }
    }

    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Signal(number) => Exit::Signal(number),
            Self::TimedOut => Exit::TimedOut,
        }
    }

    /// The end of a command that had changed nothing yet.
    pub(crate) fn before_anything(self, console: &mut impl Console) -> Exit {
        console.complain(&format!("{}: nothing was changed", self.word()));
        self.exit()
    }
}

/// Does the work, unless a signal or the end of `timeout` comes first; then the work is dropped.
pub(crate) async fn unless_stopped<T>(
    clock: &dyn Clock,
    timeout: Option<Span>,
    interrupted: &mut impl AsyncFnMut() -> i32,
    work: impl Future<Output = T>,
) -> Result<T, Stop> {
    let end = timeout.map(|timeout| clock.now().boot.after(timeout.get()));
    let timed_out = async {
        match end {
            Some(end) => sleep_until(clock, end).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        number = interrupted() => Err(Stop::Signal(number)),
        done = work => Ok(done),
        () = timed_out => Err(Stop::TimedOut),
    }
}
