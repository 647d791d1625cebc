//! What is linked into every binary besides crates: Rust's standard library and the C library.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::dist::place::Place;
use crate::shell;

/// A component for each, as far as this machine can name them.
pub(super) fn linked_in(place: &Place) -> Vec<Value> {
    let found = [standard_library(place), c_library(place)];
    found.into_iter().flatten().collect()
}

fn standard_library(place: &Place) -> Option<Value> {
    let mut rustc = shell::program("rustc");
    let answer = shell::answer(rustc.current_dir(&place.sources).args(["--version", "--verbose"]))?;
    let version = answer.lines().find_map(|line| line.strip_prefix("release: "))?;
    Some(component("rust-std", version, "MIT OR Apache-2.0", &format!("pkg:generic/rust@{version}")))
}

/// The C library by the name and version of its Debian source package: those are what advisories name. Elsewhere by
/// what the loader says of itself.
fn c_library(place: &Place) -> Option<Value> {
    const LICENSE: &str = "LGPL-2.1-or-later";
    let package = match place.target.split('-').next()? {
        std::env::consts::ARCH => "libc6-dev".to_owned(),
        "aarch64" => "libc6-dev-arm64-cross".to_owned(),
        other => format!("libc6-dev-{other}-cross"),
    };
    let format = "--showformat=${source:Version}";
    let of_debian = shell::answer(shell::program("dpkg-query").args(["--show", format, &package]));
    if let (Some(version), Some(system)) = (of_debian, system()) {
        let escaped = version.replace('+', "%2B");
        return Some(component("glibc", &version, LICENSE, &format!("pkg:deb/{system}/glibc@{escaped}")));
    }
    let answer = shell::answer(shell::program("ldd").arg("--version"))?;
    let version = answer.lines().next()?.rsplit(' ').next()?;
    Some(component("glibc", version, LICENSE, &format!("pkg:generic/glibc@{version}")))
}

/// The name of the system, such as `debian`.
fn system() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let values: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    values.get("ID").map(|id| id.trim_matches('"').to_owned())
}

fn component(name: &str, version: &str, license: &str, purl: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{ "expression": license }],
    })
}
