//! New files and folders are like the root: its read and write bits whatever the umask, its owner and group where this
//! process may give them away.
//!
//! Several users share a store: guards, beacons, an operator's root shell. What one of them makes under a umask of
//! its own, the others could not read or write, and a record that cannot be read stops the workload.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;
use tracing::debug;

use super::root::Root;
use crate::Unlike;

/// What the root has and new things get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Likeness {
    uid: u32,
    gid: u32,
    /// Read and write bits, for owner, group and others.
    bits: u32,
}

/// What must stay possible for whoever made it.
const OWNERS: u32 = 0o600;
/// The permissions of a file; the bits above them, such as set-group-ID, are left as they come.
const PERMISSIONS: u32 = 0o777;

impl Root {
    /// What new things in here should be like, as the root is now.
    pub(super) fn likeness(&self) -> io::Result<Likeness> {
        let root = fs::metadata(self.path())?;
        Ok(Likeness { uid: root.uid(), gid: root.gid(), bits: root.mode() & 0o666 | OWNERS })
    }
}

impl Likeness {
    /// Makes a file that was not there, nor a link to one.
    pub(super) fn create_file(self, path: &Path, options: &OpenOptions) -> io::Result<File> {
        let file = options.clone().create_new(true).mode(self.bits).open(path)?;
        self.give(&file, path, self.bits);
        Ok(file)
    }

    /// Makes a folder that was not there, but nothing above it.
    pub(super) fn create_folder(self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(self.folder_mode()).create(path)?;
        let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
        match OpenOptions::new().read(true).custom_flags(flags).open(path) {
            Ok(folder) => self.give(&folder, path, self.folder_mode()),
            Err(error) => debug!(path = %path.display(), %error, "a new folder keeps its mode"),
        }
        Ok(())
    }

    /// Whoever may read a folder may look what is in it.
    fn folder_mode(self) -> u32 {
        self.bits | (self.bits & 0o444) >> 2
    }

    /// Where this is refused the thing stays as it is: a mount may have owners and modes of its own, which no program
    /// can change and which suit its users or do not. What comes of it is for a rehearsal to find.
    fn give(self, made: &File, path: &Path, bits: u32) {
        let given = made.metadata().and_then(|found| {
            self.give_away(made, &found);
            if found.mode() & mode_mask(bits) == bits {
                return Ok(());
            }
            made.set_permissions(Permissions::from_mode(found.mode() & !PERMISSIONS | bits))
        });
        if let Err(error) = given {
            debug!(path = %path.display(), %error, "what is new keeps its mode");
        }
    }

    /// Only the superuser gives a file away; others may give it to a group that they are in.
    fn give_away(self, made: &File, found: &fs::Metadata) {
        let is_root = rustix::process::geteuid().is_root();
        let uid = (found.uid() != self.uid && is_root).then_some(self.uid);
        let gid = (found.gid() != self.gid).then_some(self.gid);
        if uid.or(gid).is_some()
            && let Err(error) = fchown(made, uid, gid)
        {
            debug!(%error, "what is new keeps its owner and group");
        }
    }
}

impl Root {
    /// How something in here is not like the root, where some user of the root could use it less; `None` where it is, or
    /// where nothing is there to be seen.
    pub(super) fn unlike(&self, path: &Path) -> Option<Unlike> {
        let (root, found) = (fs::metadata(self.path()).ok()?, fs::symlink_metadata(path).ok()?);
        let bits = root.mode() & 0o666;
        let missing = bits & !found.mode();
        // Somebody who is nobody's owner or group has the rights of others.
        let for_others = bits & 0o006;
        let owner = found.uid() != root.uid() && root.uid() != 0 && bits >> 6 & 0o6 != for_others;
        let group = found.gid() != root.gid() && bits >> 3 & 0o6 != for_others;
        if missing == 0 && !owner && !group {
            return None;
        }
        let shown = |thing: &fs::Metadata| {
            format!("{}:{} with mode {:o}", thing.uid(), thing.gid(), thing.mode() & PERMISSIONS)
        };
        let at = quoted(path);
        let what =
            format!("{} belongs to {}, the store's root to {}", path.display(), shown(&found), shown(&root));
        let mend = format!(
            "chown -R {}:{} {at} && chmod -R {} {at}",
            root.uid(),
            root.gid(),
            symbolic(bits | OWNERS)
        );
        Some(Unlike { what, mend })
    }
}

/// The bits as chmod(1) takes them for files and folders at once.
fn symbolic(bits: u32) -> String {
    let class = |name: &str, shift: u32| {
        let has = |bit: u32, letters: &'static str| if bits >> shift & bit == 0 { "" } else { letters };
        format!("{name}={}{}", has(0o4, "rX"), has(0o2, "w"))
    };
    [class("u", 6), class("g", 3), class("o", 0)].join(",")
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The bits that are compared: whether a file can be executed is nobody's business.
fn mode_mask(mode: u32) -> u32 {
    if mode & 0o111 == 0 { 0o666 } else { PERMISSIONS }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use failover_policy::Stamp;

    use super::super::{FolderBackend, Publishing};
    use super::*;
    use crate::{Backend, Beat, BeatDetails, RecordName, WriterId};

    /// Makes one of everything in a store whose root has this mode, and gives back what came to be.
    async fn one_of_everything(root: &Path, mode: u32, way: Publishing) -> Vec<(String, fs::Metadata)> {
        fs::create_dir(root).unwrap();
        fs::set_permissions(root, Permissions::from_mode(mode)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(root, Some(65532), Some(65533)).unwrap();
        }
        let store = Arc::new(FolderBackend::publishing_by(root.to_owned(), way));
        let details = BeatDetails {
            version: BeatDetails::VERSION,
            writer: WriterId("w".to_owned()),
            beat_count: 1,
            interval_ms: 2000,
            process_start: "2026-01-02T03:04:05Z".to_owned(),
            primary: None,
        };
        let beat = Beat { stamp: Stamp::parse(b"639000000000000000").unwrap(), details };
        store.write_beat(&"a".parse().unwrap(), &beat).await.unwrap();
        for name in [RecordName::Ownership, RecordName::Probe("1".to_owned())] {
            let first = store.create_record(&name, b"1", 1).await.unwrap();
            store.swap_record(&name, b"2", &first, 2).await.unwrap();
        }
        store.write_maintenance(b"{}").await.unwrap();
        let mut found = Vec::new();
        note(root, root, &mut found);
        found
    }

    fn note(root: &Path, folder: &Path, found: &mut Vec<(String, fs::Metadata)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                note(root, &path, found);
            }
            found.push((path.strip_prefix(root).unwrap().display().to_string(), metadata));
        }
    }

    #[tokio::test]
    async fn whatever_a_store_gets_has_the_read_and_write_bits_of_its_root() {
        let dir = tempfile::tempdir().unwrap();
        for (mode, file, folder) in [
            (0o777, 0o666, 0o777),
            (0o1777, 0o666, 0o777),
            (0o770, 0o660, 0o770),
            (0o750, 0o640, 0o750),
            (0o700, 0o600, 0o700),
        ] {
            for (way, things) in [(Publishing::HardLink, 10), (Publishing::FolderRename, 14)] {
                let root = dir.path().join(format!("{mode:o}-{way:?}"));
                let found = one_of_everything(&root, mode, way).await;
                assert_eq!(found.len(), things, "{found:?}");
                for (name, metadata) in found {
                    let expected = if metadata.is_dir() { folder } else { file };
                    assert_eq!(metadata.mode() & 0o777, expected, "{name} below {mode:o}, {way:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn what_the_superuser_makes_belongs_to_whom_the_root_belongs() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: giving files away takes root");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        for way in [Publishing::HardLink, Publishing::FolderRename] {
            let root = dir.path().join(format!("{way:?}"));
            for (name, metadata) in one_of_everything(&root, 0o755, way).await {
                assert_eq!((metadata.uid(), metadata.gid()), (65532, 65533), "{name}, {way:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_the_kernel_hands_down_to_new_folders_stays() {
        let dir = tempfile::tempdir().unwrap();
        for (name, metadata) in
            one_of_everything(&dir.path().join("store"), 0o2770, Publishing::HardLink).await
        {
            let expected = if metadata.is_dir() { 0o2770 } else { 0o660 };
            assert_eq!(metadata.mode() & 0o7777, expected, "{name}");
        }
    }
}
