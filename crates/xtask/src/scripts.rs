//! The shell scripts: linted by shellcheck, played by bats against stand-ins for every program that reaches out.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::{shell, test, workspace};

/// Lints and tests every script of the repository; says what is left out where a program is missing.
pub(crate) fn run() -> Result<()> {
    let scripts: Vec<_> = workspace::files()?.into_iter().filter(|file| is_script(file)).collect();
    ensure!(!scripts.is_empty(), "the repository has no scripts, where it must have some");
    lint(&scripts)?;
    play(&scripts)
}

fn is_script(file: &Path) -> bool {
    let text = || workspace::read(file).unwrap_or_default();
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("sh" | "bash" | "bats") => true,
        Some(_) => false,
        None => text().starts_with("#!/usr/bin/env bash"),
    }
}

/// Libraries are looked at from the scripts that use them, since they share variables.
fn lint(scripts: &[PathBuf]) -> Result<()> {
    if shell::find("shellcheck").is_none() {
        eprintln!("skipped: there is no shellcheck, so the scripts are not linted");
        return Ok(());
    }
    let whole = scripts.iter().filter(|file| !file.components().any(|part| part.as_os_str() == "lib"));
    shell::run(shell::program("shellcheck").arg("--check-sourced").args(whole))
}

fn play(scripts: &[PathBuf]) -> Result<()> {
    if shell::find("bats").is_none() {
        eprintln!("skipped: there is no bats, so the scripts are not tested");
        return Ok(());
    }
    let tests = scripts.iter().filter(|file| file.extension().is_some_and(|extension| extension == "bats"));
    // Some drills meet the built programs.
    shell::run(test::of_processes(shell::program("bats").args(tests)))
}
