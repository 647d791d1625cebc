//! The binary from outside: what only shows with a real environment and real streams.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::Path;
use std::process::{Command, Output};

/// Runs the binary with exactly these variables.
fn run(words: &[&str], variables: &[(&str, &str)], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heartbeat-writer"));
    command.args(words).current_dir(folder).env_clear().envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_bad_variable_is_one_line_that_names_it_and_the_store_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let table: [(&[&str], (&str, &str), &str); 10] = [
        (
            &[],
            ("HEARTBEAT_INTERVAL", "2"),
            "invalid value '2' for '--interval <DURATION>': '2' is not a duration (time unit needed, for example \
             2sec or 2ms); write a whole number with its unit, such as 1500ms, 10s or 5m (from the variable \
             HEARTBEAT_INTERVAL); try 'heartbeat-writer run --help'",
        ),
        (&["once"], ("HEARTBEAT_WRITE_DEADLINE", "3s"), "unsafe timing: i ≥ w fails"),
        (&[], ("THIS_CLUSTER", "A"), "(from the variable THIS_CLUSTER)"),
        (&[], ("THAT_CLUSTER", "a"), "name two different clusters"),
        (&[], ("PRIMARY_CLUSTER", "-"), "(from the variable PRIMARY_CLUSTER)"),
        (&[], ("HEARTBEAT_LISTEN", "here"), "(from the variable HEARTBEAT_LISTEN)"),
        (
            &[],
            ("HEARTBEAT_CREDENTIAL", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"),
            "(from the variable HEARTBEAT_CREDENTIAL)",
        ),
        (&[], ("LOG_FORMAT", "xml"), "(from the variable LOG_FORMAT)"),
        (&[], ("RUST_LOG", "inof"), "the variable RUST_LOG has 'inof'"),
        (&[], ("HEARTBEAT_STORE", "https://a?sig=c2VjcmV0"), "HEARTBEAT_STORE: "),
    ];
    for (words, bad, hint) in table {
        let good = [("HEARTBEAT_STORE", "."), ("THIS_CLUSTER", "a")];
        let variables: Vec<_> = good.into_iter().filter(|(name, _)| *name != bad.0).chain([bad]).collect();
        let ended = run(words, &variables, folder.path());
        let told = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{bad:?}: {told}");
        assert!(told.starts_with("heartbeat-writer: error: ") && told.contains(hint), "{bad:?}: {told}");
        assert_eq!((told.lines().count(), ended.stdout.len()), (1, 0), "{bad:?}: {told}");
        assert!(!told.contains("c2VjcmV0"), "{bad:?}: {told}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "nothing was written");
}

#[test]
fn a_secret_given_as_a_flag_by_mistake_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for words in [
        &["--store", "https://acc.blob.core.windows.net/c?sv=1&sig=PLANTED"][..],
        &["--stroe=https://acc.blob.core.windows.net/c?sv=1&sig=PLANTED"],
        &["once", "https://acc.blob.core.windows.net/c?sv=1&sig=PLANTED"],
        &["--interval", "AccountName=acc;AccountKey=PLANTED;EndpointSuffix=x"],
    ] {
        let ended = run(words, &[("THIS_CLUSTER", "a")], folder.path());
        let told = text(&ended.stderr);
        assert_eq!((ended.status.code(), told.lines().count()), (Some(2), 1), "{words:?}: {told}");
        assert!(!told.contains("PLANTED"), "{words:?}: {told}");
    }
}

#[test]
fn help_shows_variables_without_their_values() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("HEARTBEAT_STORE", "https://x?sig=PLANTED"), ("HEARTBEAT_LISTEN", "PLANTED")];
    for words in [&["--help"][..], &["run", "--help"], &["once", "-h"], &["help", "run"]] {
        let ended = run(words, &variables, folder.path());
        let told = text(&ended.stdout);
        assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0), "{words:?}");
        assert!(told.contains("Usage: heartbeat-writer") && !told.contains("PLANTED"), "{told}");
    }
    let version = run(&["--version"], &[], folder.path());
    assert_eq!(text(&version.stdout), concat!("heartbeat-writer ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn one_beat_is_written_in_the_classic_layout_or_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let classic = [("HEART_BEAT_FOLDER", "."), ("THIS_CLUSTER", "a"), ("HOSTNAME", "pod-1")];
    let ended = run(&["once"], &classic, folder.path());
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let stamp = std::fs::read_to_string(folder.path().join("a/heartbeat.txt")).unwrap();
    assert_eq!((stamp.len(), stamp.parse::<i64>().is_ok()), (18, true), "{stamp:?}");
    let details = std::fs::read_to_string(folder.path().join("a/heartbeat.json")).unwrap();
    assert!(details.contains("pod-1."), "{details}");

    let missing = [("HEARTBEAT_STORE", "missing"), classic[1]];
    let ended = run(&["once"], &missing, folder.path());
    let told = text(&ended.stderr);
    assert_eq!((ended.status.code(), told.lines().count()), (Some(2), 1), "{told}");
    assert!(told.starts_with("heartbeat-writer: error: there is no store at missing; mount"), "{told}");
    assert!(!folder.path().join("missing").exists(), "the root is never created");
}
