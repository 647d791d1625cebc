//! `cargo xtask dist`: the binaries as they are shipped, static and small.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::{shell, workspace};

/// What is shipped.
pub(crate) const BINARIES: [&str; 2] = ["heartbeat-writer", "heart-monitor"];

/// The largest binary that may be shipped: 8 MiB, the project's target.
pub(crate) const MAX_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Args)]
pub(crate) struct Dist {
    /// The platform to build for; its C library must be installed in its static form
    #[arg(long, value_name = "TRIPLE", default_value = "x86_64-unknown-linux-gnu")]
    target: String,
}

impl Dist {
    pub(crate) fn run(&self) -> Result<()> {
        build(&self.target, &BINARIES)?;
        let folder = workspace::target().join("dist");
        fs::create_dir_all(&folder)?;
        let mut sums = String::new();
        for name in BINARIES {
            let file = folder.join(name);
            fs::copy(built(&self.target).join(name), &file).with_context(|| format!("cannot copy {name}"))?;
            let bytes = fs::read(&file)?;
            check(name, &bytes)?;
            let sum = sha256(&bytes);
            println!("{name:<18} {:>6.2} MiB  static  sha256 {sum}", mebibytes(bytes.len() as u64));
            writeln!(sums, "{sum}  {name}")?;
        }
        fs::write(folder.join("SHA256SUMS"), sums)?;
        println!("in {}", folder.display());
        Ok(())
    }
}

/// Builds static release binaries. The target is always given, so that the flags reach the binaries but not
/// the build scripts and macros, which cannot be static.
pub(crate) fn build(target: &str, packages: &[&str]) -> Result<()> {
    let mut cargo = shell::cargo("build");
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static").args(["--bins", "--release", "--target", target]);
    shell::run(cargo.args(packages.iter().flat_map(|name| ["-p", name])))
}

/// Where [`build`] leaves its binaries.
pub(crate) fn built(target: &str) -> PathBuf {
    workspace::target().join(Path::new(target)).join("release")
}

fn check(name: &str, bytes: &[u8]) -> Result<()> {
    let size = bytes.len() as u64;
    let is_static = !asks_for_a_loader(bytes).with_context(|| format!("{name} is not a 64-bit ELF file"))?;
    ensure!(is_static, "{name} is not static: it asks for a loader");
    ensure!(size <= MAX_BYTES, "{name} has {:.2} MiB, more than {}", mebibytes(size), mebibytes(MAX_BYTES));
    Ok(())
}

/// Whether a 64-bit little-endian ELF file has a program header of type `PT_INTERP`, which names the loader
/// of shared libraries. Offsets and sizes are those of the System V ABI; `None` for any other file.
fn asks_for_a_loader(elf: &[u8]) -> Option<bool> {
    const PT_INTERP: u64 = 3;
    let number = |offset: usize, size: usize| {
        let bytes = elf.get(offset..offset.checked_add(size)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    if !elf.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    let mut types = (0..count).map(|index| number(usize::try_from(table + index * size).ok()?, 4));
    types.try_fold(false, |found, kind| Some(found || kind? == PT_INTERP))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes in the unit of the project's targets, for printing only.
#[expect(clippy::cast_precision_loss, reason = "two decimals are printed")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_asks_for_a_loader_and_other_files_are_no_programs() {
        let this_test = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            asks_for_a_loader(&this_test),
            Some(true),
            "a test is linked against the system's library"
        );
        assert_eq!(asks_for_a_loader(b"#!/bin/sh\n"), None);
        assert_eq!(asks_for_a_loader(b"\x7fELF\x02\x01 cut off"), None);
    }

    #[test]
    fn the_sum_is_the_one_that_everybody_computes() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
