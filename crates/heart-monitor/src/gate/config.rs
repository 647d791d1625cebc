//! The gate's checked configuration, made from raw flags.

use failover_policy::{ClusterId, Span, Timing, WatchRule};
use flatline_shell::{ConfigError, Environment};

use crate::cli::{Ownership, WaitArgs};

/// What the flags come to.
#[derive(Debug)]
pub(crate) enum Gate {
    /// This cluster goes at once; the store is not touched.
    Open {
        /// This cluster, the primary.
        this: ClusterId,
    },
    /// This cluster blocks until a heart is flat.
    Standby(Box<GateConfig>),
}

/// A standby's configuration. Every rule between flags has been checked.
#[derive(Debug, Clone)]
pub(crate) struct GateConfig {
    pub(crate) this: ClusterId,
    pub(crate) that: ClusterId,
    pub(crate) primary: ClusterId,
    pub(crate) timing: Timing,
    pub(crate) rule: WatchRule,
    pub(crate) timeout: Option<Span>,
}

/// Checks the flags of `wait`. The primary's are checked as fully as a standby's, so that a slip shows on the
/// day of the deployment and not on the day of the disaster.
pub(crate) fn check(args: &WaitArgs, environment: &Environment) -> Result<Gate, ConfigError> {
    // The one mode there is; the match makes the compiler ask when there is another.
    match args.ownership {
        Ownership::Off => {}
    }
    let clusters = args.heart.clusters.check()?;
    let primary = clusters.require_primary()?.clone();
    let timing = args.heart.timing.safe_timing()?;
    let rule = WatchRule {
        confirm: confirm(args, &timing)?,
        never_seen: args.if_never_seen.into(),
        ..WatchRule::new(&timing)
    };
    args.heart.store.place(environment)?;
    if clusters.this == primary {
        return Ok(Gate::Open { this: clusters.this });
    }
    let that = clusters.require_that()?.clone();
    let standby = GateConfig { this: clusters.this, that, primary, timing, rule, timeout: args.timeout };
    Ok(Gate::Standby(Box::new(standby)))
}

fn confirm(args: &WaitArgs, timing: &Timing) -> Result<Span, ConfigError> {
    match args.confirm {
        None => Ok(timing.watch()),
        Some(confirm) if confirm <= timing.flatline_after => Ok(confirm),
        Some(confirm) => Err(ConfigError::new(format_args!(
            "--confirm {confirm} is longer than --flatline-after {}, which would decide first; lower --confirm",
            timing.flatline_after
        ))),
    }
}
