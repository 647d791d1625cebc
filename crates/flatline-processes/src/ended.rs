//! How a child ended.

use std::fmt;

use flatline_shell::Exit;
use rustix::process::{Signal, WaitStatus};

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Code(u8),
    /// This signal ended it.
    Signal(i32),
    /// Somebody else collected its status. Should never happen: only the reaper waits for what it started.
    Lost,
}

impl Ended {
    pub(crate) fn of(status: WaitStatus) -> Self {
        let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
        match (code, status.terminating_signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Lost,
        }
    }

    /// Whether this signal ended it.
    pub fn is_by(self, signal: Signal) -> bool {
        self == Self::Signal(signal.as_raw())
    }

    /// The code that a shell shows: its own, or 128 plus the signal; 255 where nobody knows.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128_u8.saturating_add(u8::try_from(signal).unwrap_or(u8::MAX)),
            Self::Lost => u8::MAX,
        }
    }

    /// The way out of a program that passes the end of its command on.
    pub fn exit(self) -> Exit {
        Exit::Command(self.code())
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Lost => f.write_str("an unknown end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_passes_on_the_code_that_a_shell_would_show() {
        let table = [
            (Ended::Code(0), 0, "exit code 0"),
            (Ended::Code(255), 255, "exit code 255"),
            (Ended::Signal(9), 137, "signal 9"),
            (Ended::Signal(64), 192, "signal 64"),
            (Ended::Lost, 255, "an unknown end"),
        ];
        for (ended, code, text) in table {
            assert_eq!((ended.exit().code(), ended.to_string().as_str()), (code, text));
        }
    }
}
