//! The store's root folder: where things are in it, and what to say when it is not there.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::errors::{self, FileFault};
use crate::StoreError;

/// The root folder, which may or may not exist at any moment. It is never created.
#[derive(Debug)]
pub(super) struct Root(PathBuf);

impl Root {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn location(&self) -> String {
        self.0.display().to_string()
    }

    /// Fails unless the root is a folder, with what to do about it.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let no_store = |hint: String| Err(StoreError::NoStore { place: self.location(), hint });
        match fs::metadata(&self.0) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => no_store("what is there is not a folder; name a folder".to_owned()),
            Err(error) if leads_nowhere(&error) => no_store(self.hint_for_missing(&error)),
            Err(error) => Err(errors::from_io(format!("use {}", self.location()), &error)),
        }
    }

    /// The error for a fault of one file, once the root is known to be there.
    pub(super) fn explain(&self, verb: &str, path: &Path, fault: FileFault) -> StoreError {
        let what = path.display().to_string();
        let explained = match fault {
            FileFault::Io(error) => return errors::from_io(format!("{verb} {what}"), &error),
            FileFault::Missing => StoreError::NotFound { what },
            FileFault::Odd(detail) => StoreError::Malformed { what, detail: detail.to_owned() },
        };
        self.check().err().unwrap_or(explained)
    }

    fn hint_for_missing(&self, error: &io::Error) -> String {
        if let Ok(target) = fs::read_link(&self.0) {
            let target = target.display();
            return format!(
                "it is a link to {target}, which is not there; mount or create what it points to"
            );
        }
        if error.kind() == ErrorKind::NotFound {
            return "mount the share there, or create the folder with 'mkdir -p' if it is a local one; it is never \
                    created for you, since a share that is not mounted looks the same"
                .to_owned();
        }
        format!("{error}; name a folder")
    }
}

/// Whether a path cannot be followed to its end for a reason that lies in the path itself.
fn leads_nowhere(error: &io::Error) -> bool {
    let code = Errno::from_io_error(error);
    matches!(code, Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG))
}
