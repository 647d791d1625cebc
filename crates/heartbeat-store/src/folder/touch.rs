//! Whether a record could be changed, without changing it.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

use super::publishing::Publishing;
use super::records::Records;
use super::staging::RECORD;
use crate::{Record, StoreError, Touched};

/// What names of touches begin with. They are no revisions, so nobody looks at them.
pub(super) const PREFIX: &str = ".touch-";
/// As much as a record takes.
const BODY: [u8; 512] = [b' '; 512];

impl Records<'_> {
    /// Does in the record's folder all that a change does, under a name that does not count, and takes it back; and reads
    /// what is there.
    pub(super) fn touch(&self) -> Result<Touched, StoreError> {
        match fs::symlink_metadata(&self.folder) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.root.check().map(|()| Touched::default());
            }
            Err(error) => return Err(self.root.explain("look at", &self.folder, error.into())),
        }
        let rights = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
        accessat(CWD, &self.folder, rights, AtFlags::EACCESS).map_err(|refused| {
            self.root.explain("write a record in", &self.folder, io::Error::from(refused).into())
        })?;
        self.publish_and_take_back()?;
        self.read()?;
        let unlike = |path: &Path| self.root.unlike(path);
        let highest = self.highest()?.map(|revision| self.path_of(revision));
        let maintenance = self.root.path().join(Record::MAINTENANCE);
        let unlike = unlike(&self.folder)
            .or_else(|| highest.as_deref().and_then(unlike))
            .or_else(|| unlike(&maintenance));
        Ok(Touched { unlike })
    }

    fn publish_and_take_back(&self) -> Result<(), StoreError> {
        let name = format!("{PREFIX}{}", flatline_files::random_word());
        let path = self.folder.join(name);
        if self.root.keeps_touches() {
            return Err(self.kept(&path, Errno::ACCESS.into()));
        }
        let mut staging = self.stage(&BODY)?;
        let publishing = staging.publishing;
        match staging.publish(&path) {
            Ok(()) => {}
            Err(refusal) if publishing.is_lacking(&refusal) => {
                return Err(self.unsupported(publishing, &refusal));
            }
            Err(error) => return Err(self.root.explain("publish a record in", &self.folder, error.into())),
        }
        let now = fs::symlink_metadata(&path).and_then(|found| found.modified());
        let taken_back = match publishing {
            Publishing::HardLink => fs::remove_file(&path),
            Publishing::FolderRename => {
                fs::remove_file(path.join(RECORD)).and_then(|()| fs::remove_dir(&path))
            }
        };
        taken_back.map_err(|error| {
            self.root.note_kept_touch();
            self.kept(&path, error)
        })?;
        if let Ok(now) = now {
            self.sweep(now);
        }
        Ok(())
    }

    /// A change takes nothing back, so that this would not stop one. But a folder from which nothing can be removed is
    /// not as its root is; and each further touch would leave something in it.
    fn kept(&self, path: &Path, error: io::Error) -> StoreError {
        let detail = format!("{error}, and {} may stay there", path.display());
        match self.root.explain("remove a trial from", &self.folder, error.into()) {
            StoreError::Denied { attempt, hint, .. } => StoreError::Denied { attempt, detail, hint },
            other => other,
        }
    }
}
