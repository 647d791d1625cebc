//! Installing what the tests start beside the binaries, into the target folder where that is possible. Each installer
//! is quick where everything is there already.

mod azure_cli;
mod cargo;
mod debian;
mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

pub(crate) use azure_cli::install as install_azure_cli;
pub(crate) use cargo::{cargo_tool, install_cargo_tool};
pub(crate) use node::install as install_node_tools;

/// Installs everything that the tests use: what they cannot do without, and what they leave out for a reason that is
/// printed.
pub(crate) fn install() -> Result<()> {
    debian::install();
    debian::extract_promtool();
    node::install()?;
    python::install()
}

/// Where the tools of this repository are installed: beside the code, wherever cargo builds, since the tests'
/// harness looks for them there.
fn folder() -> PathBuf {
    workspace::root().join("target/tools")
}

/// What pins the tools.
fn sources() -> PathBuf {
    workspace::root().join("tests/tools")
}

/// Runs an installation unless this one went through before: `pins` is the file that says what is to be installed,
/// `note` the copy of it that a whole installation leaves behind.
fn once(pins: &Path, note: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let wanted = fs::read(pins).with_context(|| format!("cannot read {}", pins.display()))?;
    if fs::read(note).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    install()?;
    // Written last, so that an installation that was interrupted is not taken for a whole one.
    fs::write(note, wanted).with_context(|| format!("cannot note in {} what was installed", note.display()))
}
