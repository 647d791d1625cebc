//! Complete records under a name of their own, on their way to being published.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tracing::debug;

use super::file;
use super::likeness::Likeness;
use super::publishing::Publishing;

/// What a record is called inside of a revision that is a folder.
pub(super) const RECORD: &str = "record.json";

/// A file or folder in the store's root, beside the record's folder and so on the same file system, that holds a
/// record in full and flushed. It is removed when dropped; one that a crash leaves behind is never looked at, since
/// only what has a revision for a name counts.
#[derive(Debug)]
pub(super) struct Staging {
    path: PathBuf,
    /// The way in which it can be published.
    pub(super) publishing: Publishing,
    /// Whether it is not ours to remove: it became a revision, or may yet.
    is_gone: bool,
}

impl Staging {
    /// What names of staged records begin with; the dot keeps them apart from clusters.
    pub(super) const PREFIX: &str = ".staging-";

    /// A name that nobody has.
    pub(super) fn new_path(root: &Path) -> PathBuf {
        root.join(format!("{}{}", Self::PREFIX, flatline_files::random_word()))
    }

    /// Writes `body` aside, in the form that is published in this way, readable for whoever can read the root before
    /// anybody can find it.
    pub(super) fn write(
        root: &Path,
        body: &[u8],
        publishing: Publishing,
        likeness: Likeness,
    ) -> io::Result<Self> {
        let staging = Self { path: Self::new_path(root), publishing, is_gone: false };
        if publishing == Publishing::FolderRename {
            likeness.create_folder(&staging.path)?;
        }
        let mut file = likeness.create_file(&staging.content(), OpenOptions::new().write(true))?;
        file.write_all(body)?;
        file.sync_all()?;
        drop(file);
        if publishing == Publishing::FolderRename {
            file::flush_folder(&staging.path)?;
        }
        Ok(staging)
    }

    /// Gives the record its final name, unless that name is taken: in one step, and for good.
    pub(super) fn publish(&mut self, target: &Path) -> io::Result<()> {
        match self.publishing {
            Publishing::HardLink => fs::hard_link(&self.path, target),
            Publishing::FolderRename => {
                fs::rename(&self.path, target)?;
                self.is_gone = true;
                Ok(())
            }
        }
    }

    /// Leaves a folder alone of which nobody can say whether it was renamed, or still will be: a folder that was
    /// emptied on its way would be a revision without a record. A link that comes too late fails by itself.
    pub(super) fn leave_unless_linked(&mut self) {
        self.is_gone = self.publishing == Publishing::FolderRename;
    }

    fn content(&self) -> PathBuf {
        match self.publishing {
            Publishing::HardLink => self.path.clone(),
            Publishing::FolderRename => self.path.join(RECORD),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.is_gone {
            return;
        }
        let removed = fs::remove_file(self.content()).and_then(|()| match self.publishing {
            Publishing::HardLink => Ok(()),
            Publishing::FolderRename => fs::remove_dir(&self.path),
        });
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                debug!(path = %self.path.display(), %error, "a staged record stays behind, which does no harm");
            }
            _ => {}
        }
    }
}
