//! Every command that a program tells somebody to type works when it is typed: each state of a store is asked about with
//! every command that people have, what they say is read for commands, and each of these is typed at a store in the same
//! state.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use flatline_tests::{Exit, FolderStore, Program, Running, Stream, TestStore};

use crate::{SOON, beacon, beats, hasty};

/// What people and pods ask; `--yes` and a timeout so that each ends.
const ASKED: [&[&str]; 10] = [
    &["status", "--watch-for", "500ms"],
    &["doctor", "--watch-for", "500ms"],
    &["handover", "--to", "b", "--yes", "--timeout", "1s"],
    &["handover", "--to", "c", "--yes", "--timeout", "1s"],
    &["failback", "--to", "a", "--dry-run", "--timeout", "1s"],
    &["activate", "--cluster", "b", "--dry-run"],
    &["maintenance"],
    &["maintenance", "on", "--for", "1h", "--reason", "test"],
    &["wait", "--timeout", "1s"],
    &["run", "--timeout", "1s", "--", "true"],
];

/// A store in some state, with beating hearts: of a pair, and of a third cluster.
struct State {
    store: FolderStore,
    _beacons: Vec<Running>,
}

impl State {
    fn with(plant: impl Fn(&FolderStore) -> Result<()>) -> Result<Self> {
        let store = FolderStore::new()?;
        let clusters = ["a", "b", "c"];
        let beacons =
            clusters.iter().map(|cluster| beacon(&store, cluster)?.start()).collect::<Result<_>>()?;
        clusters.iter().try_for_each(|cluster| beats(&store, cluster))?;
        plant(&store)?;
        Ok(Self { store, _beacons: beacons })
    }
}

fn record(owner: &str, phase: &str, previous: &str, successor: &str) -> String {
    let name = |text: &str| if text.is_empty() { "null".to_owned() } else { format!("\"{text}\"") };
    format!(
        r#"{{"version":1,"revision":7,"term":3,"owner":"{owner}","phase":"{phase}","previous":{},"successor":{},"drain":"0s",
        "watch":"2800ms","stop":"700ms","since":"2026-01-01T00:00:00Z","by":"pod","reason":"test"}}"#,
        name(previous),
        name(successor)
    )
}

fn asked(store: &FolderStore, words: &[&str]) -> Result<Exit> {
    let monitor = hasty_by_variables(Program::monitor()?.args(words));
    monitor.env("HEARTBEAT_STORE", store.path()).run()
}

/// Short timings, for commands that take them as flags and for those that do not; with deadlines that many processes
/// which start at once can keep. The beacons beat faster.
fn hasty_by_variables(monitor: Program) -> Program {
    monitor.envs([
        ("HEARTBEAT_INTERVAL", "1s"),
        ("HEART_MONITOR_FLATLINE_AFTER", "6s"),
        ("HEART_MONITOR_POLL", "600ms"),
        ("HEART_MONITOR_READ_DEADLINE", "900ms"),
        ("HEART_MONITOR_STOP_GRACE", "200ms"),
        ("HEART_MONITOR_CACHE_AGE", "0s"),
        ("THIS_CLUSTER", "b"),
        ("THAT_CLUSTER", "a"),
    ])
}

/// The commands between quotes, without the quotes.
fn commands_in(text: &str) -> BTreeSet<String> {
    let quoted = text.split("'heart-monitor").skip(1);
    quoted.filter_map(|rest| Some(rest.split_once('\'')?.0.trim().to_owned())).collect()
}

/// What is named and not advised: the guard's own command.
fn is_mention(command: &str) -> bool {
    command == "run"
}

/// Types a command: what the reader has to fill in is filled in, and its question is answered.
fn typed(store: &FolderStore, command: &str) -> Result<Exit> {
    let filled = command.replace(" X", " a").replace(" N", " 9");
    let mut words: Vec<&str> = filled.split(' ').collect();
    if matches!(words.first(), Some(&("handover" | "failback" | "activate"))) {
        words.push("--yes");
    }
    asked(store, &words)
}

/// Whether a command did what it is for.
fn works(store: &FolderStore, command: &str, exit: &Exit) -> Result<bool> {
    let mut words = command.split(' ');
    let word_after =
        |flag: &str| command.split_once(&format!("{flag} ")).map(|(_, rest)| rest.split(' ').next());
    let owner = match words.next() {
        Some("handover" | "failback") => word_after("--to").flatten(),
        Some("activate") => word_after("--cluster").flatten(),
        // They are there to say what is wrong, also where that is an error.
        Some("status" | "doctor") => return Ok(!exit.text(Stream::Stdout).is_empty()),
        _ => return Ok(exit.code == 0),
    };
    let Some(record) = store.record()? else { return Ok(false) };
    let owner = if owner == Some("X") { Some("a") } else { owner };
    Ok(exit.code == 0 && record["owner"].as_str() == owner && record["phase"] == "active")
}

/// Asks about a state with every command, and types each command that is printed. Most of it is waiting, so all wait at
/// the same time, each at a store of its own.
fn every_advice_works(plant: impl Fn(&FolderStore) -> Result<()> + Sync) -> Result<BTreeSet<String>> {
    let printed = at_once(&ASKED, |words| {
        let state = State::with(&plant)?;
        let exit = asked(&state.store, words)?;
        Ok(commands_in(&exit.all_text()))
    })?;
    let advised: BTreeSet<String> =
        printed.into_iter().flatten().filter(|command| !is_mention(command)).collect();
    at_once(&advised.iter().collect::<Vec<_>>(), |command| {
        let state = State::with(&plant)?;
        let exit = typed(&state.store, command)?;
        ensure!(works(&state.store, command, &exit)?, "'heart-monitor {command}' does not work: {exit}");
        Ok(())
    })?;
    Ok(advised)
}

fn at_once<T: Sync, R: Send>(all: &[T], each: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    std::thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = all.iter().map(|one| scope.spawn(move || each(one))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?).collect()
    })
}

fn says(advised: &BTreeSet<String>, command: &str) -> Result<()> {
    ensure!(advised.contains(command), "'{command}' is to be advised: {advised:#?}");
    Ok(())
}

#[test]
fn advice_where_there_is_no_record_works() -> Result<()> {
    let advised = every_advice_works(|_| Ok(()))?;
    says(&advised, "activate --cluster b --term N")
}

#[test]
fn advice_where_a_cluster_owns_the_work_works() -> Result<()> {
    let advised = every_advice_works(|store| store.plant_record(7, &record("a", "active", "", "")))?;
    says(&advised, "handover --to b")
}

#[test]
fn advice_in_the_middle_of_a_handover_works() -> Result<()> {
    let advised = every_advice_works(|store| store.plant_record(7, &record("a", "releasing", "", "b")))?;
    says(&advised, "handover --to b")?;
    says(&advised, "handover --to a")
}

#[test]
fn advice_in_the_middle_of_a_takeover_works() -> Result<()> {
    let advised = every_advice_works(|store| store.plant_record(7, &record("b", "pending", "a", "")))?;
    says(&advised, "activate --cluster X")
}

#[test]
fn advice_on_a_malformed_record_works() -> Result<()> {
    let advised = every_advice_works(|store| store.plant_record(7, "{"))?;
    says(&advised, "activate --cluster X --term N")
}

#[test]
fn advice_on_a_newer_record_works() -> Result<()> {
    let advised =
        every_advice_works(|store| store.plant_record(7, r#"{"version":2,"revision":7,"term":3}"#))?;
    ensure!(!advised.iter().any(|command| command.starts_with("activate")), "it is well: {advised:#?}");
    Ok(())
}

#[test]
fn advice_on_a_successor_that_never_beat_works() -> Result<()> {
    let plant = |store: &FolderStore| store.plant_record(7, &record("a", "active", "", ""));
    let state = State::with(plant)?;
    let exit = asked(&state.store, &["handover", "--to", "d", "--yes"])?;
    let advised = commands_in(&exit.all_text());
    let command = "handover --to X";
    says(&advised, command)?;
    let exit = typed(&state.store, command)?;
    ensure!(works(&state.store, command, &exit)?, "'heart-monitor {command}' does not work: {exit}");
    Ok(())
}

#[test]
fn advice_on_an_owner_that_never_beat_works() -> Result<()> {
    let owned_by = |owner: &'static str| {
        move |store: &FolderStore| store.plant_record(7, &record(owner, "active", "", ""))
    };
    says(&every_advice_works(owned_by("flatline-b"))?, "activate --cluster b")?;
    says(&every_advice_works(owned_by("elsewhere"))?, "activate --cluster X")
}

/// What a crash of its machine leaves of a stamp.
#[test]
fn advice_on_an_owner_whose_stamp_is_none_works() -> Result<()> {
    for left in ["", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"] {
        let advised = every_advice_works(|store| {
            store.put_stamp("d", left)?;
            store.plant_record(7, &record("d", "active", "", ""))
        })?;
        says(&advised, "activate --cluster X")?;
    }
    Ok(())
}

#[test]
fn advice_on_maintenance_works() -> Result<()> {
    maintained(|store| {
        let on = asked(store, &["maintenance", "on", "--for", "1h", "--reason", "test"])?;
        ensure!(on.code == 0, "maintenance was to be on: {on}");
        Ok(())
    })
}

#[test]
fn advice_on_maintenance_that_lasts_too_long_works() -> Result<()> {
    maintained(planted(r#"{"version":1,"active":true,"until":"2100-01-01T00:00:00Z","by":"x","reason":"y"}"#))
}

#[test]
fn advice_on_maintenance_that_makes_no_sense_works() -> Result<()> {
    maintained(planted("on!"))
}

fn planted(bytes: &'static str) -> impl Fn(&FolderStore) -> Result<()> + Sync {
    move |store| {
        std::fs::write(store.path().join("maintenance.json"), bytes).context("cannot plant maintenance")
    }
}

fn maintained(plant: impl Fn(&FolderStore) -> Result<()> + Sync) -> Result<()> {
    let advised = every_advice_works(|store| {
        store.plant_record(7, &record("a", "active", "", ""))?;
        plant(store)
    })?;
    says(&advised, "maintenance off")
}

/// What a monitor says that has seen a record which is gone now.
#[test]
fn advice_of_a_monitor_whose_record_is_lost_works() -> Result<()> {
    let plant = |store: &FolderStore| store.plant_record(7, &record("a", "active", "", ""));
    let state = State::with(plant)?;
    let gate = hasty(state.store.joined_by(Program::monitor()?.arg("wait")));
    let mut gate = gate.args(["--this-cluster", "b", "--that-cluster", "a"]).start()?;
    gate.line_with("the ownership record", SOON)?;
    state.store.lose_record()?;
    let line = gate.line_with("not to be trusted", SOON)?.text;
    let advised = commands_in(&line);
    ensure!(!advised.is_empty(), "it says what to do: {line}");
    for command in advised {
        let lost = State::with(|_| Ok(()))?;
        let exit = typed(&lost.store, &command)?;
        ensure!(works(&lost.store, &command, &exit)?, "'heart-monitor {command}' does not work: {exit}");
    }
    Ok(())
}

/// While the store is away nothing that needs it works; what is advised must not need it.
#[test]
fn advice_while_the_store_is_away_works_without_it() -> Result<()> {
    let missing = FolderStore::missing()?;
    let mut advised = BTreeSet::new();
    for words in ASKED.iter().copied().chain([&["activate", "--cluster", "b", "--yes"][..]]) {
        advised.extend(commands_in(&asked(&missing, words)?.all_text()));
    }
    for command in &advised {
        let began = Instant::now();
        let exit = typed(&missing, command)?;
        ensure!(works(&missing, command, &exit)?, "'heart-monitor {command}' does not work: {exit}");
        ensure!(began.elapsed() < SOON, "'heart-monitor {command}' took {:?}", began.elapsed());
    }
    says(&advised, "wait --ownership off --this-cluster b --primary b")?;
    says(&advised, "doctor --read-only")
}
