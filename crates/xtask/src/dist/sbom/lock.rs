//! The checksums of crates, which the lock file pins.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use toml::Table;

/// SHA-256 of each crate's archive, by name and version.
pub(super) struct Checksums(BTreeMap<(String, String), String>);

impl Checksums {
    pub(super) fn read(sources: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(sources.join("Cargo.lock")).context("cannot read Cargo.lock")?;
        Self::parse(&text)
    }

    pub(super) fn parse(lock: &str) -> Result<Self> {
        let lock: Table = lock.parse().context("Cargo.lock is no TOML")?;
        let packages = lock.get("package").and_then(|packages| packages.as_array());
        let packages = packages.into_iter().flatten().filter_map(|package| {
            let text = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
            Some(((text("name")?, text("version")?), text("checksum")?))
        });
        Ok(Self(packages.collect()))
    }

    /// That of a crate; none for one of this workspace.
    pub(super) fn of(&self, name: &str, version: &str) -> Option<&str> {
        self.0.get(&(name.to_owned(), version.to_owned())).map(String::as_str)
    }
}
