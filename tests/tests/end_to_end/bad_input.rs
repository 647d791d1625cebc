//! Everything that a person can get wrong: one line that says what, where and what to do, exit 2, and a store
//! that is as it was.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use anyhow::Result;
use flatline_tests::{FolderStore, Program, Stream, Ticks};

/// Stands for a key or a signature wherever one could be given. It must not show.
const SECRET: &str = "c2VjcmV0LXNpZ25hdHVyZS1vZi1zb21lLWxlbmd0aA";

/// Flags, variables, and what the message must name. `STANDBY`, `BLOB` and `SECRET` stand for the constants of that
/// name. A row that names no store gets one.
type Row = (&'static str, &'static str, &'static str);

/// A cluster that needs the store, whichever program asks.
const STANDBY: &str = "--this-cluster b --that-cluster a";
/// A container on a server that is not there.
const BLOB: &str = "http://127.0.0.1:1/devstoreaccount1/heartbeats";

/// What is wrong for both programs alike.
const SHARED: &[Row] = &[
    ("--this-cluster A_1", "", "A_1"),
    ("--this-cluster=", "", "--this-cluster"),
    ("--this-cluster", "", "--this-cluster"),
    ("", "THIS_CLUSTER=-a", "THIS_CLUSTER"),
    ("--this-cluster a --that-cluster a", "", "two different clusters"),
    ("--this-cluster a --this-cluster b", "", "--this-cluster"),
    ("STANDBY --no-such-flag", "", "--no-such-flag"),
    ("STANDBY --log-format xml", "", "xml"),
    ("STANDBY", "LOG_FORMAT=xml", "LOG_FORMAT"),
    ("STANDBY", "RUST_LOG=loudly=please=now", "RUST_LOG"),
    ("STANDBY --listen 9600", "", "--listen"),
    ("STANDBY --store=", "", "--store"),
    ("STANDBY --store ftp://example.org/x", "", "--store"),
    ("STANDBY --store file://example.org/x", "", "--store"),
    ("STANDBY --store https://account.blob.core.windows.net", "", "CONTAINER"),
    ("STANDBY --store https://account.blob.core.windows.net/UPPER", "", "lower-case"),
    ("STANDBY --store https://account.blob.core.windows.net/heartbeats?sv=1&sig=SECRET", "", "--store"),
    ("STANDBY", "HEARTBEAT_STORE=http://127.0.0.1:1/", "HEARTBEAT_STORE"),
    ("STANDBY --store BLOB --credential magic", "", "magic"),
    ("STANDBY --store BLOB", "HEARTBEAT_CREDENTIAL=magic", "HEARTBEAT_CREDENTIAL"),
    ("STANDBY --store BLOB --credential key", "", "AZURE_STORAGE_KEY"),
    ("STANDBY --store BLOB --credential sas", "", "AZURE_STORAGE_SAS_TOKEN"),
    ("STANDBY --store BLOB --credential connection-string", "", "AZURE_STORAGE_CONNECTION_STRING"),
    ("STANDBY --store BLOB --credential workload-identity", "", "needs https"),
    (
        "STANDBY --store https://account.blob.core.windows.net/heartbeats --credential workload-identity",
        "",
        "AZURE_FEDERATED_TOKEN_FILE",
    ),
    ("STANDBY --store BLOB", "AZURE_STORAGE_KEY=!SECRET!", "AZURE_STORAGE_KEY"),
    ("STANDBY --store BLOB", "AZURE_STORAGE_SAS_TOKEN=SECRET", "AZURE_STORAGE_SAS_TOKEN"),
    ("STANDBY --store BLOB", "AZURE_STORAGE_CONNECTION_STRING=SECRET", "AZURE_STORAGE_CONNECTION_STRING"),
    (
        "STANDBY --store BLOB",
        "AZURE_STORAGE_CONNECTION_STRING=AccountName=x;AccountKey=!SECRET!",
        "AZURE_STORAGE_CONNECTION_STRING",
    ),
];

const WRITER: &[Row] = &[
    ("", "", "THIS_CLUSTER"),
    ("beat --this-cluster a", "", "beat"),
    ("--this-cluster a --interval 2", "", "--interval"),
    ("--this-cluster a --interval 1ms", "", "--interval"),
    ("--this-cluster a --interval 2h", "", "--interval"),
    ("--this-cluster a", "HEARTBEAT_INTERVAL=soon", "HEARTBEAT_INTERVAL"),
    ("--this-cluster a --interval 1s --write-deadline 2s", "", "--write-deadline"),
    ("--this-cluster a", "HEARTBEAT_WRITE_DEADLINE=-1s", "HEARTBEAT_WRITE_DEADLINE"),
    ("--this-cluster a", "HEARTBEAT_LISTEN=everywhere", "HEARTBEAT_LISTEN"),
];

const MONITOR: &[Row] = &[
    ("", "", "THIS_CLUSTER"),
    ("listen --this-cluster b", "", "listen"),
    ("--this-cluster b", "", "THAT_CLUSTER"),
    ("--this-cluster b --primary a", "", "THAT_CLUSTER"),
    ("--this-cluster west --that-cluster east", "", "PRIMARY_CLUSTER"),
    ("STANDBY --flatline-after 10", "", "--flatline-after"),
    ("STANDBY --flatline-after 4s", "", "--flatline-after"),
    ("STANDBY --poll 0s", "", "--poll"),
    ("STANDBY --poll 5s", "", "--poll"),
    ("STANDBY --read-deadline 9s", "", "--read-deadline"),
    ("STANDBY --timeout 5", "", "--timeout"),
    ("STANDBY --if-never-seen panic", "", "panic"),
    ("STANDBY --ownership loose", "", "loose"),
    ("STANDBY --ownership off --term-file /tmp/term", "", "--term-file"),
    ("STANDBY --term-file /absent/term", "", "/absent/term"),
    ("STANDBY --confirm 0s", "", "--confirm 0s"),
    ("STANDBY", "ACTIVATION_KEY=too-short", "ACTIVATION_KEY"),
    ("STANDBY --on-fault /absent/tell", "", "--on-fault"),
    ("STANDBY --store-grace 5", "", "--store-grace"),
    ("STANDBY", "HEART_MONITOR_CACHE_AGE=old", "HEART_MONITOR_CACHE_AGE"),
    ("run STANDBY", "", "COMMAND"),
    ("run STANDBY --on-store-loss panic -- true", "", "panic"),
    ("STANDBY", "HEART_MONITOR_POLL=often", "HEART_MONITOR_POLL"),
    ("check --that-cluster A", "", "--that-cluster"),
    ("check", "", "THAT_CLUSTER"),
    ("check --that-cluster a -o yaml", "", "yaml"),
    ("check --that-cluster a --watch-for ages", "", "--watch-for"),
    ("status -o yaml", "", "yaml"),
    ("install", "", "FOLDER"),
    ("install /absent", "", "/absent"),
];

#[test]
fn what_a_person_gets_wrong_for_the_writer_is_said_in_one_line() -> Result<()> {
    SHARED.iter().chain(WRITER).try_for_each(|row| refuses(Program::writer()?, row))
}

#[test]
fn what_a_person_gets_wrong_for_the_monitor_is_said_in_one_line() -> Result<()> {
    SHARED.iter().chain(MONITOR).try_for_each(|row| refuses(Program::monitor()?, row))
}

fn refuses(program: Program, (flags, variables, named): &Row) -> Result<()> {
    let fill = |text: &str| text.replace("STANDBY", STANDBY).replace("BLOB", BLOB).replace("SECRET", SECRET);
    let given = fill(&format!("{flags} {variables}"));
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let before = store.snapshot()?;
    let names_a_store = given.contains("--store") || given.contains("HEARTBEAT_STORE");
    let program = if names_a_store { program } else { program.env("HEARTBEAT_STORE", store.path()) };
    let (flags, variables) = (fill(flags), fill(variables));
    let variables = variables.split_whitespace().filter_map(|variable| variable.split_once('='));
    let exit = program.args(flags.split_whitespace()).envs(variables).run()?;
    assert_eq!(exit.code, 2, "{given}: {exit}");
    let said = exit.text(Stream::Stderr);
    assert_eq!(said.lines().count(), 1, "{given}: {said}");
    assert!(said.contains(named), "{given} must name {named}: {said}");
    assert!(!exit.all_text().contains(SECRET), "{given}: {said}");
    assert_eq!(exit.text(Stream::Stdout), "", "{given}");
    assert_eq!(store.snapshot()?, before, "{given} changed the store");
    Ok(())
}

#[test]
fn a_program_without_a_store_says_where_to_name_one() -> Result<()> {
    for program in [Program::writer()?, Program::monitor()?] {
        let exit = program.args(["--this-cluster", "b", "--that-cluster", "a"]).run()?;
        assert_eq!((exit.code, exit.lines.len()), (2, 1), "{exit}");
        assert!(exit.all_text().contains("HEARTBEAT_STORE"), "{exit}");
    }
    Ok(())
}

#[test]
fn a_variable_that_is_no_text_is_refused_by_its_name() -> Result<()> {
    for program in [Program::writer()?, Program::monitor()?] {
        let exit = program
            .env("THIS_CLUSTER", "b")
            .env("THAT_CLUSTER", "a")
            .env("HEARTBEAT_STORE", OsStr::from_bytes(b"\xff"))
            .run()?;
        assert_eq!((exit.code, exit.lines.len()), (2, 1), "{exit}");
        assert!(exit.all_text().contains("HEARTBEAT_STORE"), "{exit}");
    }
    Ok(())
}
