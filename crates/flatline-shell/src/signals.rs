//! Being asked to stop, and passing on what somebody else is asked.

use std::future::poll_fn;
use std::task::{Context, Poll};

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind};

use crate::ConfigError;

/// Listens for the signals that end a program. Installed at start-up, before anything else is awaited: as
/// process 1 of a container a signal without a handler is ignored by the kernel.
#[derive(Debug)]
pub struct Termination {
    terminate: unix::Signal,
    interrupt: unix::Signal,
}

impl Termination {
    /// Installs the handlers of SIGTERM and SIGINT. Fails where the runtime has no signal driver.
    pub fn install() -> Result<Self, ConfigError> {
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for the first such signal and returns its number.
    pub async fn received(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }
}

/// Listens for the signals that a wrapper passes on to what it wraps. Installed at start-up, before anything
/// else is awaited: as process 1 of a container a signal without a handler is ignored by the kernel.
///
/// Not among them: SIGCONT, since whoever thaws a wrapper must not thaw what it wraps before the wrapper has
/// looked whether that may still run; SIGTSTP, which does nothing, since a wrapper that stands still guards
/// nothing; SIGCHLD, which is the wrapper's own business; and the signals that only the kernel sends.
#[derive(Debug)]
pub struct Signals(Vec<(Signal, unix::Signal)>);

impl Signals {
    /// What is passed on: what people, supervisors and images (`STOPSIGNAL`) send to a service.
    const PASSED_ON: [Signal; 9] = [
        Signal::TERM,
        Signal::INT,
        Signal::QUIT,
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::WINCH,
        Signal::ALARM,
        Signal::POWER,
    ];

    /// Installs the handlers. SIGHUP stays ignored where it is, as after `nohup`. Fails where the runtime has no
    /// signal driver.
    pub fn install() -> Result<Self, ConfigError> {
        // The handler does nothing, which is what keeps the signal from stopping this process.
        let _ = listen(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
        let wanted = Self::PASSED_ON.into_iter().filter(|signal| *signal != Signal::HUP || !ignores(*signal));
        let listened = wanted.map(|signal| Ok((signal, listen(SignalKind::from_raw(signal.as_raw()))?)));
        Ok(Self(listened.collect::<Result<_, ConfigError>>()?))
    }

    /// Waits for the next signal. May be dropped and called again; of several at once, one that asks to end comes
    /// first.
    pub async fn next(&mut self) -> Signal {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Whether a signal asks a program to end, so that a wrapper that wraps nothing at the moment does.
    pub fn asks_to_end(signal: Signal) -> bool {
        [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP].contains(&signal)
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        for (signal, stream) in &mut self.0 {
            if stream.poll_recv(context).is_ready() {
                return Poll::Ready(*signal);
            }
        }
        Poll::Pending
    }
}

fn listen(kind: SignalKind) -> Result<unix::Signal, ConfigError> {
    unix::signal(kind).map_err(|error| ConfigError::new(format_args!("cannot listen for signals: {error}")))
}

/// Whether this process ignores a signal, by its `SigIgn` in `/proc/self/status` (proc(5)): a mask in
/// hexadecimal digits whose lowest bit is signal 1. Where that cannot be read, nothing is ignored.
fn ignores(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}

#[cfg(test)]
mod tests {
    use rustix::process::{getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn every_signal_that_is_passed_on_arrives_and_the_ones_that_end_come_first() {
        let mut signals = Signals::install().unwrap();
        let listened: Vec<_> = signals.0.iter().map(|(signal, _)| *signal).collect();
        for signal in listened.into_iter().rev() {
            kill_process(getpid(), signal).unwrap();
            assert_eq!(signals.next().await, signal);
        }
        kill_process(getpid(), Signal::TSTP).unwrap();
        kill_process(getpid(), Signal::USR1).unwrap();
        let next = signals.next().await;
        assert_eq!(next, Signal::USR1, "SIGTSTP neither stopped this process nor came through");
    }

    #[test]
    fn only_signals_that_mean_an_end_end_a_wrapper_that_wraps_nothing() {
        let ending = Signals::PASSED_ON.into_iter().filter(|signal| Signals::asks_to_end(*signal));
        assert_eq!(ending.collect::<Vec<_>>(), [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP]);
    }

    #[test]
    fn the_kernel_is_asked_which_signals_are_ignored() {
        assert!(ignores(Signal::PIPE), "the standard library ignores it in every program");
        assert!(!ignores(Signal::USR2));
    }
}
