//! The raw flags, as clap reads them. Rules between flags live where the flags are checked.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use failover_policy::{OnStoreLoss, Span};
use flatline_processes::CommandLine;
use flatline_shell::{ClusterArgs, LogArgs, StoreArgs};

use crate::operator::args::{ActivateArgs, FailbackArgs, HandoverArgs, MaintenanceArgs};
use crate::ownership::args::OwnershipArgs;
use crate::timing_args::TimingArgs;

/// Decides when a cluster's heart has flatlined.
///
/// Without a command it waits: in the cluster that owns the work it exits 0 at once, elsewhere it blocks until the
/// owner's heart is flat.
///
/// Exit codes: 0 go, beating or done; 1 flatlined (check only); 2 usage, configuration, or cannot tell;
/// 3 --timeout reached; 128+n ended by signal n; run passes its command's own code on.
#[derive(Debug, Parser)]
#[command(name = "heart-monitor", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) logging: LogArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Block until this cluster may run: the init container, and the default
    Wait(WaitArgs),
    /// Run a command while this cluster may run it: start it, stop it before another cluster starts its own
    Run(RunArgs),
    /// Look at one heart once: exit 0 beating, 1 flatlined, 2 cannot tell
    Check(CheckArgs),
    /// Show who owns the work, and every cluster in the store
    Status(StatusArgs),
    /// Follow every cluster in the store, a line each
    Watch(WatchArgs),
    /// Move the work to another cluster: the old side stops before the new one starts
    Handover(HandoverArgs),
    /// Move the work back to the primary: a handover by another name
    Failback(FailbackArgs),
    /// Make a cluster the owner at once, without waiting for silence: both sides may run for a while
    Activate(ActivateArgs),
    /// Keep gates from taking over by themselves for a while
    Maintenance(MaintenanceArgs),
    /// Show every duration, what follows from it, and whether the set is safe
    Timing(TimingReportArgs),
    /// Examine the store, the credential, the mount, the record, the clocks and the budget, and say what to mend
    Doctor(DoctorArgs),
    /// Copy this program into a folder: into a volume that the workload's container shares
    Install(InstallArgs),
}

/// What every command needs that looks at hearts.
#[derive(Debug, Args)]
pub(crate) struct HeartArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) clusters: ClusterArgs,
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    #[command(flatten)]
    pub(crate) gate: OwnershipArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    #[command(flatten)]
    pub(crate) gate: OwnershipArgs,
    /// What to do with a running workload while the store cannot be read
    #[arg(
        long,
        value_name = "WHAT",
        env = "HEART_MONITOR_ON_STORE_LOSS",
        default_value = "stop",
        help_heading = "Guard"
    )]
    pub(crate) on_store_loss: StoreLoss,
    /// What starts COMMAND, such as the entry point of the image, where what calls the guard has no place for it; split
    /// as by a shell
    #[arg(long, value_name = "COMMAND", env = "HEART_MONITOR_ENTRY_POINT", help_heading = "Guard")]
    pub(crate) entry_point: Option<CommandLine>,
    /// The workload's command and its arguments
    #[arg(last = true, required_unless_present = "entry_point", value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    /// Watch for this long and judge by the whole rule; 0s looks once and believes the stamp
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) watch_for: Span,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    /// Look for a beat of each cluster for this long; without one the stamp's age is believed
    #[arg(long, value_name = "DURATION", default_value = "3s")]
    pub(crate) watch_for: Span,
    /// How long a guarded workload has between SIGTERM and SIGKILL
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_STOP_GRACE", default_value = "1500ms")]
    pub(crate) stop_grace: Span,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    /// Stop after this long [default: never]
    #[arg(long, value_name = "DURATION")]
    pub(crate) watch_for: Option<Span>,
}

#[derive(Debug, Args)]
pub(crate) struct TimingReportArgs {
    #[command(flatten)]
    pub(crate) timing: TimingArgs,
    /// How long a guarded workload has between SIGTERM and SIGKILL
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_STOP_GRACE", default_value = "1500ms")]
    pub(crate) stop_grace: Span,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) heart: HeartArgs,
    /// How long a guarded workload has between SIGTERM and SIGKILL
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_STOP_GRACE", default_value = "1500ms")]
    pub(crate) stop_grace: Span,
    /// Try no write and no swap
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Look for beats, and so for clock skew, for this long
    #[arg(long, value_name = "DURATION", default_value = "5s")]
    pub(crate) watch_for: Span,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The folder, which must be there; an older heart-monitor in it is replaced
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArgs {
    /// What stdout shows
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text, with colour on a terminal
    Human,
    /// One JSON document
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreLoss {
    /// Stop it when its right to run is over: a pause rather than two workloads
    Stop,
    /// Let it run on: two workloads rather than a pause
    Keep,
}

impl From<StoreLoss> for OnStoreLoss {
    fn from(flag: StoreLoss) -> Self {
        match flag {
            StoreLoss::Stop => Self::Stop,
            StoreLoss::Keep => Self::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use flatline_shell::LogFormat;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_log_format_stands_after_any_command_and_where_none_is_named() {
        for words in [&["timing", "--log-format", "json"][..], &["--log-format", "json"]] {
            let words = ["heart-monitor"].iter().chain(words).map(std::ffi::OsString::from);
            let cli = flatline_shell::cli::parse::<Cli>(words, "wait").unwrap();
            assert_eq!(cli.logging.log_format, Some(LogFormat::Json));
        }
    }
}
