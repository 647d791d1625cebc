//! Several users share one store, and none of them may lock another out: beacons and guards of each cluster under a
//! user of their own, and an operator's root shell with a narrow umask.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};
use flatline_tests::{FolderStore, Program};

use crate::cluster::Cluster;
use crate::scene::{Scene, play};

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
        in_a_root_shell(scene, &["activate", "--cluster", "a", "--term", "2", "--yes"])?;
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
