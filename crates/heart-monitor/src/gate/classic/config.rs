//! The checked configuration of a gate without a record (`--ownership off`), made from raw flags.

use failover_policy::{ClusterId, Span, Timing, WatchRule};
use flatline_shell::{ConfigError, Environment};

use crate::cli::WaitArgs;
use crate::ownership::config::{clusters, watched};

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

/// Checks the flags of `wait`. The primary's durations and place are checked although it needs neither, so that a
/// slip in what both clusters share shows on the day of the deployment and not on that of the disaster. Its
/// credential is not: the primary starts without the store.
pub(crate) fn check(args: &WaitArgs, environment: &Environment) -> Result<Gate, ConfigError> {
    if args.gate.term_file.is_some() {
        return Err(ConfigError::new(
            "--term-file needs --ownership prefer or strict: with off there is no record, and so no term",
        ));
    }
    let (clusters, primary) = clusters(&args.heart)?;
    let timing = args.heart.timing.safe_timing()?;
    let rule = WatchRule {
        confirm: args.gate.confirm(&timing)?,
        never_seen: args.gate.if_never_seen.into(),
        ..WatchRule::new(&timing)
    };
    let timeout = args.gate.timeout()?;
    args.heart.store.place(environment)?;
    if clusters.this == primary {
        return Ok(Gate::Open { this: clusters.this });
    }
    let that = watched(&clusters, &primary)?;
    let standby = GateConfig { this: clusters.this, that, primary, timing, rule, timeout };
    Ok(Gate::Standby(Box::new(standby)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};

    fn checked(flags: &str) -> Result<Gate, String> {
        let words = ["heart-monitor", "wait", "--ownership", "off", "--store", "/mnt/heartbeat"]
            .into_iter()
            .chain(flags.split(' '));
        let cli = flatline_shell::cli::parse::<Cli>(words.map(Into::into), "wait").unwrap();
        let Command::Wait(args) = cli.command else { panic!("wait was asked for") };
        check(&args, &Environment::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused_with_what_to_do() {
        let table = [
            ("--this-cluster b --that-cluster a --confirm 1s", "set it from 9s"),
            ("--this-cluster b --that-cluster a --confirm 8999ms", "set it from 9s"),
            ("--this-cluster b --that-cluster a --confirm 11s", "to 10s, or to 0s"),
            ("--this-cluster b --that-cluster a --timeout 0s", "leave it out to wait"),
            ("--this-cluster c --that-cluster b --primary a", "change --that-cluster or --primary"),
            ("--this-cluster b --that-cluster a --flatline-after 8s", "unsafe timing"),
            ("--this-cluster a --flatline-after 8s", "unsafe timing"),
            ("--this-cluster b", "set --that-cluster"),
            ("--this-cluster b --that-cluster c", "set --primary"),
            ("--this-cluster b --primary a", "set --that-cluster"),
            ("--this-cluster a --term-file /tmp/term", "--term-file needs --ownership"),
        ];
        for (flags, part) in table {
            let error = checked(flags).unwrap_err();
            assert!(error.contains(part), "{flags}: {error}");
        }
    }

    #[test]
    fn the_primary_goes_and_everyone_else_watches_it() {
        let table = [
            ("--this-cluster a", None),
            ("--this-cluster a --that-cluster b", None),
            ("--this-cluster b --that-cluster a", Some("a")),
            ("--this-cluster a --that-cluster b --primary b", Some("b")),
            ("--this-cluster west --that-cluster east --primary west", None),
            ("--this-cluster b --that-cluster a --confirm 0s", Some("a")),
            ("--this-cluster b --that-cluster a --confirm 10s", Some("a")),
        ];
        for (flags, watched) in table {
            let that = match checked(flags).unwrap() {
                Gate::Open { .. } => None,
                Gate::Standby(standby) => Some(standby.that.to_string()),
            };
            assert_eq!(that.as_deref(), watched, "{flags}");
        }
    }
}
