//! Changes of a record: written aside, published under a revision that must be free, and looked at again.

use std::fs;
use std::io::{self, ErrorKind};

use super::errors::{self, FileFault};
use super::file;
use super::publishing::Publishing;
use super::records::Records;
use super::staging::Staging;
use crate::{RecordVersion, StoreError};

impl Records<'_> {
    /// Publishes the first revision of a record that has none.
    pub(super) fn create(&self, body: &[u8], revision: u64) -> Result<RecordVersion, StoreError> {
        self.expect_highest(None)?;
        let staging = self.stage(body)?;
        let created = self.create_folder()?;
        let published = self.publish(staging, 0, revision);
        if created && matches!(published, Err(StoreError::Unsupported { .. })) {
            // Nobody can have put anything in there; if somebody has, the folder stays.
            let _ = fs::remove_dir(&self.folder);
        }
        published
    }

    /// Publishes a revision above `expected`, which must be the highest.
    pub(super) fn swap(
        &self,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let &RecordVersion::Revision(expected) = expected else {
            return Err(self.conflict());
        };
        self.expect_highest(Some(expected))?;
        let staging = self.stage(body)?;
        self.publish(staging, expected, revision)
    }

    fn expect_highest(&self, expected: Option<u64>) -> Result<(), StoreError> {
        if self.highest()? == expected { Ok(()) } else { Err(self.conflict()) }
    }

    pub(super) fn stage(&self, body: &[u8]) -> Result<Staging, StoreError> {
        let root = self.root.path();
        let publishing = self.root.publishing()?;
        let staged =
            self.root.likeness().and_then(|likeness| Staging::write(root, body, publishing, likeness));
        staged.map_err(|error| match FileFault::from(error) {
            FileFault::Io(error) => errors::from_io(format!("write a record in {}", root.display()), &error),
            fault => self.root.explain("write a record in", root, fault),
        })
    }

    /// Creates the record's folder; says whether it was not there.
    fn create_folder(&self) -> Result<bool, StoreError> {
        match self.root.likeness().and_then(|likeness| likeness.create_folder(&self.folder)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(self.root.explain("create", &self.folder, error.into())),
        }
    }

    /// Gives the staged record its revision, and looks again: only the highest has won, and only if nothing lies
    /// between it and the one that it follows. A record that was published and did not win like that took effect
    /// all the same, so that is no conflict but ambiguous.
    pub(super) fn publish(
        &self,
        mut staging: Staging,
        follows: u64,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let (path, publishing) = (self.path_of(revision), staging.publishing);
        match staging.publish(&path) {
            Ok(()) => {}
            Err(refusal) if publishing.is_taken(&refusal, &path) => return Err(self.conflict()),
            Err(refusal) if publishing.is_lacking(&refusal) => {
                return Err(self.unsupported(publishing, &refusal));
            }
            Err(error) => {
                let explained = self.root.explain("publish", &path, error.into());
                if matches!(explained, StoreError::Unreachable { .. }) {
                    staging.leave_unless_linked();
                }
                return Err(explained);
            }
        }
        self.confirm(follows, revision).map_err(|detail| StoreError::Ambiguous {
            attempt: format!("publish {}", path.display()),
            detail,
        })?;
        Ok(RecordVersion::Revision(revision))
    }

    /// Looks whether what was published is what counts; else says why it may not be.
    fn confirm(&self, follows: u64, revision: u64) -> Result<(), String> {
        self.flush().map_err(|error| format!("it is there, but flushing it failed: {error}"))?;
        let revisions = self.revisions().map_err(|error| format!("it is there, but then {error}"))?;
        match revisions.last() {
            Some(highest) if *highest == revision => {}
            // Somebody built on it already, or it slipped in beneath a revision that was not to be seen.
            Some(highest) => return Err(format!("it is there, but revision {highest} counts")),
            None => return Err("it was there, and is gone".to_owned()),
        }
        // Two that publish the next revision want one name, and one is refused. A jump wants another, so somebody
        // may have published the next one, and looked again, before the jump was there to be seen.
        match revisions.into_iter().rev().find(|passed| follows < *passed && *passed < revision) {
            Some(passed) => Err(format!("it is there and counts, but it passed over revision {passed}")),
            None => Ok(()),
        }
    }

    /// Makes the new name outlive a power cut, where folders can be flushed.
    fn flush(&self) -> io::Result<()> {
        file::flush_folder(&self.folder)?;
        file::flush_folder(self.root.path())
    }

    fn conflict(&self) -> StoreError {
        StoreError::Conflict { what: self.folder.display().to_string() }
    }

    pub(super) fn unsupported(&self, publishing: Publishing, refusal: &io::Error) -> StoreError {
        StoreError::Unsupported {
            attempt: format!("swap records in {}", self.root.location()),
            detail: format!("{} ({refusal})", publishing.lacks()),
            hint: "use Azure Blob, NFS or a local disk, or run with --ownership off".to_owned(),
        }
    }
}
