//! The flags that `wait` and `run` share: who may run the workload, and when.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use failover_policy::{Mode, NeverSeen, Span, Timing};
use flatline_processes::NotifyArgs;
use flatline_shell::ConfigError;
use flatline_shell::endpoints::ListenAddress;

/// How a workload is held back.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(crate) struct OwnershipArgs {
    /// Who may run the workload
    #[arg(long, value_name = "MODE", env = "HEART_MONITOR_OWNERSHIP", default_value = "prefer")]
    pub(crate) ownership: Ownership,
    /// How long the primary keeps trying to read the record before it goes without it (`wait` with prefer)
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_STORE_GRACE", default_value = "5m")]
    pub(crate) store_grace: Span,
    /// How long after the owner's heart is flat this cluster claims the work; orders several candidates
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_TAKEOVER_DELAY", default_value = "0s")]
    pub(crate) takeover_delay: Span,
    /// How old the answer of a read can be, or what an SMB or NFS mount says if that is more
    /// [default: 0s on Azure Blob and local disks, 2s on a network mount]
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_CACHE_AGE")]
    pub(crate) cache_age: Option<Span>,
    /// Silence that suffices where the stamp is also older than --flatline-after by the wall clock
    /// [default: --flatline-after minus --poll]; 0s, with --ownership off alone, believes an old stamp at first
    /// sight, as the classic monitor does
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_CONFIRM")]
    pub(crate) confirm: Option<Span>,
    /// What to make of a heart that was never seen: block until its first stamp, or count silence from the
    /// first look that reaches the store
    #[arg(long, value_name = "WHAT", env = "HEART_MONITOR_IF_NEVER_SEEN", default_value = "wait")]
    pub(crate) if_never_seen: IfNeverSeen,
    /// Give up and exit 3 after this long without the work [default: never]
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_TIMEOUT")]
    pub(crate) timeout: Option<Span>,
    /// Write the term, the workload's fencing token, to this file before the workload starts: its digits and a
    /// newline, written aside and renamed. Where the term is not known (--store-grace ran out) the file is removed
    #[arg(long, value_name = "PATH", env = "HEART_MONITOR_TERM_FILE")]
    pub(crate) term_file: Option<PathBuf>,
    /// Serve /livez, /readyz, /metrics and /state on this address, such as 0.0.0.0:9600, and POST /activate where
    /// `ACTIVATION_KEY` is set [default: off]
    #[arg(long, value_name = "ADDR", env = "HEART_MONITOR_LISTEN")]
    pub(crate) listen: Option<ListenAddress>,
    /// How long a guarded workload has between SIGTERM and SIGKILL; `wait` stops nothing and only records it, for
    /// the guards that run under its takeover
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_STOP_GRACE", default_value = "1500ms")]
    pub(crate) stop_grace: Span,
    #[command(flatten)]
    pub(crate) notify: NotifyArgs,
}

/// The value of `--ownership`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ownership {
    /// Nothing is recorded: the primary goes at once, a standby once the watched heart is flat
    Off,
    /// Whoever owns by the record; a primary that cannot read it goes after --store-grace
    Prefer,
    /// Whoever owns by the record, and nobody without having read it
    Strict,
}

/// The value of `--if-never-seen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfNeverSeen {
    /// Block until the first stamp
    Wait,
    /// Count silence from the first look that reaches the store
    Flatline,
}

impl OwnershipArgs {
    /// The silence to confirm: `T − p` to `T`, or none at all, as the classic monitor. Anything in between would
    /// void the inequalities that were checked for `T − p`.
    pub(crate) fn confirm(&self, timing: &Timing) -> Result<Span, ConfigError> {
        let (least, most) = (timing.watch(), timing.flatline_after);
        let believing = self.ownership == Ownership::Off;
        match self.confirm {
            None => Ok(least),
            Some(confirm) if (least..=most).contains(&confirm) => Ok(confirm),
            Some(Span::ZERO) if believing => Ok(Span::ZERO),
            Some(Span::ZERO) => Err(ConfigError::new(format_args!(
                "--confirm 0s, an old stamp believed at first sight, goes with --ownership off alone; set it from \
                 {least} to {most}, or leave it out"
            ))),
            Some(confirm) => Err(ConfigError::new(format_args!(
                "--confirm {confirm} is unsafe; set it from {least} (--flatline-after minus --poll) to {most}{}",
                if believing { ", or to 0s to believe an old stamp at first sight" } else { "" }
            ))),
        }
    }

    /// The time to give up after.
    pub(crate) fn timeout(&self) -> Result<Option<Span>, ConfigError> {
        if self.timeout == Some(Span::ZERO) {
            return Err(ConfigError::new(
                "--timeout 0s leaves no time to look; leave it out to wait without end",
            ));
        }
        Ok(self.timeout)
    }
}

impl Ownership {
    /// The mode of the gate; `None` where nothing is recorded.
    pub(crate) fn mode(self) -> Option<Mode> {
        match self {
            Self::Off => None,
            Self::Prefer => Some(Mode::Prefer),
            Self::Strict => Some(Mode::Strict),
        }
    }
}

impl From<IfNeverSeen> for NeverSeen {
    fn from(flag: IfNeverSeen) -> Self {
        match flag {
            IfNeverSeen::Wait => Self::Wait,
            IfNeverSeen::Flatline => Self::Flatline,
        }
    }
}
