//! An image in a sandbox.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use flatline_tests::{Exit, OciImage, Program, optional_tool, shipped_image};
use tempfile::TempDir;

/// Longer than any of these runs takes.
const SHORT_RUN: Duration = Duration::from_secs(40);

/// An unpacked image, and what a pod adds to it.
pub(crate) struct Container {
    bubblewrap: PathBuf,
    image: OciImage,
    root: TempDir,
    mounts: Vec<(PathBuf, String)>,
    variables: Vec<(String, String)>,
}

impl Container {
    /// Unpacks a shipped image; none, with a printed reason, where that is impossible here.
    pub(crate) fn of(name: &str) -> Result<Option<Self>> {
        let Some(archive) = shipped_image(name) else {
            println!(
                "skipped: there is no image {name}: `cargo xtask dist` builds it where it finds buildah"
            );
            return Ok(None);
        };
        let Some(bubblewrap) = optional_tool("bwrap") else {
            println!("skipped: bubblewrap is not installed, so the image {name} is not run");
            return Ok(None);
        };
        let image = OciImage::read(&archive)?;
        let root = tempfile::Builder::new().prefix("flatline-image-").tempdir()?;
        image.unpack(root.path())?;
        for folder in ["proc", "dev"] {
            fs::create_dir(root.path().join(folder))?;
        }
        let container = Self { bubblewrap, image, root, mounts: Vec::new(), variables: Vec::new() };
        Ok(Some(container))
    }

    /// Mounts a file read-only, over what the image has there.
    pub(crate) fn mount(mut self, from: &Path, to: &str) -> Result<Self> {
        let place = self.root.path().join(to.trim_start_matches('/'));
        // As container runtimes do, since nothing can be mounted where nothing is.
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&place)
            .with_context(|| format!("no place for {to}"))?;
        self.mounts.push((from.to_owned(), to.to_owned()));
        Ok(self)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the image starts where a pod names no command.
    pub(crate) fn entry_point(&self) -> Vec<&str> {
        self.settings("Entrypoint")
    }

    /// Runs a command to its end; its first word is looked for on the image's own `PATH`.
    pub(crate) fn run(&self, command: &[&str]) -> Result<Exit> {
        let mut bwrap = Program::at(&self.bubblewrap).arg("--ro-bind").arg(self.root.path()).arg("/");
        for (from, to) in &self.mounts {
            bwrap = bwrap.arg("--ro-bind").arg(from).arg(to);
        }
        bwrap = bwrap.args(["--proc", "/proc", "--dev", "/dev", "--unshare-user", "--unshare-pid"]);
        bwrap =
            bwrap.args(["--as-pid-1", "--uid", "65532", "--gid", "65532", "--cap-drop", "ALL", "--clearenv"]);
        for (name, value) in self.settings("Env").into_iter().filter_map(|variable| variable.split_once('='))
        {
            bwrap = bwrap.args(["--setenv", name, value]);
        }
        for (name, value) in &self.variables {
            bwrap = bwrap.args(["--setenv", name, value]);
        }
        bwrap.args(command).start()?.exit_within(SHORT_RUN)
    }

    /// A list of words in the image's configuration.
    fn settings(&self, key: &str) -> Vec<&str> {
        let words = self.image.config()["config"][key].as_array();
        words.into_iter().flatten().filter_map(|word| word.as_str()).collect()
    }
}
