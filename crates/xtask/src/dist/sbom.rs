//! A bill of materials for each binary, as `CycloneDX`: every crate that is linked into it, and the two libraries
//! that no lock file names, Rust's own and C's.
//!
//! Written here rather than by `cargo-cyclonedx`, which finds the same crates: docs/images.md says why.

mod libraries;
mod lock;
mod tree;

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use self::lock::Checksums;
use self::tree::{Crate, Tree};
use super::binaries::BINARIES;
use super::place::Place;
use super::sums::sha256;

/// Writes `sbom/NAME.cdx.json` for each binary.
pub(super) fn write(place: &Place) -> Result<()> {
    let folder = place.out().join("sbom");
    fs::create_dir_all(&folder)?;
    let checksums = Checksums::read(&place.sources)?;
    for name in BINARIES {
        let tree = Tree::of(place, name)?;
        let sum = sha256(&fs::read(place.out().join(name))?);
        let bill = bill(&tree, &checksums, &sum, libraries::linked_in(place));
        let file = folder.join(format!("{name}.cdx.json"));
        let text = serde_json::to_string_pretty(&bill)? + "\n";
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let count = bill["components"].as_array().map_or(0, Vec::len);
        println!("{name:<18} {count:>6}       components in its bill of materials");
    }
    Ok(())
}

/// The bill, without a time or a serial number, which the format does not ask for: the same binary, the same bytes.
fn bill(tree: &Tree, checksums: &Checksums, sum: &str, libraries: Vec<Value>) -> Value {
    let mut application = component("application", &tree.root, None);
    application["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    let crates = tree.crates.iter().filter(|found| **found != tree.root);
    let crates = crates.map(|found| component("library", found, checksums.of(&found.name, &found.version)));
    let mut components: Vec<Value> = crates.collect();
    components.extend(libraries);
    let dependencies = tree.edges.iter().map(|(from, to)| {
        json!({ "ref": from.purl(), "dependsOn": to.iter().map(Crate::purl).collect::<Vec<_>>() })
    });
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": application },
        "components": components,
        "dependencies": dependencies.collect::<Vec<_>>(),
    })
}

fn component(kind: &str, found: &Crate, checksum: Option<&str>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": found.purl(),
        "name": found.name,
        "version": found.version,
        "purl": found.purl(),
    });
    if !found.license.is_empty() {
        component["licenses"] = json!([{ "expression": found.license }]);
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_each_crate_once_with_its_licence_sum_and_dependencies() {
        let tree = Tree::parse(
            "0beacon v0.1.0 (/sources/beacon)|MIT\n\
             1url v2.5.4|MIT OR Apache-2.0\n\
             2idna v1.1.0|MIT\n\
             1idna v1.1.0|MIT (*)\n",
        )
        .unwrap();
        let lock = "[[package]]\nname = \"url\"\nversion = \"2.5.4\"\nchecksum = \"abc\"\n";
        let bill = bill(&tree, &Checksums::parse(lock).unwrap(), "def", Vec::new());
        assert_eq!(bill["metadata"]["component"]["name"], "beacon");
        assert_eq!(bill["metadata"]["component"]["hashes"][0]["content"], "def");
        let names: Vec<_> = bill["components"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["idna", "url"]);
        assert_eq!(bill["components"][1]["hashes"][0]["content"], "abc");
        assert_eq!(bill["components"][1]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["dependencies"][0]["ref"], "pkg:cargo/beacon@0.1.0");
        assert_eq!(
            bill["dependencies"][0]["dependsOn"],
            json!(["pkg:cargo/idna@1.1.0", "pkg:cargo/url@2.5.4"])
        );
    }
}
