//! `heart-monitor wait`: who goes at once, who blocks, and for how long.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::{FolderStore, Program, TestStore, Ticks};

use crate::{
    LONGER_THAN_THRESHOLD, SOON, THRESHOLD, TOO_SHORT, WATCHED, all_stay, beacon, beats, gate, hasty, opens,
};

/// How long a gate that goes at once may take, with a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

#[test]
fn the_primary_goes_at_once_and_does_not_touch_a_store_that_is_not_there() -> Result<()> {
    let store = FolderStore::missing()?;
    let primary =
        Program::monitor()?.args(["--this-cluster", "a", "--that-cluster", "b", "--ownership", "off"]);
    let exit = primary.arg("--store").arg(store.path()).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    assert!(exit.ran_for < AT_ONCE, "{exit}");
    assert_eq!(store.snapshot()?, []);
    Ok(())
}

#[test]
fn the_standby_blocks_while_beats_land_and_goes_when_the_stamp_turns_as_old_as_the_threshold() -> Result<()> {
    let store = FolderStore::new()?;
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    writer.kill()?;
    let exit = opens(&mut gate)?;
    let age = store.stamp("a")?.age_at(exit.at_wall)?;
    assert!(age >= THRESHOLD, "the gate opened when the stamp was only {age:?} old");
    assert!(age < THRESHOLD + Duration::from_secs(2), "the gate opened only when the stamp was {age:?} old");
    assert!(exit.all_text().contains("flatlined"), "the gate says why: {exit}");
    Ok(())
}

#[test]
fn without_a_subcommand_the_monitor_waits() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let bare = Program::monitor()?
        .env("HEARTBEAT_STORE", store.path())
        .env("THIS_CLUSTER", "b")
        .env("THAT_CLUSTER", "a")
        .env("HEART_MONITOR_FLATLINE_AFTER", "3s")
        .env("HEART_MONITOR_POLL", "200ms")
        .env("HEART_MONITOR_READ_DEADLINE", "200ms")
        .env("HEART_MONITOR_OWNERSHIP", "off")
        .env("HEARTBEAT_INTERVAL", "200ms");
    let exit = opens(&mut bare.start()?)?;
    assert!(exit.ran_for >= WATCHED, "{exit}");
    Ok(())
}

#[test]
fn what_is_not_a_heart_that_stopped_keeps_the_gate_shut() -> Result<()> {
    let (missing_root, empty, malformed, torn) =
        (FolderStore::missing()?, FolderStore::new()?, FolderStore::new()?, FolderStore::new()?);
    malformed.put_stamp("a", "not a stamp")?;
    torn.put_stamp("a", "")?;
    let table = [
        (&missing_root, "a root that is not mounted"),
        (&empty, "a stamp that was never written"),
        (&malformed, "a stamp that no beacon wrote"),
        (&torn, "a stamp that was truncated and not yet written"),
    ];
    let start = |(store, why)| gate(store)?.label(format!("gate at {why}")).start();
    let mut gates = table.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    all_stay(&mut gates, LONGER_THAN_THRESHOLD)?;
    assert_eq!(missing_root.snapshot()?, [], "the root is never created");
    Ok(())
}

#[test]
fn a_heart_that_was_never_seen_counts_as_flat_only_where_that_was_asked_for() -> Result<()> {
    let store = FolderStore::new()?;
    let mut waiting = gate(&store)?.label("waiting gate").start()?;
    let exit = opens(&mut gate(&store)?.args(["--if-never-seen", "flatline"]).start()?)?;
    assert!(exit.ran_for >= WATCHED, "silence counts from the first look: {exit}");
    waiting.stays_for(Duration::from_secs(1))
}

/// A power loss can leave a file of the right name with nothing or with zeros in it.
#[test]
fn a_stamp_that_a_crash_left_malformed_is_a_heart_that_was_never_seen() -> Result<()> {
    for (ownership, left) in [("off", ""), ("off", "\0\0\0\0"), ("prefer", "\0\0\0\0")] {
        let store = FolderStore::new()?;
        store.put_stamp("a", left)?;
        let gate = || -> Result<Program> {
            let gate = store.joined_by(Program::monitor()?.arg("wait")).args(["--cache-age", "0s"]);
            let sides = ["--this-cluster", "b", "--that-cluster", "a", "--ownership", ownership];
            Ok(hasty(gate.args(sides)))
        };
        let exit = opens(&mut gate()?.args(["--if-never-seen", "flatline"]).start()?)?;
        assert!(exit.ran_for >= WATCHED, "silence counts from the first look: {exit}");
        if ownership == "off" {
            let exit = gate()?.args(["--timeout", "4s"]).start()?.exit_within(SOON)?;
            let told = exit.all_text();
            assert_eq!(exit.code, 3, "by default nobody is sure: {told}");
            assert!(told.contains("'heart-monitor activate --cluster X'"), "{told}");
        }
    }
    Ok(())
}

#[test]
fn zeros_in_the_place_of_a_stamp_are_no_silence_while_somebody_writes_the_details_beside_them() -> Result<()>
{
    let store = FolderStore::new()?;
    store.put_stamp("a", "\0\0\0\0")?;
    let mut gate = gate(&store)?.args(["--if-never-seen", "flatline"]).start()?;
    for beat in 0..40 {
        std::fs::write(store.stamp_path("a").with_file_name("heartbeat.json"), format!("{beat}"))?;
        gate.stays_for(Duration::from_millis(150))?;
    }
    opens(&mut gate).map(drop)
}

#[test]
fn an_old_stamp_is_watched_before_it_is_believed_unless_no_watching_is_asked_for() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?.plus_seconds(-3600))?;
    let mut watching = gate(&store)?.label("watching gate").start()?;
    let classic = opens(&mut gate(&store)?.args(["--confirm", "0s"]).label("believing gate").start()?)?;
    assert!(classic.ran_for < AT_ONCE, "{classic}");
    let watched = opens(&mut watching)?;
    assert!(watched.ran_for >= WATCHED, "{watched}");
    Ok(())
}

#[test]
fn a_gate_with_a_timeout_ends_with_3_while_the_heart_beats() -> Result<()> {
    let store = FolderStore::new()?;
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let exit = gate(&store)?.args(["--timeout", "2s"]).start()?.exit_within(SOON)?;
    assert_eq!(exit.code, 3, "{exit}");
    assert!(exit.ran_for >= Duration::from_secs(2), "{exit}");
    Ok(())
}

#[test]
fn two_beacons_of_one_cluster_do_no_harm_and_one_of_them_is_enough() -> Result<()> {
    let store = FolderStore::new()?;
    let (first, second) = (beacon(&store, "a")?.start()?, beacon(&store, "a")?.start()?);
    beats(&store, "a")?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(LONGER_THAN_THRESHOLD / 2)?;
    first.kill()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    second.kill()?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn a_gate_that_was_frozen_longer_than_the_threshold_does_not_open_while_beats_land() -> Result<()> {
    let store = FolderStore::new()?;
    let writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(Duration::from_secs(1))?;
    gate.freeze()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    gate.thaw()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    writer.kill()?;
    opens(&mut gate)?;
    Ok(())
}

#[test]
fn a_gate_that_was_frozen_with_the_last_stamp_in_sight_watches_anew_before_it_opens() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let mut gate = gate(&store)?.start()?;
    gate.stays_for(Duration::from_secs(1))?;
    gate.freeze()?;
    gate.stays_for(LONGER_THAN_THRESHOLD)?;
    gate.thaw()?;
    gate.stays_for(TOO_SHORT)?;
    opens(&mut gate)?;
    Ok(())
}
