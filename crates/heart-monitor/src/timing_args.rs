//! The durations that every watching command shares.

use clap::Args;
use failover_policy::{Role, Span, Timing};
use flatline_shell::ConfigError;
use heartbeat_store::Deadlines;

/// When a heart counts as flat, and how the store is polled.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Timing")]
pub(crate) struct TimingArgs {
    /// A stamp older than this, or silence as long, makes a heart flat
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_FLATLINE_AFTER", default_value = "10s")]
    pub(crate) flatline_after: Span,
    /// Time from one look to the next
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_POLL", default_value = "1s")]
    pub(crate) poll: Span,
    /// A read that takes longer has failed
    #[arg(long, value_name = "DURATION", env = "HEART_MONITOR_READ_DEADLINE", default_value = "1s")]
    pub(crate) read_deadline: Span,
    /// What the watched beacon uses: time from one beat to the next
    #[arg(long, value_name = "DURATION", env = "HEARTBEAT_INTERVAL", default_value = "2s")]
    pub(crate) interval: Span,
    /// What the watched beacon uses: a write that takes longer has failed [default: 1500ms, or --interval
    /// where that is shorter]
    #[arg(long, value_name = "DURATION", env = "HEARTBEAT_WRITE_DEADLINE")]
    pub(crate) write_deadline: Option<Span>,
}

impl TimingArgs {
    /// The durations, unchecked: `timing` and `doctor` show unsafe sets too.
    pub(crate) fn timing(&self) -> Timing {
        Timing {
            flatline_after: self.flatline_after,
            poll: self.poll,
            read_deadline: self.read_deadline,
            interval: self.interval,
            write_deadline: self.write_deadline.unwrap_or(Timing::default_write_deadline(self.interval)),
            ..Timing::default()
        }
    }

    /// The durations where they are safe for a monitor that watches a heart.
    pub(crate) fn safe_timing(&self) -> Result<Timing, ConfigError> {
        let timing = self.timing();
        timing.check(Role::Gate).map_err(ConfigError::new)?;
        Ok(timing)
    }
}

/// The store's deadlines that follow from a timing.
pub(crate) fn deadlines(timing: &Timing) -> Deadlines {
    Deadlines { read: timing.read_deadline.get(), write: timing.write_deadline.get() }
}
