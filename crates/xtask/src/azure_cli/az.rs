//! The Azure CLI, offline and logged out.

use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::line::Line;
use crate::shell;

/// How the CLI ends where its parser refuses a command line.
const REFUSED: i32 = 2;

/// What it says once a command line is parsed: that nobody is logged in, or that a registry, which it asks first, is out
/// of reach.
const PARSED: [&str; 2] = ["az login", "Could not connect to the registry"];

/// A proxy that nobody is: nothing leaves this machine.
const NOWHERE: &str = "http://127.0.0.1:9";

pub(super) struct Az {
    program: PathBuf,
    /// Its home and its settings: nobody's login is found there, and nothing is left of it.
    home: TempDir,
}

impl Az {
    /// The CLI that is this program, after a first call, which makes the index of commands that the others share.
    pub(super) fn new(program: PathBuf) -> Result<Self> {
        let home = tempfile::tempdir().context("cannot make a home for the Azure CLI")?;
        let az = Self { program, home };
        az.help("group show")?;
        Ok(az)
    }

    /// What it says to `--version`, such as `2.91.0`.
    pub(super) fn version(&self) -> Result<String> {
        let output = self.run(["--version"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().find_map(|line| line.strip_prefix("azure-cli")).unwrap_or_default();
        Ok(version.trim().to_owned())
    }

    /// The help of a command; that of its group where there is no such command.
    pub(super) fn help(&self, command: &str) -> Result<String> {
        let output = self.run(command.split(' ').chain(["--help"]))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether its parser takes the line, else why not.
    pub(super) fn reads(&self, line: &Line) -> Result<Result<(), String>> {
        let output = self.run(line.words())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let reason =
            said.lines().find(|line| line.starts_with("ERROR")).unwrap_or("it says nothing").to_owned();
        Ok(match output.status.code() {
            Some(REFUSED) => Err(reason),
            Some(_) if PARSED.iter().any(|sign| said.contains(sign)) => Ok(()),
            _ => Err(format!("{}, neither refused nor parsed: {reason}", output.status)),
        })
    }

    fn run<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Result<Output> {
        let mut command: Command = shell::program(&self.program);
        command
            .args(words)
            .env("HOME", self.home.path())
            .env("AZURE_CONFIG_DIR", self.home.path())
            .env("AZURE_CORE_COLLECT_TELEMETRY", "no")
            // A command of an extension is a fault, not a reason to download.
            .env("AZURE_EXTENSION_USE_DYNAMIC_INSTALL", "no")
            .envs(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map(|name| (name, NOWHERE)))
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            // Wide, so that no flag is wrapped.
            .env("COLUMNS", "200");
        command.output().with_context(|| format!("cannot run {}", self.program.display()))
    }
}
