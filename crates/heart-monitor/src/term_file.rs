//! The workload's fencing token, where the workload can read it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flatline_shell::ConfigError;

/// The file of `--term-file`: the term in decimal digits and a newline, so that a shell's `read` takes it too.
///
/// Whoever reads sees the old content or the new one, never half of it. It is not flushed to the disk: after a power
/// cut the gate runs again before the workload does, and writes it again.
#[derive(Debug, Clone)]
pub(crate) struct TermFile(PathBuf);

impl TermFile {
    /// The file, by all that shows before it is needed: a slip must not show on the day of the disaster.
    pub(crate) fn check(path: &Path) -> Result<Self, ConfigError> {
        if path.file_name().is_some() && folder_of(path).is_dir() && !path.is_dir() {
            return Ok(Self(path.to_owned()));
        }
        Err(ConfigError::new(format_args!(
            "--term-file {}: name a file in a folder that is there, such as one on a volume that both containers \
             mount",
            path.display()
        )))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the term aside, in the same folder, and renames it.
    pub(crate) fn write(&self, term: u64) -> io::Result<()> {
        let aside = self.aside();
        fs::write(&aside, format!("{term}\n")).and_then(|()| fs::rename(&aside, &self.0)).inspect_err(|_| {
            // Nobody looks for it; what is left of it does no harm.
            let _ = fs::remove_file(&aside);
        })
    }

    /// Removes a term of an earlier run, where there is one: it may not be this cluster's any more.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn aside(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.0.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        self.0.with_file_name(name)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_replaces_an_earlier_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        let file = TermFile::check(&path).unwrap();
        file.write(7).unwrap();
        file.write(8).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "8\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        file.remove().unwrap();
        file.remove().unwrap();
        assert!(!path.exists(), "and removing what is not there is done already");
    }

    #[test]
    fn a_term_that_cannot_be_written_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        let file = TermFile::check(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(file.write(7).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_can_never_be_written_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [Path::new("/"), folder.path(), &folder.path().join("absent/term"), Path::new("..")] {
            let error = TermFile::check(path).unwrap_err().to_string();
            assert!(error.contains("name a file"), "{error}");
        }
        assert!(TermFile::check(Path::new("term")).is_ok(), "in the working directory");
    }
}
