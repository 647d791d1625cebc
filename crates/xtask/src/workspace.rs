//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

/// Cargo's target folder: `target` in the repository unless `CARGO_TARGET_DIR` says otherwise.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Every file of the repository, relative to its root: what git tracks, and what is new and not ignored.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("cannot run git, which lists the repository's files")?;
    ensure!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim());
    let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    // A file that was deleted and not yet committed is still listed.
    Ok(files.filter(|file| root().join(file).is_file()).collect())
}

/// The files of the repository with this extension, such as `md`.
pub(crate) fn files_with(extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = files()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    Ok(files)
}

/// The text of a file of the repository.
pub(crate) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {}", file.display()))
}
