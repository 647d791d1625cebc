//! `SHA256SUMS`: one line for each file that is shipped, as `sha256sum --check` reads it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::place::Place;

/// The file's name.
pub(super) const FILE: &str = "SHA256SUMS";

/// What is shipped, beside the binaries.
const FOLDERS: [&str; 3] = ["charts", "images", "sbom"];

/// Sums up everything that is shipped. The context is left out: the images hold what is in it.
pub(super) fn write(place: &Place) -> Result<()> {
    let out = place.out();
    let mut files: Vec<PathBuf> = files_in(&out)?;
    for folder in FOLDERS.map(|name| out.join(name)) {
        files.extend(if folder.is_dir() { files_in(&folder)? } else { Vec::new() });
    }
    let mut sums = String::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(&out).unwrap_or(&file);
        writeln!(sums, "{}  {}", sha256(&bytes), name.display())?;
    }
    print!("{sums}");
    fs::write(out.join(FILE), sums).context("cannot write the sums")
}

/// The files right in a folder, sorted.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// The SHA-256 of some bytes, as lower-case hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_one_that_everybody_computes() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
