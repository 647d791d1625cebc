//! `heart-monitor wait` with a record: whoever took over keeps the work, and tells who asks.

use anyhow::Result;
use flatline_tests::{FolderStore, Program, TestStore, free_port, get, post, until};

use crate::{LONGER_THAN_THRESHOLD, SOON, beacon, beats, hasty, opens};

const KEY: &str = "Open5esame9";

/// A gate in this cluster that obeys the record; the primary is `a`.
fn gate(store: &FolderStore, this: &str, that: &str) -> Result<Program> {
    let gate = store.joined_by(Program::monitor()?.arg("wait"));
    Ok(hasty(gate.args(["--this-cluster", this, "--that-cluster", that])).label(format!("gate {this}")))
}

#[test]
fn the_old_owner_stays_blocked_when_it_comes_back_and_the_workload_has_its_term() -> Result<()> {
    let store = FolderStore::new()?;
    let folder = FolderStore::new()?;
    let (term_of_a, term_of_b) = (folder.path().join("a"), folder.path().join("b"));
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    opens(&mut gate(&store, "a", "b")?.arg("--term-file").arg(&term_of_a).start()?)?;
    let mut standby = gate(&store, "b", "a")?.arg("--term-file").arg(&term_of_b).start()?;
    standby.stays_for(LONGER_THAN_THRESHOLD)?;
    writer.kill()?;
    opens(&mut standby)?;

    let _writers = (beacon(&store, "a")?.start()?, beacon(&store, "b")?.start()?);
    let mut returned = gate(&store, "a", "b")?.start()?;
    returned.stays_for(LONGER_THAN_THRESHOLD)?;
    opens(&mut gate(&store, "b", "a")?.label("another gate b").start()?)?;
    assert!(returned.is_running()?);
    let terms = [std::fs::read_to_string(term_of_a)?, std::fs::read_to_string(term_of_b)?];
    assert_eq!(terms, ["1\n", "2\n"]);
    Ok(())
}

#[test]
fn an_activation_with_the_right_key_opens_the_gate_while_the_owner_beats() -> Result<()> {
    let (store, port) = (FolderStore::new()?, free_port()?);
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let listening = gate(&store, "b", "a")?.args(["--listen", &format!("127.0.0.1:{port}")]);
    let mut gate = listening.env("ACTIVATION_KEY", KEY).start()?;
    until("the gate to be ready", SOON, || get(port, "/readyz").ok().filter(|ready| ready.status == 200))?;
    assert_eq!(post(port, "/activate", "Close5esame")?.status, 401);
    assert!(gate.is_running()?);
    let answer = post(port, "/activate", KEY)?;
    let body: serde_json::Value = serde_json::from_str(&answer.body)?;
    assert_eq!((answer.status, &body["cluster"], &body["term"]), (200, &"b".into(), &2.into()), "{body}");
    let exit = opens(&mut gate)?;
    assert!(exit.all_text().contains("without watching for silence"), "what is waived is said: {exit}");
    assert!(!exit.all_text().contains(KEY));
    Ok(())
}

#[test]
fn people_are_told_when_a_gate_stands_by_and_when_it_goes() -> Result<()> {
    let store = FolderStore::new()?;
    let folder = FolderStore::new()?;
    let told = folder.path().join("told");
    let tell =
        r#"sh -c 'echo "$FLATLINE_EVENT $FLATLINE_CLUSTER $FLATLINE_OWNER $FLATLINE_TERM" >> "$TOLD"'"#;
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let telling =
        gate(&store, "b", "a")?.args(["--on-active", tell, "--on-standby", tell, "--on-fault", tell]);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut gate = telling.env("TOLD", &told).env("PATH", path).start()?;
    until("a notification", SOON, || std::fs::read_to_string(&told).ok().filter(|told| !told.is_empty()))?;
    writer.kill()?;
    opens(&mut gate)?;
    assert_eq!(std::fs::read_to_string(&told)?, "standby b a 1\nactive b b 2\n");
    Ok(())
}
