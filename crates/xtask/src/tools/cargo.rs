//! Cargo's subcommands, which are built here.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell;

/// A cargo subcommand's program, from `PATH` or from the tools of this repository.
pub(crate) fn cargo_tool(name: &str) -> Option<PathBuf> {
    let own = folder().join("bin").join(name);
    shell::find(name).or_else(|| own.is_file().then_some(own))
}

/// Builds a cargo subcommand into the tools of this repository, unless it is there.
pub(crate) fn install_cargo_tool(name: &str) -> Result<()> {
    if cargo_tool(name).is_some() {
        eprintln!("{name}: installed already");
        return Ok(());
    }
    shell::run(shell::cargo("install").args(["--quiet", "--locked", name, "--root"]).arg(folder()))
}

fn folder() -> PathBuf {
    super::folder().join("cargo")
}
