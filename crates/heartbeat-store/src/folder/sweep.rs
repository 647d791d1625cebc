//! Takes away what crashed processes left aside, so that it does not collect.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flatline_files::LEFT_BEHIND_AFTER;
use tracing::debug;

use super::records::Records;
use super::staging::{RECORD, Staging};
use super::touch;

impl Records<'_> {
    /// Removes what was left in the root and in this folder an hour or more before `now`, which is the file system's own
    /// moment. Nothing of it counts, and nothing that is under way is that old. What cannot be removed stays.
    pub(super) fn sweep(&self, now: SystemTime) {
        let root = self.root.path();
        for path in left_behind(root, Staging::PREFIX, now) {
            note(&path, remove_staged(root, &path));
        }
        for path in left_behind(root, ".probe-", now) {
            let probe = Records { root: self.root, folder: path.clone() };
            note(&path, probe.remove().map_err(io::Error::other));
        }
        for path in left_behind(&self.folder, touch::PREFIX, now) {
            note(&path, remove(&path));
        }
    }
}

/// Everything in a folder whose name begins like this and that is old.
fn left_behind(folder: &Path, prefix: &str, now: SystemTime) -> Vec<PathBuf> {
    let is_old = |found: &Metadata| {
        let age = found.modified().ok().and_then(|then| now.duration_since(then).ok());
        age.is_some_and(|age| age > LEFT_BEHIND_AFTER)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .filter(|entry| entry.metadata().is_ok_and(|found| is_old(&found)))
        .map(|entry| entry.path())
        .collect()
}

/// A folder on which somebody's rename still hangs gets another name first, so that the rename finds nothing: a folder
/// that was emptied on its way would be a revision without a record.
fn remove_staged(root: &Path, path: &Path) -> io::Result<()> {
    let renamed = Staging::new_path(root);
    fs::rename(path, &renamed)?;
    remove(&renamed)
}

/// Removes a file, or a folder with nothing but a record in it.
fn remove(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_file(path.join(RECORD)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => fs::remove_dir(path),
    }
}

fn note(path: &Path, removed: io::Result<()>) {
    match removed {
        Ok(()) => debug!(path = %path.display(), "removed what a process left behind"),
        Err(error) => debug!(path = %path.display(), %error, "what a process left behind stays"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::super::root::Root;
    use super::*;
    use crate::{RecordName, Touched};

    #[test]
    fn a_touch_takes_away_what_was_left_an_hour_ago_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(dir.path().to_owned(), None);
        let records = root.records(&RecordName::Ownership).unwrap();
        records.create(b"1", 1).unwrap();
        let old = [
            ".staging-00000000000000ff",
            ".staging-folder/record.json",
            ".staging-empty/",
            ".probe-1/00000000000000000001.json",
            "ownership/.touch-1",
            "ownership/.touch-2/record.json",
        ];
        let kept = [
            ".staging-new/record.json",
            ".probe-2/00000000000000000001.json",
            ".probe-3/precious",
            "ownership/.touch-new",
            "ownership/notes",
            "a/heartbeat.txt",
        ];
        for name in old.into_iter().chain(kept) {
            let path = dir.path().join(name);
            let is_folder = name.ends_with('/');
            fs::create_dir_all(if is_folder { path.as_path() } else { path.parent().unwrap() }).unwrap();
            if !is_folder {
                fs::write(&path, "").unwrap();
            }
        }
        let long_ago = SystemTime::now() - 2 * LEFT_BEHIND_AFTER;
        for name in [
            ".staging-00000000000000ff",
            ".staging-folder",
            ".staging-empty",
            ".probe-1",
            ".probe-3",
            "ownership/.touch-1",
            "ownership/.touch-2",
            "ownership/notes",
            "a/heartbeat.txt",
        ] {
            File::open(dir.path().join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(records.touch(), Ok(Touched::default()));
        for name in old {
            let top = dir.path().join(name.trim_end_matches("/record.json").trim_end_matches('/'));
            assert!(!top.exists(), "{name}");
        }
        for name in kept {
            assert!(dir.path().join(name).exists(), "{name}");
        }
        let staged = fs::read_dir(dir.path()).unwrap();
        let staged = staged.filter(|entry| {
            entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(Staging::PREFIX)
        });
        assert_eq!(staged.count(), 1, "the one that is new");
        assert_eq!(records.read().unwrap().unwrap().body, b"1");
    }
}
