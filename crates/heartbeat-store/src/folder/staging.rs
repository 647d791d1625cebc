//! Complete records under a name of their own, on their way to being published.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tracing::debug;

/// A file in the store's root, beside the record's folder and so on the same file system, that holds a record
/// in full and flushed. It is removed when dropped, whatever became of it; one that a crash leaves behind is
/// never looked at.
#[derive(Debug)]
pub(super) struct Staging(PathBuf);

impl Staging {
    /// What the names of staging files begin with; the dot keeps them apart from clusters.
    const PREFIX: &str = ".staging-";

    /// Writes `body` aside.
    pub(super) fn write(root: &Path, body: &[u8]) -> io::Result<Self> {
        // A fresh RandomState is seeded by the operating system: a number that nobody else draws.
        let unique = RandomState::new().build_hasher().finish();
        let path = root.join(format!("{}{}-{unique:016x}", Self::PREFIX, std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        // From here on the file is ours to remove.
        let staging = Self(path);
        file.write_all(body)?;
        file.sync_all()?;
        Ok(staging)
    }

    /// Gives the record its final name, unless that name is taken: in one step, and for good.
    ///
    /// A hard link is the one way to do so that file systems and servers decide for themselves or refuse.
    /// `renameat2` with `RENAME_NOREPLACE` would do on a local disk, but Linux's SMB client checks the flag
    /// against its own cache and then asks the server to replace, and some FUSE file systems ignore it: two
    /// claimants would both be told that they won.
    pub(super) fn publish(&self, target: &Path) -> io::Result<()> {
        fs::hard_link(&self.0, target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            debug!(path = %self.0.display(), %error, "a staging file stays behind, which does no harm");
        }
    }
}
