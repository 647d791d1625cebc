//! Versions and lints stand in the workspace's tables; each crate opts in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::workspace;

/// What a crate takes over from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];
/// The tables of a manifest that name packages.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// The places where a crate goes its own way, and the packages that none of them uses.
pub(super) fn check() -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (file, manifest) in crates()? {
        let file = file.display();
        findings.extend(strays(&manifest).into_iter().map(|stray| format!("{file}: {stray}")));
        used.extend(dependencies(&manifest).map(|(name, _)| name.to_owned()));
    }
    let root = parse(Path::new("Cargo.toml"))?;
    let offered = lookup(&root, "workspace.dependencies").and_then(Value::as_table).into_iter().flatten();
    let unused = offered.filter(|(name, value)| value.get("path").is_none() && !used.contains(*name));
    findings
        .extend(unused.map(|(name, _)| format!("Cargo.toml: no crate uses workspace.dependencies.{name}")));
    Ok(findings)
}

/// The names of the workspace's crates.
pub(crate) fn crate_names() -> Result<Vec<String>> {
    let name = |manifest: &Table| Some(lookup(manifest, "package.name")?.as_str()?.to_owned());
    Ok(crates()?.iter().filter_map(|(_, manifest)| name(manifest)).collect())
}

/// The manifests of the workspace's crates. The fuzz targets are a workspace of their own.
fn crates() -> Result<Vec<(PathBuf, Table)>> {
    let files = workspace::files()?.into_iter();
    let manifests = files.filter(|file| file.ends_with("Cargo.toml") && file.components().count() > 1);
    let parsed =
        manifests.map(|file| parse(&file).map(|manifest| (file, manifest))).collect::<Result<Vec<_>>>()?;
    Ok(parsed.into_iter().filter(|(_, manifest)| !manifest.contains_key("workspace")).collect())
}

fn parse(file: &Path) -> Result<Table> {
    workspace::read(file)?.parse().with_context(|| format!("cannot parse {}", file.display()))
}

/// What one manifest does not take from the workspace.
fn strays(manifest: &Table) -> Vec<String> {
    let inherits = |key: &str| lookup(manifest, &format!("{key}.workspace")) == Some(&Value::Boolean(true));
    let keys = INHERITED.map(|field| format!("package.{field}")).into_iter().chain(["lints".to_owned()]);
    let missing = keys.filter(|key| !inherits(key)).map(|key| format!("`{key}.workspace = true` is missing"));
    let own = dependencies(manifest)
        .filter(|(_, value)| value.get("workspace") != Some(&Value::Boolean(true)))
        .map(|(name, _)| format!("{name} does not come from workspace.dependencies"));
    missing.chain(own).collect()
}

/// Every package that a manifest names, those for one platform included.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&str, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = platforms.filter_map(Value::as_table).chain([manifest]);
    tables
        .flat_map(|table| DEPENDENCIES.into_iter().filter_map(|key| table.get(key)?.as_table()))
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// The value at a dotted path.
fn lookup<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = table.get(first)?;
    rest.map_or(Some(value), |rest| lookup(value.as_table()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [package]
        name = "good"
        version.workspace = true
        edition.workspace = true
        rust-version.workspace = true
        license.workspace = true
        publish.workspace = true
        [dependencies]
        anyhow.workspace = true
        [dev-dependencies]
        tokio = { workspace = true, features = ["test-util"] }
        [lints]
        workspace = true
    "#;

    #[test]
    fn a_crate_that_takes_everything_from_the_workspace_is_in_order() {
        assert_eq!(strays(&GOOD.parse().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn a_crate_that_goes_its_own_way_is_named_with_the_place() {
        let table = [
            (GOOD.replace("[lints]\n        workspace = true", ""), "`lints.workspace = true` is missing"),
            (
                GOOD.replace("edition.workspace = true", "edition = \"2021\""),
                "`package.edition.workspace = true` is missing",
            ),
            (
                GOOD.replace("anyhow.workspace = true", "anyhow = \"1\""),
                "anyhow does not come from workspace.dependencies",
            ),
            (
                format!("{GOOD}\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\""),
                "libc does not come from workspace.dependencies",
            ),
        ];
        for (manifest, stray) in table {
            assert_eq!(strays(&manifest.parse().unwrap()), [stray]);
        }
    }
}
