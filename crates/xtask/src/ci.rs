//! `cargo xtask ci`: what a change must pass, by the same commands that people call.

use anyhow::Result;

use crate::fuzz::Fuzz;
use crate::phases::Phases;
use crate::{azure_cli, checks, shell, test, tools, workspace};

/// The tools that are too slow to build for every change.
const SLOW_TOOLS: [&str; 2] = ["cargo-deny", "cargo-fuzz"];

/// The checks that need nothing but the tests' own tools.
pub(crate) fn quick() -> Result<()> {
    let mut phases = Phases::default();
    run_phases(&mut phases);
    phases.finish()
}

/// Installs the slow tools, runs the same checks with them, then fuzzes each target for a while.
pub(crate) fn full() -> Result<()> {
    let mut phases = Phases::default();
    phases.run("slow tools", || SLOW_TOOLS.into_iter().try_for_each(tools::install_cargo_tool));
    run_phases(&mut phases);
    phases.run("az command lines", azure_cli::check);
    phases.run("each crate alone", each_crate_alone);
    phases.run("fuzz", || Fuzz::for_ci().run());
    phases.finish()
}

fn run_phases(phases: &mut Phases) {
    test::run_phases(phases, &[]);
    phases.run("format", format);
    phases.run("lints", lints);
    phases.run("documents", documents);
    phases.run("supply chain", supply_chain);
    phases.run("repository", checks::run);
}

fn format() -> Result<()> {
    shell::run(shell::cargo("fmt").args(["--all", "--check"]))?;
    // The fuzz targets are a workspace of their own, which the stable toolchain does not build.
    let targets = workspace::files_with("rs")?.into_iter().filter(|file| file.starts_with("fuzz"));
    shell::run(shell::program("rustfmt").args(["--check", "--edition", "2024"]).args(targets))
}

fn lints() -> Result<()> {
    shell::run(shell::cargo("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn documents() -> Result<()> {
    shell::run(
        shell::cargo("doc").args(["--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn supply_chain() -> Result<()> {
    let Some(cargo_deny) = tools::cargo_tool("cargo-deny") else {
        eprintln!("skipped: cargo-deny is not installed (`cargo xtask ci-full` installs it)");
        return Ok(());
    };
    shell::run(shell::program(cargo_deny).args([
        "--log-level",
        "warn",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// A crate that leans on features which only its neighbours switch on fails here.
fn each_crate_alone() -> Result<()> {
    for name in checks::crate_names()? {
        shell::run(shell::cargo("check").args(["--quiet", "--all-targets", "-p", &name]))?;
    }
    Ok(())
}
