//! A file that is written aside, in the folder of its target, and renamed into its place.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;

use crate::word::{is_random_word, random_word};

/// How much older than a file that was just written one has to be that was left aside, before it counts as left behind
/// by a process that is gone. Both moments are the file system's own, so that no clock of this machine matters.
pub const LEFT_BEHIND_AFTER: Duration = Duration::from_hours(1);

/// What the names end with.
const ENDING: &str = ".aside";

/// Replaces the file at `target` whole, or makes it, with what `content` writes: whoever reads finds the old content or the
/// new one, never half of either, however many replace it at once. It gets this mode, whatever the umask; a link in its
/// place is replaced, not followed. Where anything fails, the old file stays and nothing lies beside it.
pub fn replace(
    target: &Path,
    mode: u32,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let path = target.with_file_name(aside_name(name));
    let mut file = create(&path, mode)?;
    let aside = Aside { path };
    content(&mut file)?;
    let written = file.metadata().and_then(|metadata| metadata.modified());
    // A program that somebody has open for writing cannot be executed.
    drop(file);
    fs::rename(&aside.path, target)?;
    // Its name leads to nothing any more.
    std::mem::forget(aside);
    if let Ok(written) = written {
        sweep(target, name, written);
    }
    Ok(())
}

/// Makes `target` a symbolic link to this text, in place of whatever had that name, as whole as [`replace`] does.
pub fn replace_by_link(target: &Path, to: &OsStr) -> io::Result<()> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let path = target.with_file_name(aside_name(name));
    std::os::unix::fs::symlink(to, &path)?;
    let aside = Aside { path };
    fs::rename(&aside.path, target)?;
    // Its name leads to nothing any more.
    std::mem::forget(aside);
    Ok(())
}

/// A file aside, which is removed where it never takes its place.
struct Aside {
    path: PathBuf,
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Nobody looks for it; what is left of it does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes a file that was not there, nor a link to one, with this mode.
fn create(path: &Path, mode: u32) -> io::Result<File> {
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    let file =
        OpenOptions::new().write(true).create_new(true).mode(mode).custom_flags(no_follow).open(path)?;
    // Whatever the umask made of it. A mount with modes of its own is asked for nothing that it does not have.
    if file.metadata()?.permissions().mode() & 0o777 != mode {
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }
    Ok(file)
}

fn aside_name(target: &OsStr) -> OsString {
    let mut name = OsString::from(".");
    name.push(target);
    name.push(format!(".{}{ENDING}", random_word()));
    name
}

/// Removes what processes left aside that were killed before they were done, so that it does not collect.
fn sweep(target: &Path, name: &OsStr, written: SystemTime) {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = || written.duration_since(fs::symlink_metadata(entry.path()).ok()?.modified().ok()?).ok();
        if is_aside_of(&entry.file_name(), name) && age().is_some_and(|age| age > LEFT_BEHIND_AFTER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_aside_of(found: &OsStr, target: &OsStr) -> bool {
    let (Some(found), Some(target)) = (found.to_str(), target.to_str()) else { return false };
    let word = found.strip_prefix('.').and_then(|rest| rest.strip_prefix(target));
    word.and_then(|rest| rest.strip_prefix('.')?.strip_suffix(ENDING)).is_some_and(is_random_word)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn write(target: &Path, content: &str) -> io::Result<()> {
        replace(target, 0o644, |file| file.write_all(content.as_bytes()))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn of_400_pairs_that_replace_one_file_at_once_none_fails_and_none_leaves_it_empty() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("term");
        for pair in 0..400 {
            // Between any two steps of the one there is time for steps of the other.
            let pause = Duration::from_micros(pair % 7 * 100);
            let start = Barrier::new(2);
            let slowly = |content: &'static str| {
                start.wait();
                replace(&target, 0o644, |file| {
                    thread::sleep(pause);
                    file.write_all(content.as_bytes())?;
                    thread::sleep(pause);
                    Ok(())
                })
                .unwrap();
                // As a gate that opens: whoever comes next reads a term, its own or the other's.
                let found = fs::read_to_string(&target).unwrap();
                assert!(["7\n", "8\n"].contains(&found.as_str()), "pair {pair} found {found:?}");
            };
            thread::scope(|scope| {
                scope.spawn(|| slowly("7\n"));
                scope.spawn(|| slowly("8\n"));
            });
        }
        assert_eq!(names(folder.path()), ["term"]);
    }

    #[test]
    fn a_link_takes_the_place_of_a_file_and_of_another_link_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("link");
        fs::write(&target, "a file").unwrap();
        for to in ["one", "two"] {
            replace_by_link(&target, OsStr::new(to)).unwrap();
            assert_eq!(fs::read_link(&target).unwrap(), Path::new(to));
            assert_eq!(names(folder.path()), ["link"]);
        }
        fs::remove_file(&target).unwrap();
        fs::create_dir(&target).unwrap();
        assert!(replace_by_link(&target, OsStr::new("one")).is_err());
        assert_eq!(names(folder.path()), ["link"]);
    }

    #[test]
    fn a_link_in_the_targets_place_is_replaced_and_what_it_points_to_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (target, elsewhere) = (folder.path().join("term"), folder.path().join("elsewhere"));
        fs::write(&elsewhere, "kept").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &target).unwrap();
        write(&target, "7\n").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "7\n");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "kept");
    }

    #[test]
    fn a_link_that_was_planted_where_the_file_is_written_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (planted, elsewhere) = (folder.path().join("planted"), folder.path().join("elsewhere"));
        std::os::unix::fs::symlink(&elsewhere, &planted).unwrap();
        assert_eq!(create(&planted, 0o644).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(!elsewhere.exists());
    }

    #[test]
    fn the_mode_does_not_depend_on_the_umask_or_on_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("term");
        for mode in [0o600, 0o644, 0o666, 0o755] {
            replace(&target, mode, |_| Ok(())).unwrap();
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn what_fails_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("term");
        write(&target, "old").unwrap();
        replace(&target, 0o644, |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(fs::read_to_string(&target).unwrap(), "old");
        fs::create_dir(folder.path().join("taken")).unwrap();
        write(&folder.path().join("taken"), "7").unwrap_err();
        assert_eq!(names(folder.path()), ["taken", "term"]);
        assert!(write(Path::new("/"), "7").is_err() && write(Path::new(".."), "7").is_err());
    }

    #[test]
    fn what_a_crash_left_is_swept_up_an_hour_later_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - LEFT_BEHIND_AFTER - Duration::from_mins(1);
        let left = ".term.0123456789abcdef.aside";
        let others = [".term.1", ".term.0123456789abcdef", ".terms.0123456789abcdef.aside", "notes"];
        for name in others.iter().chain([&left]) {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        let under_way = ".term.fedcba9876543210.aside";
        File::create(folder.path().join(under_way)).unwrap();
        write(&folder.path().join("term"), "7").unwrap();
        let mut expected = [others.as_slice(), &[under_way, "term"]].concat();
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
    }
}
