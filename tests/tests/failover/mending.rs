//! A record that is lost, or that nobody understands: everybody stops, says so, and leaves it to an operator.

use anyhow::{Context, Result, ensure};
use flatline_tests::{BootClock, FolderStore, Stream, TestStore, Violation, pause};

use crate::SOON;
use crate::scene::Scene;

on_a_folder! {
    a_record_that_vanishes_stops_everybody_until_somebody_mends_it,
    a_record_that_is_malformed_or_newer_stops_everybody_and_is_left_as_it_is,
    no_command_says_that_all_is_well_where_the_record_is_lost,
}

on_azurite! {
    a_record_that_vanishes_stops_everybody_until_somebody_mends_it,
}

fn a_record_that_vanishes_stops_everybody_until_somebody_mends_it(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let (a, mut b) = scene.pair()?;
    a.writer.kill()?;
    scene.runs("b", 2)?;
    let mut a = crate::cluster::Cluster { writer: scene.writer("a")?.start()?, ..a };
    pause(scene.pace.watch / 2)?;
    scene.store.lose_record()?;
    b.runs_nothing()?;
    scene.nobody_runs_for(2 * scene.pace.watch)?;
    ensure!(scene.store.record()?.is_none(), "no guard that has seen a record writes another in its place");
    for cluster in [&mut a, &mut b] {
        cluster.guard.line_with("lost", SOON).context("a guard was to name the loss")?;
    }
    scene.operator(&["activate", "--cluster", "b", "--term", "3", "--yes"])?.run()?.succeeds()?;
    scene.runs("b", 3)?;
    scene.log.runs_on("b", scene.pace.watch)
}

fn no_command_says_that_all_is_well_where_the_record_is_lost(scene: &Scene<FolderStore>) -> Result<()> {
    let (a, _b) = scene.pair()?;
    scene.store.lose_record()?;
    a.runs_nothing()?;
    let told = "where there ever was one it is lost";
    let table: [(&[&str], i32, Stream); 5] = [
        (&["failback", "--yes"], 2, Stream::Stderr),
        (&["handover", "--to", "a", "--yes"], 2, Stream::Stderr),
        (&["handover", "--to", "b", "--yes"], 2, Stream::Stderr),
        (&["status"], 0, Stream::Stdout),
        (&["doctor", "--this-cluster", "b", "--that-cluster", "a"], 0, Stream::Stdout),
    ];
    for (words, code, stream) in table {
        let exit = scene.operator(words)?.run()?;
        ensure!(exit.code == code && exit.text(stream).contains(told), "{words:?}: {exit}");
    }
    ensure!(scene.store.record()?.is_none(), "none of them writes a record");
    Ok(())
}

fn a_record_that_is_malformed_or_newer_stops_everybody_and_is_left_as_it_is(
    scene: &Scene<FolderStore>,
) -> Result<()> {
    let (mut a, mut b) = scene.pair()?;
    let table = [("{\"version\": 2}", "version 2"), ("{\"version\": 1, \"owner\"", "malformed")];
    for (nth, (text, word)) in (0..).zip(table) {
        let revision: u64 = scene.record_says("revision").context("a record")?.parse()?;
        let before = scene.log.runs()?.all().len();
        scene.store.plant_record(revision + 1, text)?;
        a.runs_nothing()?;
        scene.nobody_runs_for(scene.pace.watch * 3 / 2)?;
        for cluster in [&mut a, &mut b] {
            cluster.guard.line_with(word, SOON)?;
        }
        ensure!(scene.store.planted(revision + 1)? == text, "the record was to be left as it is");
        let term = (nth + 2).to_string();
        let activate = ["activate", "--cluster", "a", "--term", &term, "--yes"];
        if word == "version 2" {
            let refused = scene.operator(&activate)?.run()?;
            ensure!(refused.code == 2 && refused.all_text().contains("--replace-newer"), "{refused}");
            ensure!(scene.store.planted(revision + 1)? == text, "the newer record was to be left as it is");
            scene.operator(&[&activate[..], &["--replace-newer"]].concat())?.run()?.succeeds()?;
        } else {
            scene.operator(&activate)?.run()?.succeeds()?;
        }
        scene.runs("a", nth + 2)?;
        ensure!(scene.log.runs()?.all().len() == before + 1, "nobody else was to start");
    }
    Ok(())
}

/// A process that never read the record cannot know that there was one: it waits until whoever did has stopped. What
/// it cannot know either is the term, which is why people mend with `activate --term`.
#[test]
fn a_primary_that_finds_no_record_waits_for_whoever_may_still_run_by_one() -> Result<()> {
    let scene = Scene::set(FolderStore::new()?)?;
    let (a, b) = scene.pair()?;
    a.dies()?;
    scene.runs("b", 2)?;
    pause(scene.pace.watch / 2)?;
    scene.store.lose_record()?;
    let lost = BootClock::now();
    let _back = scene.cluster("a")?;
    scene.has_begun("a", 2)?;
    b.runs_nothing()?;
    let runs = scene.log.runs()?;
    let waited = runs.of("a").last().context("a runs")?.begin.since(lost);
    ensure!(waited >= scene.pace.watch, "it waited for {waited:?} only");
    let violations = runs.violations();
    let only_the_term = violations.iter().all(|found| matches!(found, Violation::TermRanBack(..)));
    ensure!(only_the_term, "the clusters were not to meet: {violations:?}");
    Ok(())
}
