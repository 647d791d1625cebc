//! Programs that come as Python packages, in a virtual environment of their own: Helm and the checkers of what it
//! renders.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::shell;

pub(super) fn install() -> Result<()> {
    make_environment(&super::folder().join("python"), "requirements.txt", "Helm")
}

/// Makes a virtual environment with what a file of pins names, unless it is there. `what` names it in errors.
pub(super) fn make_environment(folder: &Path, pins: &str, what: &str) -> Result<()> {
    let note = folder.join(format!("installed-{pins}"));
    let pins = super::sources().join(pins);
    super::once(&pins, &note, || {
        ensure!(
            shell::find("python3").is_some(),
            "python3 is needed for {what} and is not on PATH; install Python 3.10 or newer"
        );
        ensure!(
            shell::answer(shell::program("python3").args(["-c", "import ensurepip, venv"])).is_some(),
            "python3 cannot make virtual environments; install its venv module (Debian's python3-venv)"
        );
        fs::create_dir_all(folder)?;
        shell::run(shell::program("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        let mut pip = shell::program(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        shell::run(pip.arg("--requirement").arg(&pins))
    })
}
