//! `cargo xtask fuzz`: random bytes for the parsers that face the store and the user.
//!
//! With a nightly toolchain and cargo-fuzz the targets in `fuzz/` run, guided by coverage. Without them the
//! property tests of the same parsers run for as long, with far more cases than usual.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::{shell, tools, workspace};

/// Cases of each property in one round of the fallback: a few seconds' worth.
const CASES: &str = "20000";

#[derive(Args)]
pub(crate) struct Fuzz {
    /// How long each target runs; all properties together, where they stand in
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

impl Fuzz {
    pub(crate) fn for_ci() -> Self {
        Self { seconds: 30 }
    }

    pub(crate) fn run(&self) -> Result<()> {
        if let Err(reason) = coverage_guided() {
            eprintln!("skipped: {reason}, so property tests stand in for the fuzz targets");
            return self.properties();
        }
        targets()?.iter().try_for_each(|target| self.target(target))
    }

    fn target(&self, name: &str) -> Result<()> {
        let mut fuzz = shell::program("rustup");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = tools::cargo_tool("cargo-fuzz").and_then(|file| Some(file.parent()?.to_owned()));
        fuzz.env("PATH", std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?);
        // Set by the stable cargo that runs this; they would take precedence over the nightly one.
        fuzz.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
        fuzz.args(["run", "nightly", "cargo", "fuzz", "run", "--target-dir"])
            .arg(workspace::target().join("fuzz"));
        fuzz.args([name, "--"]);
        shell::run(
            fuzz.arg(format!("-max_total_time={}", self.seconds))
                .args(["-verbosity=0", "-print_final_stats=1"]),
        )
    }

    fn properties(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(self.seconds);
        loop {
            let mut test = shell::cargo("test");
            test.env("PROPTEST_CASES", CASES).args([
                "--quiet",
                "-p",
                "failover-policy",
                "-p",
                "heartbeat-store",
            ]);
            shell::run(test.args(["--lib", "panic"]))?;
            if Instant::now() >= deadline {
                return Ok(());
            }
        }
    }
}

/// Whether fuzzing that is guided by coverage can run here; else what is missing.
fn coverage_guided() -> Result<(), &'static str> {
    if tools::cargo_tool("cargo-fuzz").is_none() {
        return Err("cargo-fuzz is not installed");
    }
    let nightly = shell::answer(shell::program("rustup").args(["run", "nightly", "rustc", "--version"]));
    nightly.map(drop).ok_or("there is no nightly toolchain")
}

/// The names of the fuzz targets.
fn targets() -> Result<Vec<String>> {
    let files = workspace::files_with("rs")?.into_iter();
    let targets = files.filter(|file| file.starts_with("fuzz/fuzz_targets"));
    Ok(targets.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect())
}
