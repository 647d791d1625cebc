//! The store's root folder: where things are in it, and what to say when it is not there.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::io::Errno;

use super::errors::{self, FileFault};
use super::publishing::Publishing;
use crate::{StoreError, Unlike};

/// The root folder, which may or may not exist at any moment. It is never created.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    /// The device that the root was on when a beat last landed; [`NO_DEVICE`] before.
    device: AtomicU64,
    /// How records are published; `None` to choose by what the root is on.
    publishing: Option<Publishing>,
    /// Whether a trial in a record's folder could not be removed again.
    keeps_touches: AtomicBool,
}

/// No device has this number: the kernel's have 32 bits.
const NO_DEVICE: u64 = u64::MAX;

impl Root {
    pub(super) fn new(path: PathBuf, publishing: Option<Publishing>) -> Self {
        Self { path, device: AtomicU64::new(NO_DEVICE), publishing, keeps_touches: AtomicBool::new(false) }
    }

    pub(super) fn chosen_publishing(&self) -> Option<Publishing> {
        self.publishing
    }

    pub(super) fn keeps_touches(&self) -> bool {
        self.keeps_touches.load(Ordering::Relaxed)
    }

    pub(super) fn note_kept_touch(&self) {
        self.keeps_touches.store(true, Ordering::Relaxed);
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn location(&self) -> String {
        self.path.display().to_string()
    }

    /// Fails unless the root is a folder, with what to do about it.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let no_store = |hint: String| Err(StoreError::NoStore { place: self.location(), hint });
        match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => no_store("what is there is not a folder; name a folder".to_owned()),
            Err(error) if leads_nowhere(&error) => no_store(self.hint_for_missing(&error)),
            Err(error) => Err(errors::from_io(format!("use {}", self.location()), &error)),
        }
    }

    /// Notes which device the root is on, now that a beat has landed there.
    pub(super) fn remember_device(&self) {
        if let Ok(found) = fs::metadata(&self.path) {
            self.device.store(found.dev(), Ordering::Relaxed);
        }
    }

    /// Fails where the root is on another device than when a beat last landed: a share that slipped off its mount
    /// point leaves an empty folder behind, and a new heartbeat in there would be a private one.
    pub(super) fn check_device(&self) -> Result<(), StoreError> {
        let known = self.device.load(Ordering::Relaxed);
        match fs::metadata(&self.path) {
            Ok(found) if known != NO_DEVICE && found.dev() != known => Err(StoreError::NoStore {
                place: self.location(),
                hint: "the file system that was mounted there is gone; mount it again".to_owned(),
            }),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The error for a fault of one file, once the root is known to be there.
    pub(super) fn explain(&self, verb: &str, path: &Path, fault: FileFault) -> StoreError {
        let what = path.display().to_string();
        let explained = match fault {
            FileFault::Io(error) => return self.explain_failure(format!("{verb} {what}"), path, &error),
            FileFault::Missing => StoreError::NotFound { what },
            FileFault::Folder => {
                StoreError::Obstructed { what, detail: "it is a folder, not a file; remove it".to_owned() }
            }
            FileFault::Odd(detail) => StoreError::Obstructed { what, detail: detail.to_owned() },
        };
        self.check().err().unwrap_or(explained)
    }

    /// A refusal names what is not like the root on the way to the file, with the line that mends it.
    fn explain_failure(&self, attempt: String, path: &Path, error: &io::Error) -> StoreError {
        let explained = errors::from_io(attempt, error);
        let on_the_way = || path.ancestors().take_while(|part| *part != self.path).collect::<Vec<_>>();
        match explained {
            StoreError::Denied { attempt, detail, hint } => {
                let unlike = on_the_way().into_iter().rev().find_map(|part| self.unlike(part));
                let hint = unlike.map_or(hint, |Unlike { what, mend }| format!("{what}; as root: {mend}"));
                StoreError::Denied { attempt, detail, hint }
            }
            other => other,
        }
    }

    fn hint_for_missing(&self, error: &io::Error) -> String {
        if let Ok(target) = fs::read_link(&self.path) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_on_another_device_than_the_last_beat_is_a_share_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path().to_owned(), None);
        assert_eq!(root.check_device(), Ok(()), "nothing is known before the first beat");
        root.remember_device();
        assert_eq!(root.check_device(), Ok(()));
        root.device.fetch_xor(1, Ordering::Relaxed);
        let error = root.check_device().unwrap_err();
        assert_eq!(error.reason(), "no_store", "{error}");
        assert!(error.to_string().ends_with("mount it again"), "{error}");
    }
}
