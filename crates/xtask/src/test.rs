//! `cargo xtask test`: install what the tests need, build once, run everything.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::dist::Dist;
use crate::phases::Phases;
use crate::{prove, scripts, shell, tools, workspace};

/// Tests that run at the same time. Most of them wait for a heart to stop, so more than there are cores.
const THREADS: &str = "8";

#[derive(Args)]
pub(crate) struct Test {
    /// Handed to `cargo test` as it is, such as the name of a test
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Test {
    pub(crate) fn run(&self) -> Result<()> {
        let mut phases = Phases::default();
        run_phases(&mut phases, &self.args);
        phases.finish()
    }
}

/// The phases of the tests: tools, build, what is shipped, tests, scripts, proofs. Whoever asks for a test by name gets
/// the tests alone, on what was shipped last.
pub(crate) fn run_phases(phases: &mut Phases, args: &[OsString]) {
    if !prepare(phases) {
        return;
    }
    if args.is_empty() {
        // Images are tested as they are shipped.
        phases.run("dist", || Dist::for_tests().run());
    }
    phases.run("tests", || {
        let mut test = shell::cargo("test");
        test.args(["--workspace", "--exclude", prove::PROOFS, "--no-fail-fast"]).args(args);
        shell::run(of_processes(&mut test))
    });
    if args.is_empty() {
        phases.run("scripts", scripts::run);
        prove::run_phases(phases);
    }
}

/// What tests need that start the built binaries.
pub(crate) fn of_processes(test: &mut Command) -> &mut Command {
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        test.env("RUST_TEST_THREADS", THREADS);
    }
    test.env("FLATLINE_BIN_DIR", workspace::target().join("debug"))
}

/// Installs what the tests need and builds them; says whether that went well.
pub(crate) fn prepare(phases: &mut Phases) -> bool {
    phases.run("test tools", tools::install);
    phases.run("build", || shell::run(shell::cargo("build").args(["--workspace", "--bins", "--tests"])))
}
