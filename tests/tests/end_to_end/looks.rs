//! What a person or a script asks: `check`, `status`, `watch`, `timing`.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use flatline_tests::{Binary, Exit, FolderStore, Program, Stream, Ticks};
use serde_json::Value;

use crate::{SOON, beacon, beats, hasty};

pub(crate) fn monitor(store: &FolderStore, args: &[&str]) -> Result<Exit> {
    Program::monitor()?.args(args).env("HEARTBEAT_STORE", store.path()).run()
}

pub(crate) fn json(exit: &Exit) -> Result<Value> {
    serde_json::from_str(&exit.text(Stream::Stdout)).with_context(|| format!("stdout is not JSON: {exit}"))
}

#[test]
fn check_answers_with_its_exit_code() -> Result<()> {
    // Where the programs are still to be built, the stamps must not age meanwhile.
    Program::monitor()?;
    let now = Ticks::now()?;
    let table = [
        (Some(now.plus_seconds(-2).to_string()), 0, "beating", "a stamp two seconds old"),
        (Some(now.plus_seconds(-20).to_string()), 1, "flatlined", "a stamp twenty seconds old"),
        (Some(now.plus_seconds(60).to_string()), 2, "unknown", "a stamp far in the future"),
        (Some("not a stamp".to_owned()), 2, "unknown", "a malformed stamp"),
        (None, 2, "unknown", "no stamp"),
    ];
    for (stamp, code, verdict, why) in table {
        let store = FolderStore::new()?;
        if let Some(stamp) = stamp {
            store.put_stamp("a", stamp)?;
        }
        let human = monitor(&store, &["check", "--that-cluster", "a"])?;
        assert_eq!(human.code, code, "{why}: {human}");
        let exact = monitor(&store, &["check", "--that-cluster", "a", "-o", "json"])?;
        assert_eq!((exact.code, &json(&exact)?["verdict"]), (code, &verdict.into()), "{why}: {exact}");
    }
    let exit = monitor(&FolderStore::missing()?, &["check", "--that-cluster", "a"])?;
    assert_eq!(exit.code, 2, "a root that is not mounted: {exit}");
    Ok(())
}

#[test]
fn check_can_look_for_itself_for_a_while() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?.plus_seconds(3600))?;
    let watching = Program::monitor()?.args(["check", "--that-cluster", "a", "--watch-for", "4s"]);
    let exit = hasty(watching).env("HEARTBEAT_STORE", store.path()).run()?;
    assert_eq!(exit.code, 1, "nobody beats, whatever the stamp's date says: {exit}");
    assert!(exit.ran_for >= Duration::from_secs(2), "{exit}");

    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let watching = Program::monitor()?.args(["check", "--that-cluster", "a", "--watch-for", "4s"]);
    let exit = hasty(watching).env("HEARTBEAT_STORE", store.path()).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    Ok(())
}

#[test]
fn status_lists_every_cluster_in_the_store() -> Result<()> {
    let store = FolderStore::new()?;
    let (_a, _b) = (beacon(&store, "a")?.start()?, beacon(&store, "b")?.start()?);
    beats(&store, "a")?;
    beats(&store, "b")?;
    store.put_stamp("old", Ticks::now()?.plus_seconds(-60))?;
    store.put_stamp("torn", "")?;
    let human = monitor(&store, &["status"])?;
    assert_eq!(human.code, 0, "{human}");
    let text = human.text(Stream::Stdout);
    for cluster in ["a", "b", "old", "torn"] {
        let is_named = text.lines().any(|line| line.split_whitespace().any(|word| word == cluster));
        assert!(is_named, "{cluster} is missing: {text}");
    }
    let exact = monitor(&store, &["status", "-o", "json"])?;
    let clusters = json(&exact)?["clusters"].as_array().map(Vec::len);
    assert_eq!((exact.code, clusters), (0, Some(4)), "{exact}");
    Ok(())
}

#[test]
fn status_of_a_store_that_cannot_be_read_is_2_and_says_why_and_what_happens_meanwhile() -> Result<()> {
    let missing = FolderStore::missing()?;
    let human = monitor(&missing, &["status"])?;
    assert_eq!(human.code, 2, "{human}");
    assert!(human.text(Stream::Stderr).starts_with("heart-monitor: error: there is no store at"), "{human}");
    let said = human.text(Stream::Stdout);
    for part in
        ["stop their workload within 7 s", "nobody takes over", "resumes by itself", "activate nothing"]
    {
        assert!(said.contains(part), "{part}: {human}");
    }
    let exact = monitor(&missing, &["status", "-o", "json", "--this-cluster", "a"])?;
    let report = json(&exact)?;
    assert_eq!((exact.code, &report["version"]), (2, &1.into()), "{exact}");
    assert!(report["error"].as_str().is_some_and(|error| error.starts_with("there is no store")), "{exact}");
    for state in [&report["record"]["state"], &report["maintenance"]["state"]] {
        assert_eq!(state, "unreadable", "{exact}");
    }
    assert!(report["clusters"].is_array() && report["meanwhile"][0].is_string(), "{exact}");
    let well = json(&monitor(&FolderStore::new()?, &["status", "-o", "json"])?)?;
    assert_eq!((&well["error"], &well["meanwhile"]), (&Value::Null, &Value::Array(Vec::new())), "{well}");
    Ok(())
}

#[test]
fn status_shows_the_other_hearts_where_one_cannot_be_read_and_names_its_file() -> Result<()> {
    let store = FolderStore::new()?;
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    std::fs::write(store.path().join("b"), "a file in its place")?;
    std::os::unix::fs::symlink("c", store.path().join("c"))?;
    let human = monitor(&store, &["status"])?;
    let text = human.text(Stream::Stdout);
    let line_of =
        |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert_eq!(human.code, 0, "{human}");
    assert!(line_of("a ").contains("beating"), "{human}");
    for (cluster, wrong) in [("b", "is not a folder"), ("c", "lead in a circle")] {
        let said = line_of(&format!("{cluster}: "));
        let file = store.path().join(cluster).join("heartbeat.txt").display().to_string();
        assert!(said.contains(wrong) && said.contains(&file), "{cluster}: {human}");
    }
    Ok(())
}

#[test]
fn an_owner_that_never_beat_is_a_failure_wherever_one_looks_and_each_names_the_one_that_was_meant()
-> Result<()> {
    let store = FolderStore::new()?;
    let _writers = (beacon(&store, "a")?.start()?, beacon(&store, "b")?.start()?);
    beats(&store, "a")?;
    beats(&store, "b")?;
    let refused = monitor(&store, &["activate", "--cluster", "flatline-b", "--term", "2", "--yes"])?;
    assert!(refused.code == 2 && refused.all_text().contains("did you mean b?"), "{refused}");
    let insisting = ["activate", "--cluster", "flatline-b", "--term", "2", "--yes", "--never-seen"];
    monitor(&store, &insisting)?.succeeds()?;
    let table = [
        (&["status"][..], 0, "FAIL: cluster flatline-b owns the work, and nobody runs or takes over"),
        (
            &["doctor", "--this-cluster", "a", "--that-cluster", "b"],
            2,
            "FAIL  owner: cluster flatline-b owns",
        ),
        (
            &["check", "--that-cluster", "flatline-b"],
            2,
            "cluster flatline-b: unknown: cluster flatline-b never",
        ),
        (
            &["watch", "--that-cluster", "flatline-b", "--watch-for", "1s"],
            0,
            "cluster flatline-b never beat in",
        ),
        (&["handover", "--to", "flatline-a", "--yes"], 2, "'heart-monitor handover --to a' names that one"),
    ];
    for (words, code, part) in table {
        let exit = monitor(&store, words)?;
        assert_eq!(exit.code, code, "{words:?}: {exit}");
        assert!(exit.all_text().contains(part) && exit.all_text().contains("did you mean"), "{part}: {exit}");
    }
    let exact = json(&monitor(&store, &["status", "-o", "json"])?)?;
    assert!(exact["owner_fault"].as_str().is_some_and(|fault| fault.ends_with("did you mean b?")), "{exact}");
    Ok(())
}

#[test]
fn a_gate_that_waits_for_a_heart_that_never_was_says_which_one_was_meant() -> Result<()> {
    let store = FolderStore::new()?;
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let waiting = Program::monitor()?.args(["wait", "--this-cluster", "b", "--that-cluster", "flatline-a"]);
    let waiting = waiting.args(["--primary", "flatline-a"]).env("HEARTBEAT_STORE", store.path());
    let mut gate = waiting.start()?;
    gate.line_with("did you mean a?", SOON)?;
    assert!(gate.is_running()?);
    Ok(())
}

#[test]
fn watch_prints_a_line_for_each_change_of_a_heart_where_there_is_no_terminal() -> Result<()> {
    let store = FolderStore::new()?;
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let watching = hasty(Program::monitor()?.arg("watch")).env("HEARTBEAT_STORE", store.path());
    let mut watch = watching.start()?;
    watch.line_with("beating", SOON)?;
    writer.kill()?;
    watch.line_with("flatlined", SOON)?;
    watch.terminate()?;
    let exit = watch.exit_within(SOON)?;
    assert_eq!(exit.code, 143, "{exit}");
    assert!(!exit.all_text().contains('\u{1b}'), "no cursor control outside a terminal: {exit}");
    Ok(())
}

#[test]
fn timing_prints_the_budget_and_refuses_an_unsafe_one() -> Result<()> {
    let store = FolderStore::new()?;
    let exit = monitor(&store, &["timing"])?;
    assert_eq!(exit.code, 0, "{exit}");
    let for_gates = monitor(&store, &["timing", "--stop-grace", "5s"])?;
    assert_eq!(for_gates.code, 0, "{for_gates}");
    assert!(for_gates.text(Stream::Stdout).contains("gates start with this, guards do not"), "{for_gates}");
    let unsafe_exit = monitor(&store, &["timing", "-o", "json", "--flatline-after", "5s"])?;
    assert_eq!(unsafe_exit.code, 2, "{unsafe_exit}");
    let exact = monitor(&store, &["timing", "-o", "json"])?;
    assert!(json(&exact)?.is_object(), "{exact}");
    Ok(())
}

#[test]
fn watch_ends_when_its_reader_has_seen_enough() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let script = "\"$MONITOR\" watch --this-cluster a --poll 100ms --read-deadline 100ms | head -n 1";
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", script])
        .env("MONITOR", Binary::HeartMonitor.path()?)
        .env("HEARTBEAT_STORE", store.path());
    let mut shell = shell.stdout(Stdio::piped()).spawn()?;
    // A verdict changes or a beat comes in sooner or later; then the line finds nobody.
    let ended = flatline_tests::until("the pipe to end", SOON, || {
        let beat = Ticks::now().and_then(|now| store.put_stamp("a", now));
        beat.and_then(|()| Ok(shell.try_wait()?)).ok().flatten()
    });
    if ended.is_err() {
        shell.kill()?;
    }
    assert!(ended?.success());
    Ok(())
}

#[test]
fn data_that_cannot_be_written_is_an_error_and_not_an_empty_answer() -> Result<()> {
    let store = FolderStore::new()?;
    for command in [&["status", "--watch-for", "0s", "-o", "json"][..], &["timing"]] {
        let output = std::process::Command::new(Binary::HeartMonitor.path()?)
            .args(command)
            .env("HEARTBEAT_STORE", store.path())
            .stdout(std::fs::OpenOptions::new().write(true).open("/dev/full")?)
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
        assert!(said.contains("cannot write to stdout") && said.lines().count() == 1, "{command:?}: {said}");
    }
    Ok(())
}
