//! The checked configuration of a gate that obeys the ownership record, alone or in front of a guard.

use failover_policy::{ClusterId, GateRule, LeaseTiming, Mode, Role, Span, Tick, Timing, WatchRule};
use flatline_processes::Notifications;
use flatline_shell::activation::ActivationKey;
use flatline_shell::{Clusters, ConfigError, Environment, process_name};

use crate::cli::HeartArgs;
use crate::ownership::args::OwnershipArgs;
use crate::ownership::cache_age::{self, Follower};
use crate::term_file::TermFile;

/// What the flags of `wait` or `run` come to. Every rule between flags has been checked.
#[derive(Debug, Clone)]
pub(crate) struct OwnershipConfig {
    /// The durations, safe for whoever asked.
    pub(crate) timing: Timing,
    /// What the machine goes by; `guarded` is set for `run`.
    pub(crate) rule: GateRule,
    /// What tells the machine of caches that show up later.
    pub(crate) caches: Follower,
    /// When to give up.
    pub(crate) timeout: Option<Span>,
    /// Where the term goes.
    pub(crate) term_file: Option<TermFile>,
    /// Whom to tell.
    pub(crate) notifications: Notifications,
    /// What opens `POST /activate`.
    pub(crate) activation_key: Option<ActivationKey>,
}

/// Checks the flags for a gate (`Role::Gate`) or a guard (`Role::Guard`). `start` is when this process started: part
/// of the name that it signs with. Looks at the mount that the store is on.
pub(crate) async fn check(
    args: &OwnershipArgs,
    heart: &HeartArgs,
    role: Role,
    environment: &Environment,
    start: Tick,
) -> Result<OwnershipConfig, ConfigError> {
    let mode = args.ownership.mode().ok_or_else(|| {
        ConfigError::new(
            "--ownership off records nothing, and a guard obeys the record; set it to prefer or strict, or start \
             the command without a guard",
        )
    })?;
    let (clusters, primary) = clusters(heart)?;
    let timing = Timing { stop_grace: args.stop_grace, ..heart.timing.timing() };
    timing.check(role).map_err(ConfigError::new)?;
    let watch = WatchRule {
        confirm: args.confirm(&timing)?,
        never_seen: args.if_never_seen.into(),
        ..WatchRule::new(&timing)
    };
    let timeout = args.timeout()?;
    let place = heart.store.place(environment)?;
    if clusters.this != primary {
        watched(&clusters, &primary)?;
    }
    let term_file = args.term_file.as_deref().map(TermFile::check).transpose()?;
    let notifications = args.notify.check()?;
    let activation_key = ActivationKey::from_environment(environment)?;
    let cache_age = cache_age::of(&place, args.cache_age, timing.read_deadline.get()).await;
    let caches = Follower::new(&place, args.cache_age, timing.poll.get());
    let gate = GateRule {
        this: clusters.this,
        primary,
        by: process_name(environment, start)?,
        mode,
        guarded: role == Role::Guard,
        watch,
        lease: LeaseTiming::of(&timing),
        cache_age: GateRule::in_true_time(cache_age),
        takeover_delay: args.takeover_delay,
        store_grace: args.store_grace,
    };
    Ok(OwnershipConfig { timing, rule: gate, caches, timeout, term_file, notifications, activation_key })
}

impl OwnershipConfig {
    /// The value of `--ownership`.
    pub(crate) fn mode(&self) -> &'static str {
        match self.rule.mode {
            Mode::Prefer => "prefer",
            Mode::Strict => "strict",
        }
    }
}

/// Which clusters there are, and which of them is the primary.
pub(crate) fn clusters(heart: &HeartArgs) -> Result<(Clusters, ClusterId), ConfigError> {
    let clusters = heart.clusters.check()?;
    if clusters.primary.is_none() {
        // A standby that names neither is most likely to have forgotten whom to watch.
        clusters.require_that()?;
    }
    let primary = clusters.require_primary()?.clone();
    Ok((clusters, primary))
}

/// The heart that a standby watches where there is no record: only the primary's tells whether somebody runs.
pub(crate) fn watched(clusters: &Clusters, primary: &ClusterId) -> Result<ClusterId, ConfigError> {
    let that = clusters.require_that()?;
    if that == primary {
        return Ok(that.clone());
    }
    Err(ConfigError::new(format_args!(
        "--that-cluster is '{that}' and the primary is '{primary}'; where nothing is recorded a standby watches the \
         primary: change --that-cluster or --primary"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};

    async fn checked(flags: &str, role: Role) -> Result<OwnershipConfig, String> {
        let words =
            ["heart-monitor", "wait", "--store", "/mnt/heartbeat"].into_iter().chain(flags.split(' '));
        let cli = flatline_shell::cli::parse::<Cli>(words.map(Into::into), "wait").unwrap();
        let Command::Wait(args) = cli.command else { panic!("wait was asked for") };
        let environment = Environment::from_iter([("HOSTNAME", "pod-1")]);
        let checked = check(&args.gate, &args.heart, role, &environment, Tick::UNIX_EPOCH).await;
        checked.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn flags_that_contradict_each_other_are_refused_with_what_to_do() {
        let table = [
            ("--this-cluster b --that-cluster a --confirm 0s", Role::Gate, "with --ownership off alone"),
            ("--this-cluster b --that-cluster a --confirm 1s", Role::Gate, "set it from 9s"),
            ("--this-cluster b --that-cluster a --timeout 0s", Role::Gate, "leave it out to wait"),
            (
                "--this-cluster c --that-cluster b --primary a",
                Role::Gate,
                "change --that-cluster or --primary",
            ),
            ("--this-cluster b --that-cluster a --flatline-after 8s", Role::Gate, "unsafe timing"),
            ("--this-cluster b --that-cluster a --stop-grace 8s", Role::Guard, "unsafe timing"),
            ("--this-cluster b", Role::Gate, "set --that-cluster"),
            ("--this-cluster b --that-cluster c", Role::Gate, "set --primary"),
            ("--this-cluster a --ownership off", Role::Guard, "set it to prefer or strict"),
            ("--this-cluster a --term-file /", Role::Gate, "name a file"),
            ("--this-cluster a --term-file /absent/term", Role::Gate, "name a file"),
        ];
        for (flags, role, part) in table {
            let error = checked(flags, role).await.unwrap_err();
            assert!(error.contains(part), "{flags}: {error}");
        }
    }

    #[tokio::test]
    async fn the_flags_become_the_rule_of_the_machine() {
        let flags = "--this-cluster b --that-cluster a --takeover-delay 5s --stop-grace 2s --cache-age 3s";
        let config = checked(flags, Role::Gate).await.unwrap();
        let rule = &config.rule;
        assert_eq!((rule.this.as_str(), rule.primary.as_str()), ("b", "a"));
        assert_eq!((config.mode(), rule.guarded), ("prefer", false));
        assert!(rule.by.starts_with("pod-1."), "{}", rule.by);
        assert_eq!((rule.takeover_delay, rule.cache_age), (Span::from_secs(5), Span::from_millis(3375)));
        assert_eq!(rule.lease.stop, Span::from_millis(2500), "the grace and half a second");
        let guard = checked("--this-cluster a --ownership strict", Role::Guard).await.unwrap();
        assert_eq!((guard.mode(), guard.rule.guarded), ("strict", true));
        assert_eq!(guard.rule.store_grace, Span::from_secs(300));
    }
}
