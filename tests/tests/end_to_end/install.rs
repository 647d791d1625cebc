//! `heart-monitor install`: how the guard comes to a workload whose image does not have it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use flatline_tests::{FolderStore, Program, Stream};

use crate::{SOON, beacon, beats};

fn install(folder: &Path) -> Result<flatline_tests::Exit> {
    Program::monitor()?.arg("install").arg(folder).run()
}

#[test]
fn what_was_installed_is_the_program_itself_and_is_replaced_while_it_runs() -> Result<()> {
    let volume = tempfile::tempdir()?;
    let exit = install(volume.path())?;
    exit.succeeds()?;
    let target = volume.path().join("heart-monitor");
    assert_eq!(exit.text(Stream::Stdout).trim(), target.display().to_string());
    assert_eq!(fs::metadata(&target)?.permissions().mode() & 0o777, 0o755);

    let (store, _beacon) = beating()?;
    let guard = Program::at(&target).args(["run", "--this-cluster", "a", "--store"]).arg(store.path());
    let mut guard = guard.args(["--", "/bin/sleep", "60"]).start()?;
    guard.stays_for(Duration::from_millis(100))?;
    let before = fs::metadata(&target)?;
    install(volume.path())?.succeeds()?;
    let after = fs::metadata(&target)?;
    assert_ne!(inode(&before), inode(&after), "another file of the same name");
    assert_eq!(before.len(), after.len());
    assert!(guard.is_running()?, "the old one runs on");
    guard.terminate()?;
    guard.exit_within(SOON)?;
    let version = Program::at(&target).arg("--version").run()?;
    assert!(version.text(Stream::Stdout).starts_with("heart-monitor "), "{version}");
    assert_eq!(fs::read_link(volume.path().join("flatline-run"))?, Path::new("heart-monitor"));
    assert_eq!(fs::read_dir(volume.path())?.count(), 2, "nothing beside it and its link");
    Ok(())
}

#[test]
fn its_link_guards_what_stands_behind_it_by_the_entry_point_of_the_image() -> Result<()> {
    let volume = tempfile::tempdir()?;
    install(volume.path())?.succeeds()?;
    let (store, _beacon) = beating()?;
    // As an operator calls the one path that can be set, with arguments of its own.
    let guard = Program::at(volume.path().join("flatline-run"))
        .env("THIS_CLUSTER", "a")
        .env("HEARTBEAT_STORE", store.path())
        .env("HEART_MONITOR_ENTRY_POINT", r#"/bin/sh -c 'echo entered by "$@"' entry"#)
        .args(["bash", "-c", "run --help"]);
    let exit = guard.start()?.exit_within(SOON)?;
    exit.succeeds()?;
    assert_eq!(exit.text(Stream::Stdout).trim(), "entered by bash -c run --help", "{exit}");
    Ok(())
}

fn beating() -> Result<(FolderStore, flatline_tests::Running)> {
    let store = FolderStore::new()?;
    let beacon = beacon(&store, "a")?.start()?;
    beats(&store, "a")?;
    Ok((store, beacon))
}

fn inode(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}
