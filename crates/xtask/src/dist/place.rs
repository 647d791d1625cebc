//! Where a distribution is made from, what for, and where it goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{shell, workspace};

/// One checkout of the sources, the folder it is built in, and the platform it is built for.
pub(super) struct Place {
    /// The root of the checkout: this one, or a copy of it.
    pub(super) sources: PathBuf,
    /// Cargo's target folder.
    pub(super) cargo_target: PathBuf,
    /// The platform, such as `x86_64-unknown-linux-gnu`.
    pub(super) target: String,
    /// The commit, with `-dirty` where files differ from it; `unknown` outside git.
    pub(super) revision: String,
}

impl Place {
    pub(super) fn of_this_checkout(target: &str) -> Self {
        Self {
            sources: workspace::root().to_owned(),
            cargo_target: workspace::target(),
            target: target.to_owned(),
            revision: revision(),
        }
    }

    /// What is shipped goes here.
    pub(super) fn out(&self) -> PathBuf {
        self.cargo_target.join("dist")
    }

    /// The folder that the images are built from.
    pub(super) fn context(&self) -> PathBuf {
        self.out().join("context")
    }

    /// Where cargo leaves the binaries.
    pub(super) fn built(&self) -> PathBuf {
        self.cargo_target.join(&self.target).join("release")
    }

    /// Removes what an earlier run shipped, so that nothing of it is taken for a part of this one.
    pub(super) fn clear(&self) -> Result<()> {
        let out = self.out();
        if out.exists() {
            fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
        }
        fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))
    }

    /// A folder for what is needed on the way, beside what is shipped; it goes with the value.
    pub(super) fn workbench(&self) -> Result<TempDir> {
        let bench = tempfile::Builder::new().prefix("dist-").tempdir_in(&self.cargo_target);
        bench.with_context(|| format!("cannot create a folder in {}", self.cargo_target.display()))
    }

    /// The cargo that runs this, for this checkout and its target folder.
    pub(super) fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = shell::cargo(subcommand);
        cargo.current_dir(&self.sources).env("CARGO_TARGET_DIR", &self.cargo_target);
        cargo
    }

    /// The processor in the words of image formats; none for a platform that no image is made for.
    pub(super) fn architecture(&self) -> Option<&'static str> {
        match self.target.split('-').next()? {
            "x86_64" => Some("amd64"),
            "aarch64" => Some("arm64"),
            _ => None,
        }
    }
}

fn revision() -> String {
    let git = |args: &[&str]| shell::answer(shell::program("git").args(args));
    let changed = git(&["status", "--porcelain"]).is_some_and(|files| !files.is_empty());
    match git(&["rev-parse", "HEAD"]) {
        Some(commit) if changed => format!("{commit}-dirty"),
        Some(commit) => commit,
        None => "unknown".to_owned(),
    }
}

/// Copies a file and gives it a mode, whatever the mask of the user who builds.
pub(super) fn copy_with_mode(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let doing = || format!("cannot copy {} to {}", from.display(), to.display());
    fs::copy(from, to).with_context(doing)?;
    set_mode(to, mode)
}

/// Gives a file or folder a mode.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_the_name_that_image_formats_give_its_processor() {
        for (target, expected) in [
            ("x86_64-unknown-linux-gnu", Some("amd64")),
            ("aarch64-unknown-linux-gnu", Some("arm64")),
            ("riscv64gc-unknown-linux-gnu", None),
        ] {
            assert_eq!(Place::of_this_checkout(target).architecture(), expected, "{target}");
        }
    }
}
