//! Programs that the tests start beside the binaries: installed by `cargo xtask tools`, or by the system.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::program;

/// Where `cargo xtask tools` puts programs, below the repository's target folder.
const FOLDERS: [&str; 3] = ["bin", "python/bin", "node_modules/.bin"];

/// The file of a program that tests may do without: from `PATH`, or from this repository's tools.
pub fn optional_tool(name: &str) -> Option<PathBuf> {
    program::find(name).or_else(|| own(name))
}

/// The file of a program that comes with this repository's tools, in the version that they pin.
pub fn pinned_tool(name: &str) -> Result<PathBuf> {
    own(name).with_context(|| format!("there is no {name}: `cargo xtask tools` installs it"))
}

fn own(name: &str) -> Option<PathBuf> {
    let tools = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools"));
    FOLDERS.iter().map(|folder| tools.join(folder).join(name)).find(|file| file.is_file())
}
