//! The flags as they were given; [`crate::config`] checks them.

use clap::{Args, Parser, Subcommand};
use failover_policy::{Span, Timing};
use flatline_shell::endpoints::ListenAddress;
use flatline_shell::{ClusterArgs, LogArgs, StoreArgs};

/// The program's name, in messages and on the command line.
pub const NAME: &str = "heartbeat-writer";
/// The command that runs where none is named, so that the bare image is a beacon.
pub const DEFAULT_COMMAND: &str = "run";

/// The beacon: stamps the time where both clusters can read it
#[derive(Debug, Clone, Parser)]
#[command(name = NAME, version, after_help = "Without a command it does what run does.")]
pub struct Flags {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Beats until it is told to stop, and waits for a store that is away (the default)
    Run(RunFlags),
    /// Writes one beat; exits with 0, or with 2 and the reason
    Once(BeaconFlags),
}

/// The flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunFlags {
    /// What every beat needs.
    #[command(flatten)]
    pub beacon: BeaconFlags,
    /// Answer /livez, /readyz, /metrics and /state here, such as 0.0.0.0:9600 [default: off]
    #[arg(long, value_name = "ADDR", env = "HEARTBEAT_LISTEN", help_heading = "Endpoints")]
    pub listen: Option<ListenAddress>,
}

/// The flags of both commands.
#[derive(Debug, Clone, Args)]
pub struct BeaconFlags {
    /// Where the stamp goes.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Whose stamp it is.
    #[command(flatten)]
    pub clusters: ClusterArgs,
    /// How often, and how long a write may take.
    #[command(flatten)]
    pub timing: TimingFlags,
    /// How the program logs.
    #[command(flatten)]
    pub logs: LogArgs,
}

/// The beacon's durations.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Timing")]
pub struct TimingFlags {
    /// Time from one beat to the next, 10ms to 1h
    #[arg(long, value_name = "DURATION", env = "HEARTBEAT_INTERVAL", default_value_t = Timing::DEFAULT_INTERVAL)]
    pub interval: Span,
    /// A write that takes longer has failed; at most the interval [default: 1500ms, or the interval if shorter]
    #[arg(long, value_name = "DURATION", env = "HEARTBEAT_WRITE_DEADLINE")]
    pub write_deadline: Option<Span>,
}
