//! `docs/benchmarks.md`: the figures of the last published run, between two marks.

use std::fs;

use anyhow::{Context, Result};

use super::machine;
use super::table::Table;
use crate::workspace;

const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --write` -->\n";
const END: &str = "<!-- end of the figures -->";

/// Puts the table into the page, with when, where and how it was measured.
pub(super) fn write(table: &Table, command_line: &str) -> Result<()> {
    let path = workspace::root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let figures = format!("\n`{command_line}`\n\n{}.\n\n{}\n", machine::describe(), table.markdown());
    let page =
        replaced(&page, &figures).with_context(|| format!("{PAGE} has lost the marks of its figures"))?;
    fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))
}

fn replaced(page: &str, figures: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{figures}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_replace_the_last_ones_and_nothing_else() {
        let page = format!("# Title\n{BEGIN}old\n{END}\nfoot\n");
        let expected = format!("# Title\n{BEGIN}new\n{END}\nfoot\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("# Title\n", "new\n"), None);
    }
}
