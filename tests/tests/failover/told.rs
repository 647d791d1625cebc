//! What a guard tells people and programs: letters, notifications, and a door for whoever has the key.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flatline_tests::{FolderStore, Stream, TestStore, free_port, get, post, until};
use serde_json::Value;

use crate::SOON;
use crate::cluster::Cluster;
use crate::scene::{Scene, notes_to};

on_a_folder! {
    the_letters_follow_the_work,
    a_claim_that_was_contested_is_told_by_its_letter,
    where_nobody_can_tell_who_owns_the_work_there_is_no_letter,
    whoever_has_the_key_makes_a_waiting_guard_the_owner_and_the_other_stops,
    a_guard_whose_cluster_never_beat_is_not_made_the_owner_of_work_that_nobody_would_do,
    notifications_come_in_the_order_of_events,
    crossed_primaries_are_told_by_both_sides_until_they_are_mended,
}

/// The letter of the guard on a port; an error says what came instead.
fn letter(port: u16) -> Result<String> {
    let state: Value = serde_json::from_str(&get(port, "/state")?.body)?;
    Ok(state["letter"].as_str().context("a letter")?.to_owned())
}

fn comes_to(port: u16, wanted: &str) -> Result<()> {
    until(&format!("the letter {wanted}"), SOON, || (letter(port).ok()? == wanted).then_some(()))
}

/// A cluster whose guard listens.
fn listening(scene: &Scene<impl TestStore>, name: &str) -> Result<(Cluster, u16)> {
    let port = free_port()?;
    let guard = scene.guard(name)?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
    let cluster = Cluster::start(name, scene.writer(name)?, guard.env("ACTIVATION_KEY", "abcdefgh9"))?;
    Ok((cluster, port))
}

fn the_letters_follow_the_work(scene: &Scene<impl TestStore>) -> Result<()> {
    let (a, of_a) = listening(scene, "a")?;
    scene.runs("a", 1)?;
    let (_b, of_b) = listening(scene, "b")?;
    comes_to(of_a, "O")?;
    comes_to(of_b, "S")?;
    a.writer.kill()?;
    scene.runs("b", 2)?;
    comes_to(of_b, "O")?;
    comes_to(of_a, "S")?;
    let page = get(of_a, "/metrics")?.body;
    for (reason, stops) in [("expired", 1), ("owner_changed", 0), ("releasing", 0), ("term_changed", 0)] {
        let line =
            format!("heart_monitor_workload_stops_total{{this_cluster=\"a\",reason=\"{reason}\"}} {stops}");
        ensure!(page.lines().any(|found| found == line), "{line}\nis not in\n{page}");
    }
    let shown = scene.operator(&["status", "--watch-for", "1s", "-o", "json"])?.run()?;
    shown.succeeds()?;
    let status: Value = serde_json::from_str(&shown.text(Stream::Stdout))?;
    let letters: Vec<_> = status["clusters"].as_array().into_iter().flatten().collect();
    let letters = letters.iter().map(|cluster| (cluster["cluster"].as_str(), cluster["letter"].as_str()));
    ensure!(letters.eq([(Some("a"), Some("D")), (Some("b"), Some("O"))]), "status says {status:#}");
    ensure!(status["record"]["owner"] == "b" && status["record"]["term"] == 2, "status says {status:#}");
    Ok(())
}

fn a_claim_that_was_contested_is_told_by_its_letter(scene: &Scene<impl TestStore>) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let (port, _writer) = (free_port()?, scene.writer("b")?.start()?);
    let claimant = scene.guard("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
    let claimant = claimant.env("HEART_MONITOR_CACHE_AGE", "1s").start()?;
    a.dies()?;
    scene.record_comes_to("phase", "pending")?;
    claimant.freeze()?;
    let _back = scene.cluster("a")?;
    scene.has_begun("a", 2)?;
    claimant.thaw()?;
    comes_to(port, "N")?;
    scene.log.runs_on("a", scene.pace.watch)
}

fn where_nobody_can_tell_who_owns_the_work_there_is_no_letter(scene: &Scene<FolderStore>) -> Result<()> {
    let (a, port) = listening(scene, "a")?;
    scene.runs("a", 1)?;
    comes_to(port, "O")?;
    let has_none = |why: &str| {
        until(&format!("no letter, {why}"), SOON, || {
            let state: Value = serde_json::from_str(&get(port, "/state").ok()?.body).ok()?;
            state["letter"].is_null().then_some(())
        })?;
        let page = get(port, "/metrics")?.body;
        let mut letters = page.lines().filter(|line| line.starts_with("heart_monitor_letter{"));
        ensure!(letters.all(|line| line.ends_with(" 0")), "{why}: {page}");
        Ok(())
    };
    scene.store.take_away()?;
    has_none("the store is away")?;
    a.runs_nothing()?;
    scene.store.bring_back()?;
    comes_to(port, "O")?;
    scene.store.lose_record()?;
    has_none("the record is lost")
}

fn whoever_has_the_key_makes_a_waiting_guard_the_owner_and_the_other_stops(
    scene: &Scene<impl TestStore>,
) -> Result<()> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let (mut b, port) = listening(scene, "b")?;
    comes_to(port, "S")?;
    // An activation waives the wait for the other side, so the other side is stopped first.
    a.dies()?;
    ensure!(post(port, "/activate", "abcdefgh8")?.status != 200, "a wrong key opens nothing");
    let taken = post(port, "/activate", "abcdefgh9")?;
    ensure!(taken.status == 200, "the key opens: {taken:?}");
    scene.runs("b", 2)?;
    ensure!(b.guard.is_running()?, "a guard goes on");
    let _back = scene.cluster("a")?;
    scene.log.runs_on("b", scene.pace.watch)
}

fn a_guard_whose_cluster_never_beat_is_not_made_the_owner_of_work_that_nobody_would_do(
    scene: &Scene<FolderStore>,
) -> Result<()> {
    let _a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    let port = free_port()?;
    let guard = scene.guard("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
    let _guard = guard.env("ACTIVATION_KEY", "abcdefgh9").start()?;
    comes_to(port, "S")?;
    let refused = post(port, "/activate", "abcdefgh9")?;
    ensure!(refused.status == 409 && refused.body.contains("never beat in"), "{refused:?}");
    let typed = scene.operator(&["activate", "--cluster", "flatline-a", "--yes"])?.run()?;
    ensure!(typed.code == 2 && typed.all_text().contains("did you mean a?"), "{typed}");
    scene.log.runs_on("a", scene.pace.watch)
}

/// Each side takes the other one for the primary, so that both wait, and neither is ready.
fn crossed_primaries_are_told_by_both_sides_until_they_are_mended(scene: &Scene<FolderStore>) -> Result<()> {
    let start = |name: &str, primary: &str| {
        let port = free_port()?;
        let guard = scene.guard(name)?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
        let guard = guard.env("PRIMARY_CLUSTER", primary);
        let writer = scene.writer(name)?.env("PRIMARY_CLUSTER", primary);
        anyhow::Ok((Cluster::start(name, writer, guard)?, port))
    };
    let ((mut a, of_a), (mut b, of_b)) = (start("a", "b")?, start("b", "a")?);
    for (side, port, said) in [
        (&mut a, of_a, "the beacon of cluster b takes a for the primary, and here it is b"),
        (&mut b, of_b, "the beacon of cluster a takes b for the primary, and here it is a"),
    ] {
        side.guard.line_with(said, SOON)?;
        until("the guard to be not ready", SOON, || {
            let ready = get(port, "/readyz").ok()?;
            (ready.status == 503 && ready.body.contains(said)).then_some(())
        })?;
        let differs = format!("heart_monitor_primary_differs{{this_cluster=\"{}\"}} 1", side.name);
        let page = get(port, "/metrics")?.body;
        ensure!(page.lines().any(|line| line == differs), "{differs}\nis not in\n{page}");
    }
    let words =
        ["doctor", "--this-cluster", "a", "--that-cluster", "b", "--primary", "b", "--watch-for", "1s"];
    let examined = scene.operator(&words)?.run()?;
    ensure!(examined.code == 2 && examined.all_text().contains("FAIL  primary: the beacon of"), "{examined}");
    ensure!(scene.store.record()?.is_none(), "nobody wrote a record");
    b.dies()?;
    let (_b, of_b) = start("b", "b")?;
    scene.runs("b", 1)?;
    for port in [of_a, of_b] {
        until("both to be ready", SOON, || (get(port, "/readyz").ok()?.status == 200).then_some(()))?;
    }
    ensure!(
        scene.record_says("primary").as_deref() == Some("b"),
        "the record says whom its writer took for it"
    );
    Ok(())
}

fn notifications_come_in_the_order_of_events(scene: &Scene<FolderStore>) -> Result<()> {
    let told = scene.file("told");
    let told_so_far = |wanted: &str| told_comes_to(&told, wanted);
    let writer = scene.writer("a")?.start()?;
    let _guard = scene.guard("a")?.envs(notes_to(&told)).start()?;
    scene.runs("a", 1)?;
    told_so_far("active a 1 a\n")?;
    let b = scene.cluster("b")?;
    writer.freeze()?;
    scene.runs("b", 2)?;
    // Told when its own right ended, before anybody else had the work.
    told_so_far("standby a 1 a\n")?;
    writer.thaw()?;
    b.dies()?;
    scene.runs("a", 3)?;
    told_so_far("active a 3 a\n")?;
    let text = fs::read_to_string(&told)?;
    let order: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    ensure!(order == ["standby", "active", "standby", "active"], "this was told:\n{text}");
    Ok(())
}

fn told_comes_to(told: &Path, wanted: &str) -> Result<()> {
    until(&format!("'{}' to be told last", wanted.trim()), SOON, || {
        fs::read_to_string(told).ok()?.ends_with(wanted).then_some(())
    })
}
