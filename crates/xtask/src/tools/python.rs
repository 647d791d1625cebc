//! Programs that come as Python packages, in a virtual environment of their own: Helm and the checkers of what it
//! renders.

use std::fs;

use anyhow::{Result, ensure};

use crate::shell;

pub(super) fn install() -> Result<()> {
    let folder = super::folder().join("python");
    let pins = super::sources().join("requirements.txt");
    super::once(&pins, &folder.join("installed-requirements.txt"), || {
        ensure!(
            shell::find("python3").is_some(),
            "python3 is needed for Helm and is not on PATH; install Python 3.10 or newer"
        );
        ensure!(
            shell::answer(shell::program("python3").args(["-c", "import ensurepip, venv"])).is_some(),
            "python3 cannot make virtual environments; install its venv module (Debian's python3-venv)"
        );
        fs::create_dir_all(&folder)?;
        shell::run(shell::program("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = shell::program(folder.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        shell::run(pip.arg("--requirement").arg(&pins))
    })
}
