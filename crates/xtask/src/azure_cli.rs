//! Every `az` command line of the cluster scripts, read by the real Azure CLI. Nobody is logged in, so nothing is ever
//! asked of Azure.
//!
//! The scripts' own tests make the command lines, against a stand-in that records them. The real parser must take each
//! of them; and since it takes any beginning of a flag that is not ambiguous today, each flag must stand in the command's
//! help letter by letter. The same two checks must find fault with lines that are wrong on purpose.

mod az;
mod help;
mod line;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::{shell, tools, workspace};
use az::Az;
use line::Line;

/// Lines that are wrong on purpose, and what must be found.
const WRONG: [(&str, &[&str]); 3] = [
    ("a misspelt flag", &["group", "show", "--nmae", "flatline-a"]),
    ("an abbreviated flag", &["group", "show", "--resource-gr", "flatline-a"]),
    ("a command that is none", &["group", "shew", "--name", "flatline-a"]),
];

/// Instances of the CLI that run at the same time; each takes a second or two, most of it reading files.
const AT_ONCE: usize = 2;

/// Installs the Azure CLI and has it read what the scripts say to it.
pub(crate) fn check() -> Result<()> {
    if shell::find("bats").is_none() {
        eprintln!("skipped: there is no bats, so no command line of the scripts is read by the Azure CLI");
        return Ok(());
    }
    let az = Az::new(tools::install_azure_cli()?)?;
    let lines = Line::of_every_form(&recorded()?)?;
    ensure!(!lines.is_empty(), "the tests of the scripts recorded no call of az");
    for (what, words) in WRONG {
        ensure!(!faults(&az, &[Line::new(words)])?.is_empty(), "the check does not find {what}");
    }
    let found = faults(&az, &lines)?;
    for fault in &found {
        eprintln!("{fault}");
    }
    ensure!(
        found.is_empty(),
        "the Azure CLI finds fault with {} of {} command lines",
        found.len(),
        lines.len()
    );
    eprintln!("{} forms of az command lines are as the Azure CLI {} takes them", lines.len(), az.version()?);
    Ok(())
}

/// Runs the scripts' tests and returns every call that they recorded, one JSON array a line.
fn recorded() -> Result<String> {
    let file = tempfile::NamedTempFile::new().context("cannot make a temporary file")?;
    let steps = workspace::files_with("bats")?.into_iter().filter(|file| uses_stand_in(file));
    let tests: Vec<PathBuf> = steps.collect();
    ensure!(!tests.is_empty(), "no test of the scripts uses the stand-in of az");
    shell::run(shell::program("bats").args(&tests).env("FLATLINE_CALLS", file.path()))?;
    std::fs::read_to_string(file.path()).context("cannot read what the scripts' tests recorded")
}

/// The drills have a stand-in of their own, and no `az`.
fn uses_stand_in(test: &std::path::Path) -> bool {
    workspace::read(test).is_ok_and(|text| text.lines().any(|line| line == "load helper"))
}

/// What is wrong with the lines, each with the reason.
fn faults(az: &Az, lines: &[Line]) -> Result<Vec<String>> {
    let mut by_command: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        by_command.entry(line.command()).or_default().push(line);
    }
    let queue = Mutex::new(by_command.into_iter());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    let work = || -> Result<Vec<String>> {
        let mut found = Vec::new();
        while let Some((command, lines)) = next() {
            found.extend(faults_of(az, &command, &lines)?);
        }
        Ok(found)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(of_worker) => found.extend(of_worker?),
                Err(_) => bail!("a thread of the check died"),
            }
        }
        Ok(found)
    })
}

/// What is wrong with lines of one command.
fn faults_of(az: &Az, command: &str, lines: &[&Line]) -> Result<Vec<String>> {
    let help = az.help(command)?;
    let known = help::flags(&help);
    let mut found = Vec::new();
    for line in lines {
        if let Err(reason) = az.reads(line)? {
            found.push(format!("`{line}`: {reason}"));
        }
        let unknown = line.flags().filter(|flag| !known.contains(flag));
        found.extend(unknown.map(|flag| format!("`{line}`: the help of `az {command}` has no {flag}")));
    }
    Ok(found)
}
