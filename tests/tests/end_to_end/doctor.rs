//! `doctor`: what is wrong, the worst first, each cause once.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::{FolderStore, Program, Stream, TestStore, Ticks, pause};

use crate::beats;
use crate::looks::{json, monitor};

const PAIR: [&str; 5] = ["doctor", "--this-cluster", "b", "--that-cluster", "a"];

#[test]
fn doctor_passes_a_healthy_folder_leaves_nothing_behind_and_names_what_fails() -> Result<()> {
    let store = FolderStore::new()?;
    store.put_stamp("a", Ticks::now()?)?;
    let before = store.snapshot()?;
    let args = ["doctor", "--this-cluster", "b", "--that-cluster", "a"];
    let healthy = monitor(&store, &args)?;
    assert_eq!(healthy.code, 0, "{healthy}");
    assert_eq!(store.snapshot()?, before, "probes are removed");
    let missing = FolderStore::missing()?;
    let ill = monitor(&missing, &args)?;
    assert_eq!(ill.code, 2, "{ill}");
    assert!(ill.all_text().contains(&missing.path().display().to_string()), "{ill}");
    assert_eq!(missing.snapshot()?, []);
    let exact = monitor(&store, &[args.as_slice(), &["-o", "json"]].concat())?;
    assert!(json(&exact)?["findings"].is_array(), "{exact}");
    Ok(())
}

#[test]
fn doctor_says_a_missing_root_once_with_all_that_it_blocks_and_counts_in_the_last_line() -> Result<()> {
    let missing = FolderStore::missing()?;
    let ill = monitor(&missing, &PAIR)?;
    assert_eq!(ill.code, 2, "{ill}");
    let text = ill.text(Stream::Stdout);
    assert_eq!(text.matches("there is no store at").count(), 1, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("FAIL  read: there is no store at"), "{text}");
    assert_eq!(
        lines[2].trim(),
        "blocks: write, ownership, maintenance, heart of cluster b, heart of cluster a",
        "{text}"
    );
    let count = |level: &str| lines.iter().filter(|line| line.starts_with(level)).count();
    // Whether a time daemon slews the clock of the machine that runs this is not for a test to say.
    let counted = match [count("FAIL "), count("warn "), count("ok ")] {
        [fails, warnings, 0] => format!("{fails} FAIL, {warnings} warn"),
        [fails, warnings, well] => format!("{fails} FAIL, {warnings} warn, {well} ok"),
    };
    assert_eq!((lines.last(), count("FAIL ")), (Some(&counted.as_str()), 1), "{text}");
    assert_eq!(text.matches("kernel clock: ").count(), 1, "{text}");
    let exact = json(&monitor(&missing, &[&PAIR[..], &["-o", "json"]].concat())?)?;
    let failed = exact["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "fail");
    assert_eq!(failed.count(), 6, "a program is told of each: {exact}");
    Ok(())
}

#[test]
fn doctor_sees_a_second_beacon_and_then_does_not_ask_for_two() -> Result<()> {
    let store = FolderStore::new()?;
    let slow = |cluster| {
        let beacon = store.joined_by(Program::writer()?.arg("run"));
        beacon.args(["--this-cluster", cluster]).start()
    };
    let ask = "run two beacons on two nodes";
    let _one = [slow("a")?, slow("b")?];
    beats(&store, "a")?;
    let alone = monitor(&store, &PAIR)?;
    assert!(alone.text(Stream::Stdout).contains(ask), "{alone}");
    pause(Duration::from_millis(700))?;
    let _other = [slow("a")?, slow("b")?];
    beats(&store, "b")?;
    let pair = monitor(&store, &PAIR)?;
    let text = pair.text(Stream::Stdout);
    assert!(!text.contains(ask) && text.contains("two beacons beat in cluster"), "{text}");
    Ok(())
}
