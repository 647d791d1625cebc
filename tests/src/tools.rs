//! What the tests find beside the binaries under test: programs, installed by `cargo xtask tools` or by the system, and
//! what `cargo xtask dist` has made.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::program;

/// The folder of this repository.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

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

/// A file that `cargo xtask dist` has made, such as `images/flatline.oci.tar`; none where it has not.
pub fn shipped(file: &str) -> Option<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Some(PathBuf::from(REPOSITORY).join(target).join("dist").join(file)).filter(|path| path.is_file())
}

fn own(name: &str) -> Option<PathBuf> {
    let tools = PathBuf::from(REPOSITORY).join("target/tools");
    FOLDERS.iter().map(|folder| tools.join(folder).join(name)).find(|file| file.is_file())
}
