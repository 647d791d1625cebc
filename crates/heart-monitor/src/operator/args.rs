//! The raw flags of the operators' commands.

use clap::{Args, ValueEnum};
use failover_policy::{ClusterId, Role, Span, Timing};
use flatline_shell::{ConfigError, StoreArgs};

use crate::timing_args::TimingArgs;

/// What every command needs that changes the record.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
    /// How long a guarded workload has between SIGTERM and SIGKILL; goes into the record with the new owner
    #[arg(
        long,
        value_name = "DURATION",
        env = "HEART_MONITOR_STOP_GRACE",
        default_value = "1500ms",
        help_heading = "Timing"
    )]
    pub(crate) stop_grace: Span,
    /// How old the answer of a read can be, or what an SMB or NFS mount says if that is more
    /// [default: 0s on Azure Blob and local disks, 2s on a network mount]
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_CACHE_AGE", help_heading = "Timing")]
    pub(crate) cache_age: Option<Span>,
}

/// Whether to act, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct ConsentArgs {
    /// Print the plan and change nothing
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Do not ask: every workload of the old side is guarded, or scaled to zero
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HandoverArgs {
    /// The cluster that is to own the work; the present owner, to call a handover off
    #[arg(long, value_name = "ID")]
    pub(crate) to: ClusterId,
    #[command(flatten)]
    pub(crate) common: HandoverCommonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FailbackArgs {
    /// The cluster that is to own the work again [default: the primary]
    #[arg(long, value_name = "ID")]
    pub(crate) to: Option<ClusterId>,
    #[command(flatten)]
    pub(crate) common: HandoverCommonArgs,
}

/// All of a handover but its destination.
#[derive(Debug, Args)]
pub(crate) struct HandoverCommonArgs {
    /// How long the workload may finish in peace between SIGTERM and SIGKILL, on top of its grace; the new side
    /// waits that much longer
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) drain: Span,
    /// The cluster that owns the work while there is no record [default: a, where the store or a flag knows a
    /// cluster of that name]
    #[arg(long, value_name = "ID", env = "PRIMARY_CLUSTER")]
    pub(crate) primary: Option<ClusterId>,
    /// Give up and exit 3 after this long, counted anew from the go-ahead [default: never]
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<Span>,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ActivateArgs {
    /// The cluster that is to own the work at once
    #[arg(long, value_name = "ID")]
    pub(crate) cluster: ClusterId,
    /// The least term to write: above every term that a workload was started with. Required where the record is
    /// gone or cannot be understood; makes the new record count above a lost one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) term: Option<u64>,
    /// Name a cluster that never beat in this store: until its beacon does, nobody runs
    #[arg(long)]
    pub(crate) never_seen: bool,
    /// Write over a record of a newer version, and lose what only that version understands
    #[arg(long)]
    pub(crate) replace_newer: bool,
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MaintenanceArgs {
    /// What to do
    #[arg(value_name = "ACTION", default_value = "status")]
    pub(crate) action: MaintenanceAction,
    /// How long it is on, 30 days at most; it ends by itself
    #[arg(long = "for", value_name = "DURATION", required_if_eq("action", "on"))]
    pub(crate) duration: Option<Span>,
    /// Why, for whoever finds it on: one short line
    #[arg(long, value_name = "TEXT", required_if_eq("action", "on"))]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MaintenanceAction {
    /// No automatic takeover for a while
    On,
    /// Takeovers are automatic again
    Off,
    /// Show whether it is on, until when and why
    Status,
}

impl RecordArgs {
    /// The durations, where they are safe for a monitor that watches a heart.
    pub(crate) fn safe_timing(&self) -> Result<Timing, ConfigError> {
        let timing = Timing { stop_grace: self.stop_grace, ..self.timing.timing() };
        timing.check(Role::Gate).map_err(ConfigError::new)?;
        Ok(timing)
    }
}

impl HandoverCommonArgs {
    /// The time to give up after.
    pub(crate) fn timeout(&self) -> Result<Option<Span>, ConfigError> {
        if self.timeout == Some(Span::ZERO) {
            return Err(ConfigError::new(
                "--timeout 0s leaves no time to do anything; leave it out to wait without end",
            ));
        }
        Ok(self.timeout)
    }
}
