//! What is told of the guarded workload: a line for each start, stop and end, and the chronicle's share.

use std::cell::{Cell, RefCell};
use std::io;

use failover_policy::{BootTime, ClusterId, Gate, Opening, StopCause};
use flatline_processes::{CommandLine, Ended};
use flatline_shell::Clock;
use heartbeat_store::Store;
use rustix::process::{Pid, Signal};

use crate::heart_journal::SUMMARY_EVERY;
use crate::ownership::chronicle::Chronicle;
use crate::ownership::config::OwnershipConfig;
use crate::ownership::front::Counter;

/// One guard's log of its workload.
#[derive(Debug)]
pub(super) struct Diary<'d> {
    pub(super) this: &'d ClusterId,
    pub(super) chronicle: &'d RefCell<Chronicle>,
    pub(super) clock: &'d dyn Clock,
    /// When it was last said that the workload could not be started.
    pub(super) not_started_told: Cell<Option<BootTime>>,
}

/// Why a workload is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its own doing.
    ByItself,
    /// Somebody sent this guard a signal, as a pod that is deleted gets one, and it passed that on.
    AfterSignal(Signal),
    /// The guard stopped it.
    Stopped,
}

/// Says what is guarded, and how.
pub(super) fn announce(config: &OwnershipConfig, command: &CommandLine, store: &Store, counter: &Counter) {
    let rule = &config.rule;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = %rule.this,
        primary = %rule.primary,
        command = %command.program().display(),
        store = store.location(),
        credential = store.credential(),
        ownership = config.mode(),
        by = rule.by,
        flatline_after = %config.timing.flatline_after,
        poll = %config.timing.poll,
        hold = %config.timing.hold(),
        stop_grace = %config.timing.stop_grace,
        cache_age = %rule.cache_age,
        takeover_delay = %rule.takeover_delay,
        timeout = config.timeout.map(|timeout| timeout.to_string()),
        listen = counter.address(),
        activation = counter.takes_activations(),
        "guarding: the command runs while this cluster owns the work"
    );
}

impl Diary<'_> {
    pub(super) fn started(&self, term: u64, pid: Pid, gate: &Gate) {
        let mut chronicle = self.chronicle.borrow_mut();
        match gate.record().record() {
            Some(record) => {
                let opening = Opening::Owner(Box::new(record.clone()));
                chronicle.goes(&opening, self.clock.now().boot);
            }
            // The right to run outlives a read that failed.
            None => chronicle.runs(),
        }
        tracing::info!(cluster = %self.this, term, %pid, "workload started");
    }

    /// The next try comes with the next poll; it is told of again after a while.
    pub(super) fn not_started(&self, term: u64, error: &io::Error) {
        let now = self.clock.now().boot;
        if self.not_started_told.get().is_none_or(|told| now.since(told) >= SUMMARY_EVERY) {
            self.not_started_told.set(Some(now));
            tracing::error!(
                cluster = %self.this, term, %error,
                "workload not started; tries again with every poll"
            );
        }
    }

    pub(super) fn stopping(&self, cause: StopCause, signal: Signal, gate: &Gate) {
        let record = gate.record().record();
        tracing::warn!(
            cluster = %self.this,
            reason = cause.word(),
            signal = signal.as_raw(),
            owner = record.map(|record| record.owner.as_str()),
            term = record.map(|record| record.term),
            phase = record.map(|record| record.phase.word()),
            "{}", what_happened(cause)
        );
        self.chronicle.borrow_mut().stops(record, cause, what_happened(cause));
    }

    pub(super) fn passed_on(&self, signal: Signal) {
        tracing::info!(cluster = %self.this, signal = signal.as_raw(), "passed a signal on to the workload");
    }

    pub(super) fn ended(&self, ended: Ended, why: Ending) {
        match why {
            Ending::ByItself => tracing::info!(cluster = %self.this, %ended, "workload ended by itself"),
            Ending::AfterSignal(signal) => tracing::info!(
                cluster = %self.this, %ended, signal = signal.as_raw(),
                "workload ended after the signal that was passed on to it"
            ),
            Ending::Stopped => tracing::info!(cluster = %self.this, %ended, "workload stopped"),
        }
        self.chronicle.borrow_mut().gone();
    }

    pub(super) fn gave_up(&self) {
        tracing::warn!(cluster = %self.this, "--timeout reached; the workload does not run");
    }
}

/// What the workload is stopped for, in a sentence.
fn what_happened(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Expired => "stopping the workload: no beat of this cluster was confirmed in time",
        StopCause::OwnerChanged => "stopping the workload: another cluster owns the work",
        StopCause::Releasing => "stopping the workload: this cluster hands the work over",
        StopCause::TermChanged => "stopping the workload: this cluster owns the work under another term",
    }
}
