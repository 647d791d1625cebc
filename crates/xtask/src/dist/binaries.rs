//! The binaries: static, small, and free of the paths of the machine that built them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::place::{Place, copy_with_mode};
use super::{elf, mebibytes};
use crate::shell;

/// What is shipped.
pub(crate) const BINARIES: [&str; 2] = ["heartbeat-writer", "heart-monitor"];

/// The largest binary that may be shipped: 8 MiB, the project's target.
pub(crate) const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Builds static release binaries of this checkout.
pub(crate) fn build(target: &str, packages: &[&str]) -> Result<()> {
    compile(&Place::of_this_checkout(target), packages)
}

/// Where [`build`] leaves its binaries.
pub(crate) fn built(target: &str) -> PathBuf {
    Place::of_this_checkout(target).built()
}

/// Builds static release binaries. The target is always given, so that the flags reach the binaries but not
/// the build scripts and macros, which cannot be static.
pub(super) fn compile(place: &Place, packages: &[&str]) -> Result<()> {
    // Unpacks the crates, so that the flags can name the folder that they are in.
    shell::run(place.cargo("fetch").args(["--quiet", "--locked", "--target", &place.target]))?;
    let mut cargo = place.cargo("build");
    // Not RUSTFLAGS, which a path with a space in it would tear apart.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(place).join(&OsString::from("\x1f")));
    cargo.args(["--bins", "--release", "--locked", "--target", &place.target]);
    shell::run(cargo.args(packages.iter().flat_map(|name| ["-p", name])))
}

/// Copies the binaries to where they are shipped from, after a look at each.
pub(super) fn ship(place: &Place) -> Result<()> {
    for name in BINARIES {
        let file = place.out().join(name);
        copy_with_mode(&place.built().join(name), &file, 0o755)?;
        let size = check(name, &fs::read(&file)?)?;
        println!("{name:<18} {:>6.2} MiB  static", mebibytes(size));
    }
    Ok(())
}

fn check(name: &str, bytes: &[u8]) -> Result<u64> {
    let size = bytes.len() as u64;
    let is_static =
        !elf::asks_for_a_loader(bytes).with_context(|| format!("{name} is not a 64-bit ELF file"))?;
    ensure!(is_static, "{name} is not static: it asks for a loader");
    ensure!(size <= MAX_BYTES, "{name} has {:.2} MiB, more than {}", mebibytes(size), mebibytes(MAX_BYTES));
    Ok(size)
}

/// What rustc is told for static binaries that hold no path of this machine. Panic messages name files; those
/// of other people's crates are named from the folder that cargo unpacked them into.
fn flags(place: &Place) -> Vec<OsString> {
    let mut flags: Vec<OsString> = ["-C", "target-feature=+crt-static"].map(OsString::from).into();
    let mut remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    };
    for folder in unpacked_crates() {
        remap(&folder, "/dependencies");
    }
    let mut rustc = shell::program("rustc");
    if let Some(sysroot) = shell::answer(rustc.current_dir(&place.sources).args(["--print", "sysroot"])) {
        remap(Path::new(&sysroot), "/rust");
    }
    remap(&place.cargo_target, "/target");
    remap(&place.sources, "/flatline");
    flags
}

/// The folders into which cargo unpacked crates, one for each registry; sorted.
fn unpacked_crates() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let entries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let mut folders: Vec<_> =
        entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders
}
