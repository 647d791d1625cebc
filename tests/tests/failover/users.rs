//! Several users share one store, and none of them may lock another out: beacons and guards of each cluster under a
//! user of their own, and an operator's root shell with a narrow umask.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Azurite, BlobStore, FolderStore, Program, Running, free_port, get, until};

use crate::SOON;
use crate::cluster::Cluster;
use crate::scene::{Scene, UNHURRIED, play, play_at};

/// Who runs in cluster a, and in cluster b.
const USERS: [(&str, &str); 2] = [("a", "65532"), ("b", "65533")];

/// Plays a scene in which everybody may write the store's root, and files beside the log of marks.
fn play_with_users(scenario: impl FnOnce(&Scene<FolderStore>) -> Result<()>) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: taking other users' names takes root");
        return Ok(());
    }
    play(FolderStore::new()?, |scene| {
        let store = scene.store.path();
        for (path, mode) in [
            (store.parent().context("the store has a parent")?, 0o755),
            (&store, 0o777),
            (scene.log.path().parent().context("the log has a folder")?, 0o777),
        ] {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        if scene.log.path().exists() {
            fs::set_permissions(scene.log.path(), Permissions::from_mode(0o666))?;
        }
        scenario(scene)
    })
}

/// The program as the user of this cluster.
fn as_user_of(cluster: &str, program: Program) -> Result<Program> {
    let (_, user) = USERS.iter().find(|(of, _)| *of == cluster).context("a user for each cluster")?;
    let (uid, gid) = (format!("--reuid={user}"), format!("--regid={user}"));
    program.under(&["setpriv", &uid, &gid, "--clear-groups"])
}

fn cluster_of_users(scene: &Scene<FolderStore>, name: &str) -> Result<Cluster> {
    Cluster::start(name, as_user_of(name, scene.writer(name)?)?, as_user_of(name, scene.guard(name)?)?)
}

/// An operator's command in a root shell that keeps everything to itself.
fn in_a_root_shell(scene: &Scene<FolderStore>, words: &[&str]) -> Result<()> {
    let shell = ["sh", "-c", "umask 077; exec \"$0\" \"$@\""];
    scene.operator(words)?.under(&shell)?.run()?.succeeds().with_context(|| format!("{words:?}"))
}

#[test]
fn an_operator_in_a_root_shell_with_a_narrow_umask_locks_nobody_out() -> Result<()> {
    play_with_users(|scene| {
        // Makes the record's folder, and the record in it.
        in_a_root_shell(scene, &["activate", "--cluster", "a", "--term", "2", "--never-seen", "--yes"])?;
        let a = cluster_of_users(scene, "a")?;
        scene.runs("a", 2)?;
        let b = cluster_of_users(scene, "b")?;
        in_a_root_shell(scene, &["maintenance", "on", "--for", "1h", "--reason", "new nodes"])?;
        scene.log.runs_on("a", scene.pace.watch)?;
        in_a_root_shell(scene, &["maintenance", "off"])?;
        in_a_root_shell(scene, &["handover", "--to", "b", "--yes"])?;
        scene.runs("b", 3)?;
        scene.log.runs_on("b", scene.pace.watch)?;
        // The standby must be able to read all of it, and to write.
        b.dies()?;
        scene.runs("a", 4)?;
        drop(a);
        Ok(())
    })
}

/// A record that belongs to another user, as an earlier version or a copy by hand leaves it: others can be written.
#[test]
fn a_standby_that_cannot_write_the_record_itself_is_not_ready_and_the_line_that_it_prints_mends_it()
-> Result<()> {
    play_with_users(|scene| {
        let a = cluster_of_users(scene, "a")?;
        scene.runs("a", 1)?;
        let records = scene.store.path().join("ownership");
        fs::set_permissions(&records, Permissions::from_mode(0o755))?;
        let _writer = as_user_of("b", scene.writer("b")?)?.start()?;
        let guard = || -> Result<(Running, u16)> {
            let port = free_port()?;
            let guard = scene.guard("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
            Ok((as_user_of("b", guard)?.start()?, port))
        };
        let (mut locked_out, port) = guard()?;
        let line = locked_out.line_with("rehearsal failed", SOON)?;
        let why = not_ready(port, &records.display().to_string())?;
        let mend = why.split("as root: ").nth(1).with_context(|| format!("a line that mends it in {why}"))?;
        ensure!(line.text.contains(mend.trim_end()), "the log says {}", line.text);
        let doctor =
            as_user_of("b", scene.operator(&["doctor", "--this-cluster", "b", "--that-cluster", "a"])?)?;
        let told = doctor.run()?;
        ensure!(told.code == 2 && told.all_text().contains(mend.trim_end()), "doctor said {told}");

        ensure!(Command::new("sh").args(["-c", mend]).status()?.success(), "{mend}");
        drop(locked_out);
        let (_guard, port) = guard()?;
        ready(port)?;
        a.dies()?;
        scene.runs("b", 2)?;
        Ok(())
    })
}

#[test]
fn a_lease_on_the_record_costs_a_standby_its_readiness_and_is_named_by_whoever_would_change_it() -> Result<()>
{
    play_at(UNHURRIED, BlobStore::new(Azurite::shared()?)?, |scene| {
        let _a = scene.cluster("a")?;
        scene.runs("a", 1)?;
        scene.store.lease_record()?;
        let port = free_port()?;
        let _writer = scene.writer("b")?.start()?;
        let guard = scene.guard("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}")).start()?;
        let line = format!(
            "az storage blob lease break --account-name {} --container-name {} --blob-name ownership.json",
            Azurite::ACCOUNT,
            scene.store.url().rsplit('/').next().context("a container")?
        );
        not_ready(port, &line)?;
        ensure!(get(port, "/state")?.body.contains("\"well\":false"), "{}", get(port, "/state")?.body);
        ensure!(get(port, "/metrics")?.body.contains("heart_monitor_rehearsed{this_cluster=\"b\"} 0"));
        let table: [&[&str]; 4] = [
            &["doctor", "--this-cluster", "b", "--that-cluster", "a"],
            &["activate", "--cluster", "b", "--dry-run"],
            &["activate", "--cluster", "b", "--yes"],
            &["handover", "--to", "b", "--yes"],
        ];
        for words in table {
            let told = scene.operator(words)?.run()?;
            ensure!(told.code == 2 && told.all_text().contains(&line), "{words:?} said {told}");
        }
        ensure!(scene.record_says("term").as_deref() == Some("1"), "nothing was changed");
        scene.store.break_lease()?;
        drop(guard);
        let guard = scene.guard("b")?.env("HEART_MONITOR_LISTEN", format!("127.0.0.1:{port}"));
        let _guard = guard.start()?;
        ready(port)
    })
}

/// Waits until a monitor is not ready for a reason that says this, and returns the whole of it.
fn not_ready(port: u16, says: &str) -> Result<String> {
    until(&format!("/readyz to say {says}"), SOON, || {
        let answer = get(port, "/readyz").ok()?;
        (answer.status == 503 && answer.body.contains(says)).then_some(answer.body)
    })
}

fn ready(port: u16) -> Result<()> {
    until("a monitor to have rehearsed and be ready", SOON, || {
        let rehearsed = get(port, "/state").ok()?.body.contains("\"well\":true");
        (rehearsed && get(port, "/readyz").ok()?.status == 200).then_some(())
    })
}
