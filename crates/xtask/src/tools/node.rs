//! Programs for Node.js, as the lock file pins them: Azurite, Microsoft's emulator of Blob storage, and the generator
//! of the charts' tables of parameters.

use std::fs;

use anyhow::{Result, ensure};

use crate::shell;

/// What npm reads, in the tests' folder.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

pub(crate) fn install() -> Result<()> {
    let (sources, folder) = (super::sources(), super::folder());
    super::once(&sources.join("package-lock.json"), &folder.join("installed-lock.json"), || {
        ensure!(
            shell::find("npm").is_some(),
            "npm is needed for Azurite and for the charts' tables, and is not on PATH; install Node.js with npm"
        );
        fs::create_dir_all(&folder)?;
        for name in MANIFESTS {
            fs::copy(sources.join(name), folder.join(name))?;
        }
        let mut npm = shell::program("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
        shell::run(npm.current_dir(&folder))
    })
}
