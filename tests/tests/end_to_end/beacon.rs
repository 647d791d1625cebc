//! `heartbeat-writer`: what it leaves in the store, and when.

use std::time::Duration;

use anyhow::{Context, Result};
use flatline_tests::{FolderStore, Program, TestStore};

use crate::{SOON, beacon, beats};

#[test]
fn once_writes_one_beat_with_details_and_nothing_beside_its_own_folder() -> Result<()> {
    let store = FolderStore::new()?;
    let exit =
        Program::writer()?.args(["once", "--this-cluster", "east-2", "--store"]).arg(store.path()).run()?;
    assert_eq!(exit.code, 0, "{exit}");
    let names: Vec<_> = store.snapshot()?.into_iter().map(|(path, _)| path).collect();
    let folder = store.path().join("east-2");
    let expected =
        [store.path(), folder.clone(), folder.join("heartbeat.json"), folder.join("heartbeat.txt")];
    assert_eq!(names, expected);
    let details = details(&store, "east-2")?;
    assert_eq!((&details["version"], &details["beat_count"]), (&1.into(), &1.into()), "{details}");
    Ok(())
}

fn details(store: &FolderStore, cluster: &str) -> Result<serde_json::Value> {
    let path = store.stamp_path(cluster).with_file_name("heartbeat.json");
    serde_json::from_slice(&std::fs::read(&path)?).with_context(|| format!("{} is not JSON", path.display()))
}

#[test]
fn once_ends_with_2_and_the_reason_where_it_cannot_write() -> Result<()> {
    let missing = FolderStore::missing()?;
    let exit =
        Program::writer()?.args(["once", "--this-cluster", "a", "--store"]).arg(missing.path()).run()?;
    assert_eq!(exit.code, 2, "{exit}");
    assert!(
        exit.all_text().contains(&missing.path().display().to_string()),
        "the reason names the place: {exit}"
    );
    assert_eq!(missing.snapshot()?, [], "the root is never created");
    Ok(())
}

#[test]
fn beats_keep_their_pace_whatever_a_write_takes() -> Result<()> {
    let store = FolderStore::new()?;
    let _writer = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    let (first, from) = (count(&store)?, store.stamp("a")?);
    std::thread::sleep(Duration::from_secs(4));
    let (last, until) = (count(&store)?, store.stamp("a")?);
    let elapsed_ms = (until.0 - from.0) / 10_000;
    let expected = elapsed_ms / 200;
    // Details are written after the stamp, so either end may be one beat off.
    assert!(
        (last - first).abs_diff(expected) <= 2,
        "{} beats in {elapsed_ms} ms, one every 200 ms",
        last - first
    );
    Ok(())
}

fn count(store: &FolderStore) -> Result<i64> {
    details(store, "a")?["beat_count"].as_i64().context("beat_count is a number")
}

#[test]
fn a_stamp_is_written_in_place_and_is_whole_whenever_it_is_read() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", "a longer text than any stamp, left there by a person")?;
    let fast =
        Program::writer()?.args(["--this-cluster", "a", "--interval", "10ms", "--store"]).arg(store.path());
    let _writer = fast.start()?;
    beats(&store, "a")?;
    for _ in 0..3000 {
        let text = std::fs::read_to_string(store.stamp_path("a"))?;
        assert!(text.len() == 18 && text.parse::<i64>().is_ok(), "read in the midst of a write: '{text}'");
    }
    Ok(())
}

#[test]
fn two_writers_of_one_cluster_leave_one_good_stamp() -> Result<()> {
    let store = FolderStore::new()?;
    let (mut first, mut second) = (beacon(&store, "a")?.start()?, beacon(&store, "a")?.start()?);
    first.stays_for(Duration::from_secs(2))?;
    assert!(second.is_running()?);
    let age = store.stamp("a")?.age()?;
    assert!(age < Duration::from_secs(2), "the stamp is {age:?} old");
    Ok(())
}

#[test]
fn a_writer_that_may_not_write_goes_on_trying() -> Result<()> {
    let store = FolderStore::new()?;
    // A file where the cluster's folder belongs refuses everybody, root included.
    std::fs::write(store.path().join("a"), "")?;
    let mut writer = beacon(&store, "a")?.start()?;
    writer.stays_for(Duration::from_secs(2))?;
    std::fs::remove_file(store.path().join("a"))?;
    beats(&store, "a")?;
    writer.terminate()?;
    assert_eq!(writer.exit_within(SOON)?.code, 143);
    Ok(())
}
