//! The classic .NET pair: either half of it works with ours, and its three variables are enough.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::{FolderStore, Program, TestStore, until};

use crate::{SOON, beacon, beats, opens};

/// The classic loop sleeps five seconds between beats and looks, and its threshold is ten.
const CLASSIC_PATIENCE: Duration = Duration::from_secs(40);

fn with_classic_variables(program: Program, store: &FolderStore, this: &str, that: &str) -> Program {
    program.env("HEART_BEAT_FOLDER", store.path()).env("THIS_CLUSTER", this).env("THAT_CLUSTER", that)
}

#[test]
fn a_classic_writer_keeps_our_gate_shut_and_its_end_opens_it() -> Result<()> {
    let store = FolderStore::new()?;
    let writer = with_classic_variables(Program::classic("writer")?, &store, "a", "b").start()?;
    until("the classic writer's first beat", SOON, || store.stamp("a").ok())?;
    let monitor = Program::monitor()?.env("HEART_MONITOR_OWNERSHIP", "off");
    let mut gate = with_classic_variables(monitor, &store, "b", "a").start()?;
    gate.stays_for(Duration::from_secs(12))?;
    writer.kill()?;
    let exit = gate.exit_within(CLASSIC_PATIENCE)?;
    assert_eq!(exit.code, 0, "{exit}");
    Ok(())
}

#[test]
fn our_writer_keeps_a_classic_gate_shut_and_its_end_opens_it() -> Result<()> {
    let store = FolderStore::new()?;
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let mut gate = with_classic_variables(Program::classic("monitor")?, &store, "b", "a").start()?;
    gate.stays_for(Duration::from_secs(12))?;
    writer.kill()?;
    let exit = gate.exit_within(CLASSIC_PATIENCE)?;
    assert_eq!(exit.code, 0, "{exit}");
    assert!(!exit.all_text().contains("integer"), "every stamp of ours was one to it: {exit}");
    Ok(())
}

#[test]
fn the_classic_variables_alone_are_enough_for_both_of_ours() -> Result<()> {
    let store = FolderStore::new()?;
    let _writer = with_classic_variables(Program::writer()?, &store, "a", "b").start()?;
    until("a beat", SOON, || store.stamp("a").ok())?;
    let mut primary = with_classic_variables(Program::monitor()?, &store, "a", "b").start()?;
    opens(&mut primary)?;
    let mut standby = with_classic_variables(Program::monitor()?, &store, "b", "a").start()?;
    standby.stays_for(Duration::from_secs(2))
}

#[test]
fn a_stamp_of_ours_is_eighteen_digits_without_a_newline_that_make_a_datetime_of_now() -> Result<()> {
    let store = FolderStore::new()?;
    let exit = Program::writer()?.args(["once", "--this-cluster", "a", "--store"]).arg(store.path()).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    let bytes = std::fs::read(store.stamp_path("a"))?;
    assert_eq!(bytes.len(), 18, "{bytes:?}");
    assert!(bytes.iter().all(u8::is_ascii_digit), "{bytes:?}");
    let age = store.stamp("a")?.age()?;
    assert!(age < Duration::from_secs(10), "the stamp is {age:?} old");
    Ok(())
}
