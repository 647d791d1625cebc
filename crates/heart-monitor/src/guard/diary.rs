//! What the log says of the guarded workload.

use std::io;

use failover_policy::{ClusterId, OwnershipRecord, StopCause};
use flatline_processes::{CommandLine, Ended};
use heartbeat_store::Store;
use rustix::process::{Pid, Signal};

use crate::ownership::config::OwnershipConfig;

/// One guard's log of its workload: a line for each start, stop and end.
#[derive(Debug)]
pub(super) struct Diary {
    this: ClusterId,
}

impl Diary {
    /// Says what is guarded, and how.
    pub(super) fn new(config: &OwnershipConfig, command: &CommandLine, store: &Store) -> Self {
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
            hold = %config.timing.hold(),
            stop_grace = %config.timing.stop_grace,
            cache_age = %rule.cache_age,
            "guarding: the command runs while this cluster owns the work"
        );
        Self { this: rule.this.clone() }
    }

    pub(super) fn started(&self, term: u64, pid: Pid) {
        tracing::info!(cluster = %self.this, term, %pid, "workload started");
    }

    pub(super) fn not_started(&self, term: u64, error: &io::Error) {
        tracing::error!(cluster = %self.this, term, %error, "workload not started; tries again with the next poll");
    }

    pub(super) fn stopping(&self, cause: StopCause, signal: Signal, record: Option<&OwnershipRecord>) {
        tracing::warn!(
            cluster = %self.this,
            reason = cause.word(),
            signal = signal.as_raw(),
            owner = record.map(|record| record.owner.as_str()),
            term = record.map(|record| record.term),
            phase = record.map(|record| record.phase.word()),
            "stopping the workload"
        );
    }

    pub(super) fn passed_on(&self, signal: Signal) {
        tracing::info!(cluster = %self.this, signal = signal.as_raw(), "passed a signal on to the workload");
    }

    pub(super) fn ended(&self, ended: Ended, by_itself: bool) {
        if by_itself {
            tracing::info!(cluster = %self.this, %ended, "workload ended by itself");
        } else {
            tracing::info!(cluster = %self.this, %ended, "workload stopped; waiting until this cluster may run it again");
        }
    }
}
