//! How the binaries end: the exit codes, all of them, and the one way out.

use std::fmt;
use std::future::Future;
use std::io::Write;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::log_queue;

/// How a program ended. For an init container the exit code is the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Go, beating, or done: 0.
    Done,
    /// The heart has flatlined (`check` only): 1.
    Flatlined,
    /// The question has no answer for now (`check`), or a finding of `doctor` failed: 2.
    CannotTell,
    /// Wrong usage or an unusable configuration: 2.
    Refused,
    /// `--timeout` was reached: 3.
    TimedOut,
    /// Ended by this signal: 128 plus its number.
    Signal(i32),
    /// What a wrapped command ended with, passed on as it is.
    Command(u8),
}

impl Exit {
    /// The number that the operating system sees.
    pub fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Flatlined => 1,
            Self::CannotTell | Self::Refused => 2,
            Self::TimedOut => 3,
            Self::Signal(number) => 128 + number,
            Self::Command(code) => i32::from(code),
        }
    }
}

/// How long a thread for file calls and name look-ups is kept: for good. A machine that has no thread to give for
/// a moment would otherwise end a program that has run for months, at the next beat.
const THREAD_KEEP_ALIVE: Duration = Duration::from_hours(24 * 365);

/// Runs `program` to its end on one thread and leaves the process with its exit code.
///
/// The runtime is not dropped: that would wait for a thread that hangs in a file call on a dead mount.
pub fn run(name: &str, program: impl Future<Output = Exit>) -> ! {
    match Builder::new_current_thread().enable_all().thread_keep_alive(THREAD_KEEP_ALIVE).build() {
        Ok(runtime) => leave(runtime.block_on(program)),
        Err(error) => leave(refuse(name, format_args!("cannot start the event loop: {error}"))),
    }
}

/// Tells a person on stderr, in one line without secrets, why the program `name` does not start.
pub fn refuse(name: &str, reason: impl fmt::Display) -> Exit {
    let line = format!("{name}: error: {reason}");
    let words = line.split(|c: char| c.is_whitespace() || c.is_control());
    log_queue::print(&words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    Exit::Refused
}

/// Leaves the process: gives the log a moment to be written, flushes what was printed, and waits for no
/// thread: one may hang in a file call, or in writing to a log that nobody reads.
pub fn leave(exit: Exit) -> ! {
    log_queue::drain();
    let _ = std::io::stdout().flush();
    std::process::exit(exit.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_has_its_documented_code() {
        let table = [
            (Exit::Done, 0),
            (Exit::Flatlined, 1),
            (Exit::CannotTell, 2),
            (Exit::Refused, 2),
            (Exit::TimedOut, 3),
            (Exit::Signal(2), 130),
            (Exit::Signal(15), 143),
            (Exit::Command(0), 0),
            (Exit::Command(255), 255),
        ];
        for (exit, code) in table {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
