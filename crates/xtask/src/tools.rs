//! Installing what the tests start beside the binaries, into the target folder where that is possible.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::{shell, workspace};

/// Where the tools of this repository are installed: beside the code, wherever cargo builds, since the tests'
/// harness looks for them there.
fn folder() -> PathBuf {
    workspace::root().join("target/tools")
}

/// The Debian programs without which the tests leave the Samba share out.
const SAMBA: [&str; 2] = ["smbd", "smbnetfs"];

/// Installs Azurite, Microsoft's emulator of Blob storage, as the lock file pins it; does nothing where the
/// same lock file was installed before.
pub(crate) fn install_azurite() -> Result<()> {
    let (sources, folder) = (workspace::root().join("tests/tools"), folder());
    let lock =
        fs::read(sources.join("package-lock.json")).context("cannot read the lock file of the test tools")?;
    // Written last, so that an installation that was interrupted is not taken for a whole one.
    let installed = folder.join("installed-lock.json");
    if fs::read(&installed).is_ok_and(|found| found == lock) {
        return Ok(());
    }
    ensure!(
        shell::find("npm").is_some(),
        "npm is needed for Azurite and is not on PATH; install Node.js with npm"
    );
    fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(name), folder.join(name))?;
    }
    let mut npm = shell::program("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).current_dir(&folder);
    shell::run(&mut npm)?;
    fs::write(installed, lock).context("cannot note what was installed")
}

/// Installs Samba and a mount for its share where this user may; else says what is left out.
pub(crate) fn install_samba() {
    let missing: Vec<_> = SAMBA.into_iter().filter(|name| shell::find(name).is_none()).collect();
    if missing.is_empty() {
        eprintln!("samba, smbnetfs: installed already");
        return;
    }
    if let Err(reason) = apt_get_install(&["samba", "smbnetfs"]) {
        eprintln!(
            "skipped: {} cannot be installed ({reason:#}), so nothing is tested on a Samba share",
            missing.join(", ")
        );
    }
}

/// Says what is left out for want of programs that are not worth installing for it.
pub(crate) fn name_missing() {
    if shell::find("promtool").is_none() {
        eprintln!(
            "skipped: there is no promtool (Debian's prometheus), so metrics are checked by their grammar alone"
        );
    }
}

fn apt_get_install(packages: &[&str]) -> Result<()> {
    ensure!(shell::find("apt-get").is_some(), "there is no apt-get");
    ensure!(rustix::process::geteuid().is_root(), "not root");
    let apt_get = || {
        let mut command = shell::program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    shell::run(apt_get().arg("update"))?;
    shell::run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

/// A cargo subcommand's program, from `PATH` or from the tools of this repository.
pub(crate) fn cargo_tool(name: &str) -> Option<PathBuf> {
    let own = cargo_folder().join("bin").join(name);
    shell::find(name).or_else(|| own.is_file().then_some(own))
}

/// Builds a cargo subcommand into the tools of this repository, unless it is there.
pub(crate) fn install_cargo_tool(name: &str) -> Result<()> {
    if cargo_tool(name).is_some() {
        eprintln!("{name}: installed already");
        return Ok(());
    }
    shell::run(shell::cargo("install").args(["--quiet", "--locked", name, "--root"]).arg(cargo_folder()))
}

fn cargo_folder() -> PathBuf {
    folder().join("cargo")
}
