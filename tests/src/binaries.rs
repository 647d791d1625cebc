//! Where the binaries under test are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail, ensure};

/// Names a folder that holds all of them, built before. Without it they are built on first use.
const BIN_DIR: &str = "FLATLINE_BIN_DIR";

/// The folder that [`use_binaries_in`] named.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// What cargo built for this process: the file of each binary, or why there is none.
static BUILT: OnceLock<Result<BTreeMap<String, PathBuf>, String>> = OnceLock::new();

/// A program that the tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// The beacon.
    HeartbeatWriter,
    /// The gate.
    HeartMonitor,
    /// The stand-in for the classic .NET pair.
    ClassicStandIn,
    /// A workload that says when it ran.
    MarkingWorkload,
}

impl Binary {
    /// The file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeartbeatWriter => "heartbeat-writer",
            Self::HeartMonitor => "heart-monitor",
            Self::ClassicStandIn => "classic-stand-in",
            Self::MarkingWorkload => "marking-workload",
        }
    }

    /// The file, built if need be.
    pub fn path(self) -> Result<PathBuf> {
        let named = FOLDER.get().cloned().or_else(|| std::env::var_os(BIN_DIR).map(PathBuf::from));
        if let Some(folder) = named {
            let path = folder.join(self.name());
            ensure!(path.is_file(), "there is no {}; build it, or unset {BIN_DIR}", path.display());
            return Ok(path);
        }
        let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
        match built {
            Ok(paths) => {
                paths.get(self.name()).cloned().with_context(|| format!("cargo built no {}", self.name()))
            }
            Err(reason) => bail!("cannot build the binaries under test: {reason}"),
        }
    }
}

/// Makes this process run the binaries in a folder, whatever the environment says. The first call counts.
pub fn use_binaries_in(folder: PathBuf) {
    FOLDER.get_or_init(|| folder);
}

/// Builds all binaries in the profile of the running test and returns where cargo put them.
fn build() -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bins", "--message-format=json-render-diagnostics"]);
    command.args(["-p", "heartbeat-writer", "-p", "heart-monitor", "-p", "flatline-tests"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo build ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect())
}

/// The name and file of an executable that a line of cargo's messages tells of.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(path)))
}
