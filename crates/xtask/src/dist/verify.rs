//! `--verify`: the same sources in another folder must give the same bytes.

use std::fs;

use anyhow::{Context, Result, bail};

use super::place::Place;
use super::{make, sums};
use crate::workspace;

/// Copies the sources, makes everything from the copy in a target folder of its own, and compares the sums.
pub(super) fn run(place: &Place) -> Result<()> {
    let elsewhere = place.workbench()?;
    let copy = Place {
        sources: elsewhere.path().join("a copy of the sources"),
        cargo_target: elsewhere.path().join("target"),
        target: place.target.clone(),
        revision: place.revision.clone(),
    };
    copy_sources(&copy)?;
    fs::create_dir_all(&copy.cargo_target)?;
    make(&copy)?;
    compare(&read(place)?, &read(&copy)?)
}

fn copy_sources(copy: &Place) -> Result<()> {
    for file in workspace::files()? {
        let to = copy.sources.join(&file);
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(workspace::root().join(&file), &to)
            .with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

fn read(place: &Place) -> Result<String> {
    fs::read_to_string(place.out().join(sums::FILE)).context("cannot read the sums")
}

fn compare(here: &str, there: &str) -> Result<()> {
    let only = |lines: &str, other: &str| -> Vec<String> {
        let other: Vec<_> = other.lines().collect();
        lines.lines().filter(|line| !other.contains(line)).map(str::to_owned).collect()
    };
    let (here_only, there_only) = (only(here, there), only(there, here));
    if here_only.is_empty() && there_only.is_empty() {
        println!("the same bytes from another folder: {} files", here.lines().count());
        return Ok(());
    }
    bail!(
        "a copy of the sources in another folder gives other bytes.\nhere:\n{}\nthere:\n{}",
        here_only.join("\n"),
        there_only.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sums_are_named_and_equal_ones_pass() {
        assert!(compare("1  a\n2  b\n", "1  a\n2  b\n").is_ok());
        let error = compare("1  a\n2  b\n", "1  a\n3  b\n").unwrap_err().to_string();
        assert!(error.contains("here:\n2  b\nthere:\n3  b"), "{error}");
        assert!(compare("1  a\n", "").is_err(), "a file that is missing there");
    }
}
