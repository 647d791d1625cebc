//! An image put together from programs of this machine and the libraries that they ask for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Config, Image};
use crate::Binary;

/// Where the programs are, as in our own images.
const PROGRAMS: &str = "usr/local/bin";

/// The programs, of which an only one is the entry point; a user without rights, as in our own images.
pub(super) fn image(programs: &[Binary], into: &Path) -> Result<Image> {
    let rootfs = into.join("rootfs");
    fs::create_dir_all(rootfs.join(PROGRAMS))?;
    // The guard is brought in from another image; where that was put together here, it asks for libraries as well.
    let mut libraries = libraries(&Binary::HeartMonitor.path()?)?;
    for program in programs {
        let file = program.path()?;
        libraries.extend(self::libraries(&file)?);
        fs::copy(&file, rootfs.join(PROGRAMS).join(program.name()))?;
    }
    for library in libraries {
        let copy = rootfs.join(library.strip_prefix("/")?);
        fs::create_dir_all(copy.parent().context("a library is in a folder")?)?;
        fs::copy(&library, copy)?;
    }
    let entrypoint = if let [only] = programs { vec![only.name().to_owned()] } else { Vec::new() };
    let env = vec![format!("PATH=/{PROGRAMS}")];
    let config = Config { env, entrypoint, user: "65532:65532".to_owned(), ..Config::default() };
    Ok(Image { rootfs, config })
}

/// The loader and the libraries of a program, as `ldd` finds them; none where it is static.
fn libraries(program: &Path) -> Result<BTreeSet<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let files = text.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(files.map(|word| PathBuf::from(word.trim_end_matches(':'))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_comes_with_its_loader() {
        let found = libraries(&std::env::current_exe().unwrap()).unwrap();
        assert!(found.iter().any(|file| file.to_string_lossy().contains("libc.so")), "{found:?}");
        assert!(found.iter().all(|file| file.is_file()), "{found:?}");
    }
}
