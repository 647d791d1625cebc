//! How a complete record gets its revision for a name: in one step, unless that name is taken.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::FsWord;
use rustix::io::Errno;

use super::root::Root;
use crate::StoreError;

/// What a place can do to give a record a name that must be free. Both forms exclude each other under one name, and
/// readers take either at any revision.
///
/// `renameat2` with `RENAME_NOREPLACE` is none of them: Linux's SMB client checks the flag against its own cache and
/// then asks the server to replace, and some FUSE file systems ignore it. Two claimants would both be told that
/// they won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    /// A hard link to the staged file: file systems and servers decide for themselves or refuse. Everywhere but on
    /// SMB.
    HardLink,
    /// A plain rename of a staged folder that holds the record: no file system and no SMB server replaces a folder
    /// that has something in it. On SMB mounts only, since some FUSE file systems imitate the rename of a folder
    /// file by file.
    FolderRename,
}

/// What statfs(2) calls a mount of Linux's SMB client: `CIFS_SUPER_MAGIC` and `SMB2_SUPER_MAGIC` of
/// `linux/magic.h`.
const SMB_MAGIC: [u32; 2] = [0xFF53_4D42, 0xFE53_4D42];

impl Publishing {
    /// The way for a file system of this type.
    fn on(file_system: FsWord) -> Self {
        // The numbers have 32 bits; where words are longer, or signed, the rest says nothing.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "see above")]
        let magic = file_system as u32;
        if SMB_MAGIC.contains(&magic) { Self::FolderRename } else { Self::HardLink }
    }

    /// Whether a refusal means that the name is taken.
    pub(super) fn is_taken(self, refusal: &io::Error, target: &Path) -> bool {
        let there = || fs::symlink_metadata(target).is_ok();
        match (self, Errno::from_io_error(refusal)) {
            (_, Some(Errno::EXIST)) | (Self::FolderRename, Some(Errno::NOTEMPTY)) => true,
            // A file has the name; what SMB servers answer, and clients that tried to clear the way; and the second
            // answer to a rename of which the first was lost.
            (
                Self::FolderRename,
                Some(Errno::NOTDIR | Errno::ISDIR | Errno::ACCESS | Errno::PERM | Errno::BUSY | Errno::NOENT),
            ) => there(),
            _ => false,
        }
    }

    /// Whether a refusal means that this place can never do it.
    pub(super) fn is_lacking(self, refusal: &io::Error) -> bool {
        match Errno::from_io_error(refusal) {
            // The last one: a folder of records that is a mount of its own.
            Some(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::XDEV) => true,
            // What link(2) lists for file systems without links, and FUSE answers.
            Some(Errno::PERM) => self == Self::HardLink,
            _ => false,
        }
    }

    /// What is missing where [`Publishing::is_lacking`].
    pub(super) fn lacks(self) -> &'static str {
        match self {
            Self::HardLink => "it has no hard links",
            Self::FolderRename => "it does not rename folders",
        }
    }
}

impl Root {
    /// The way that records are published here, as the file system of this moment has it: a share may be mounted
    /// at any time.
    pub(super) fn publishing(&self) -> Result<Publishing, StoreError> {
        if let Some(chosen) = self.chosen_publishing() {
            return Ok(chosen);
        }
        match rustix::fs::statfs(self.path()) {
            Ok(found) => Ok(Publishing::on(found.f_type)),
            Err(error) => Err(self.explain("examine", self.path(), io::Error::from(error).into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_renamed_on_smb_and_nowhere_else() {
        // From linux/magic.h, as statfs(2) shows them.
        let table = [
            (0xFF53_4D42, Publishing::FolderRename, "cifs"),
            (0xFE53_4D42, Publishing::FolderRename, "smb3"),
            (0x6573_5546, Publishing::HardLink, "fuse"),
            (0x517B, Publishing::HardLink, "smbfs, which no kernel has any more"),
            (0x6969, Publishing::HardLink, "nfs"),
            (0xEF53, Publishing::HardLink, "ext4"),
            (0x0102_1994, Publishing::HardLink, "tmpfs"),
            (0, Publishing::HardLink, "unknown"),
        ];
        for (magic, expected, what) in table {
            assert_eq!(Publishing::on(magic), expected, "{what}");
        }
    }

    #[test]
    fn a_refusal_is_a_taken_name_only_where_it_must_be() {
        use Publishing::{FolderRename, HardLink};
        let folder = tempfile::tempdir().unwrap();
        let (there, free) = (folder.path(), folder.path().join("free"));
        let table = [
            (HardLink, Errno::EXIST, [true, true]),
            (HardLink, Errno::PERM, [false, false]),
            (HardLink, Errno::ACCESS, [false, false]),
            (FolderRename, Errno::EXIST, [true, true]),
            (FolderRename, Errno::NOTEMPTY, [true, true]),
            (FolderRename, Errno::NOTDIR, [true, false]),
            (FolderRename, Errno::ISDIR, [true, false]),
            (FolderRename, Errno::ACCESS, [true, false]),
            (FolderRename, Errno::PERM, [true, false]),
            (FolderRename, Errno::BUSY, [true, false]),
            (FolderRename, Errno::NOENT, [true, false]),
            (FolderRename, Errno::IO, [false, false]),
            (FolderRename, Errno::TIMEDOUT, [false, false]),
            (FolderRename, Errno::NOSPC, [false, false]),
        ];
        for (publishing, code, expected) in table {
            let refusal = io::Error::from(code);
            let taken = [there, &free].map(|target| publishing.is_taken(&refusal, target));
            assert_eq!(
                taken, expected,
                "{publishing:?} {code:?}, where the name is taken and where it is free"
            );
        }
    }
}
