//! The crates that are linked into one binary on one platform, by `cargo tree`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use crate::dist::place::Place;

/// A crate, in the order of names and versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) license: String,
}

impl Crate {
    /// The package URL, which scanners look vulnerabilities up by.
    pub(super) fn purl(&self) -> String {
        // Of the characters that versions may hold, only the plus sign means something else in a URL.
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }
}

/// A binary's crate and everything below it.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Crate,
    pub(super) crates: BTreeSet<Crate>,
    /// What each crate depends on directly.
    pub(super) edges: BTreeMap<Crate, BTreeSet<Crate>>,
}

impl Tree {
    /// Asks cargo. Macros and build scripts are left out: they run on the machine that builds.
    pub(super) fn of(place: &Place, package: &str) -> Result<Self> {
        let mut cargo = place.cargo("tree");
        cargo.args(["--locked", "--package", package, "--target", &place.target]);
        cargo.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}|{l}"]);
        let output = cargo.output().context("cannot run `cargo tree`")?;
        ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
        Self::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// Reads lines such as `2ring v0.17.14|Apache-2.0 AND ISC`: depth, crate and licence, parents before children.
    /// A crate that was listed before carries `(*)` and no children.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut ancestors: Vec<Crate> = Vec::new();
        let (mut crates, mut edges) = (BTreeSet::new(), BTreeMap::<Crate, BTreeSet<Crate>>::new());
        for line in text.lines() {
            let (depth, found) = parse_line(line).with_context(|| format!("cargo tree says {line:?}"))?;
            ensure!(depth <= ancestors.len(), "cargo tree skips a level at {line:?}");
            ancestors.truncate(depth);
            if let Some(parent) = ancestors.last() {
                edges.entry(parent.clone()).or_default().insert(found.clone());
            }
            edges.entry(found.clone()).or_default();
            crates.insert(found.clone());
            ancestors.push(found);
        }
        let root = ancestors.into_iter().next().context("cargo tree says nothing")?;
        Ok(Self { root, crates, edges })
    }
}

fn parse_line(line: &str) -> Option<(usize, Crate)> {
    let digits = line.find(|letter: char| !letter.is_ascii_digit())?;
    let (depth, rest) = line.split_at(digits);
    let (package, license) = rest.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    let license = license.trim_end_matches(" (*)");
    // The old way to write a choice.
    let license = if license.contains(" OR ") { license.to_owned() } else { license.replace('/', " OR ") };
    Some((depth.parse().ok()?, Crate { name, version, license }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_depth_a_crate_and_a_licence() {
        for (line, expected) in [
            (
                "0heart-monitor v0.1.0 (/sources/heart-monitor)|MIT",
                Some((0, "heart-monitor", "0.1.0", "MIT")),
            ),
            ("12fnv v1.0.7|Apache-2.0/MIT (*)", Some((12, "fnv", "1.0.7", "Apache-2.0 OR MIT"))),
            ("1nothing v1.0.0|", Some((1, "nothing", "1.0.0", ""))),
            ("ring v0.17.14|ISC", None),
            ("1ring 0.17.14|ISC", None),
            ("", None),
        ] {
            let found = parse_line(line);
            let found = found.as_ref().map(|(depth, it)| (*depth, &*it.name, &*it.version, &*it.license));
            assert_eq!(found, expected, "{line:?}");
        }
    }

    #[test]
    fn a_plus_sign_in_a_version_is_escaped_in_its_package_url() {
        let (_, found) = parse_line("1tz v1.2.3+2025a|MIT").unwrap();
        assert_eq!(found.purl(), "pkg:cargo/tz@1.2.3%2B2025a");
    }
}
