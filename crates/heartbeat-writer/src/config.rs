//! The checked configuration: what is in here can be run.

use failover_policy::{ClusterId, Role, Timing};
use flatline_shell::endpoints::ListenAddress;
use flatline_shell::{ConfigError, Environment};
use heartbeat_store::{Deadlines, Store};

use crate::cli::{BeaconFlags, RunFlags, TimingFlags};

/// Everything that a beacon needs for one beat.
#[derive(Debug, Clone)]
pub(crate) struct BeaconConfig {
    /// The cluster whose heart this is.
    pub(crate) cluster: ClusterId,
    /// The cluster that owns the work at first; `None` where that was not said and is not needed.
    pub(crate) primary: Option<ClusterId>,
    /// Checked for [`Role::Beacon`].
    pub(crate) timing: Timing,
    pub(crate) store: Store,
}

/// Everything that `run` needs.
#[derive(Debug, Clone)]
pub(crate) struct RunConfig {
    pub(crate) beacon: BeaconConfig,
    /// The cluster whose stamp is watched.
    pub(crate) peer: Option<ClusterId>,
    pub(crate) listen: Option<ListenAddress>,
}

impl RunConfig {
    pub(crate) fn check(flags: &RunFlags, environment: &Environment) -> Result<Self, ConfigError> {
        let beacon = BeaconConfig::check(&flags.beacon, environment)?;
        let peer = flags.beacon.clusters.check()?.that;
        Ok(Self { beacon, peer, listen: flags.listen })
    }
}

impl BeaconConfig {
    pub(crate) fn check(flags: &BeaconFlags, environment: &Environment) -> Result<Self, ConfigError> {
        let clusters = flags.clusters.check()?;
        let timing = timing(&flags.timing)?;
        let store = flags.store.open(environment, deadlines(&timing))?;
        Ok(Self { cluster: clusters.this, primary: clusters.primary, timing, store })
    }
}

fn timing(flags: &TimingFlags) -> Result<Timing, ConfigError> {
    let write_deadline = flags.write_deadline.unwrap_or(Timing::default_write_deadline(flags.interval));
    let timing = Timing { interval: flags.interval, write_deadline, ..Timing::default() };
    timing.check(Role::Beacon).map_err(ConfigError::new)?;
    Ok(timing)
}

fn deadlines(timing: &Timing) -> Deadlines {
    Deadlines { read: timing.read_deadline.get(), write: timing.write_deadline.get() }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::time::Duration;

    use flatline_shell::cli::{Stop, parse};

    use super::*;
    use crate::cli::{Command, DEFAULT_COMMAND, Flags};

    const KEY: &str = "c2VjcmV0LWFjY291bnQta2V5LXRoYXQtbXVzdC1uZXZlci1iZS1zaG93bg==";

    type Variables<'v> = &'v [(&'v str, &'v str)];

    /// What `run` makes of these words and variables: a checked configuration, or the line that is told.
    fn check(words: &str, variables: Variables) -> Result<RunConfig, String> {
        let words = std::iter::once("heartbeat-writer").chain(words.split_whitespace());
        let flags = parse::<Flags>(words.map(OsString::from), DEFAULT_COMMAND);
        let flags = flags.map_err(|(Stop::Usage(line) | Stop::Information(line))| line)?;
        let Command::Run(flags) = flags.command else { panic!("not run") };
        RunConfig::check(&flags, &variables.iter().copied().collect()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_is_not_said_has_its_documented_default() {
        let config = check("--store /mnt/store --this-cluster b", &[]).unwrap();
        assert_eq!(config.beacon.timing.interval.to_string(), "2s");
        assert_eq!(config.beacon.timing.write_deadline.to_string(), "1500ms");
        assert_eq!((config.beacon.primary, config.peer.is_none(), config.listen), (None, true, None));
        let quick = check("--store /mnt/store --this-cluster a --interval 300ms", &[]).unwrap();
        assert_eq!(quick.beacon.timing.write_deadline.get(), Duration::from_millis(300));
        assert_eq!(quick.beacon.primary.unwrap().as_str(), "a");
    }

    #[tokio::test]
    async fn the_classic_variables_are_enough_and_the_newer_one_comes_first() {
        let classic = [("HEART_BEAT_FOLDER", "/mnt/classic")];
        let config = check("--this-cluster a --that-cluster b", &classic).unwrap();
        assert_eq!(config.beacon.store.location(), "/mnt/classic");
        assert_eq!(config.peer.unwrap().as_str(), "b");
        let both = [classic[0], ("HEARTBEAT_STORE", "/mnt/new")];
        assert_eq!(check("--this-cluster a", &both).unwrap().beacon.store.location(), "/mnt/new");
        let flag = check("--store /mnt/flag --this-cluster a", &both).unwrap();
        assert_eq!(flag.beacon.store.location(), "/mnt/flag");
        let empty = [("HEARTBEAT_STORE", ""), classic[0]];
        assert_eq!(check("--this-cluster a", &empty).unwrap().beacon.store.location(), "/mnt/classic");
    }

    #[tokio::test]
    async fn what_cannot_be_run_is_refused_in_one_line_that_says_what_to_do() {
        let blob = "https://account.blob.core.windows.net/hearts";
        let signed = format!("{blob}?sv=2025-01-05&se=2030-01-01&sp=rw&sig=PLANTED");
        let ok = "--store /mnt/s --this-cluster a";
        let table: [(&str, Variables, &str); 19] = [
            ("--this-cluster a", &[], "set --store or HEARTBEAT_STORE"),
            ("--store /mnt/s", &[], "set --this-cluster or THIS_CLUSTER"),
            ("--store /mnt/s --this-cluster A", &[], "use lower-case letters, digits and inner dashes"),
            ("--store /mnt/s --this-cluster ownership", &[], "choose another cluster id"),
            (&format!("{ok} --that-cluster a"), &[], "name two different clusters"),
            (&format!("{ok} --interval 2"), &[], "with its unit, such as 1500ms"),
            (&format!("{ok} --interval 9ms"), &[], "raise --interval"),
            (&format!("{ok} --interval 61m"), &[], "lower --interval"),
            (&format!("{ok} --interval 1s --write-deadline 1001ms"), &[], "lower --write-deadline"),
            (&format!("{ok} --write-deadline 0s"), &[], "raise --write-deadline"),
            (&format!("{ok} --listen 9600"), &[], "write something like 0.0.0.0:9600"),
            (&format!("{ok} --credential password"), &[], "workload-identity"),
            (&format!("{ok} --log-format xml"), &[], "possible values: human, json"),
            (&format!("{ok} --colour"), &[], "unexpected argument '--colour'"),
            ("--this-cluster a", &[("HEARTBEAT_STORE", "s3://bucket")], "HEARTBEAT_STORE: the store URL"),
            (&format!("--store {signed} --this-cluster a"), &[], "--store: the store URL has a signature"),
            (
                "--this-cluster a",
                &[("HEARTBEAT_STORE", "https://account.example/hearts")],
                "HEARTBEAT_STORE: ",
            ),
            (
                &format!("--store {blob} --this-cluster a --credential key"),
                &[("AZURE_STORAGE_KEY", "PLANTED!")],
                "AZURE_STORAGE_KEY is not base64",
            ),
            (
                &format!("--store {blob} --this-cluster a --credential sas"),
                &[("AZURE_STORAGE_KEY", KEY)],
                "AZURE_STORAGE_SAS_TOKEN",
            ),
        ];
        for (words, variables, hint) in table {
            let line = check(words, variables).expect_err(words);
            assert!(line.contains(hint), "{words}: {line}");
            assert!(
                !line.contains('\n') && !line.contains("PLANTED") && !line.contains(KEY),
                "{words}: {line}"
            );
        }
    }
}
