//! The bytes of one file: read up to a bound, written in place.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::errors::{self, FileFault};
use super::root::Root;

/// Opening must not wait for the other end of a pipe that somebody put in the file's place. It changes nothing
/// for regular files.
const NEVER_WAIT: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// Reads a file's first `limit` bytes at the most. Opens and closes it, since a mount may serve an open file
/// from its cache.
///
/// Fewer bytes than the file had a moment before are no content: either somebody was just truncating it, which the
/// next read shows, or the mount cut the answer short.
pub(super) fn read_bounded(path: &Path, limit: usize) -> Result<Vec<u8>, FileFault> {
    let file = open(OpenOptions::new().read(true), path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(limit);
    (&file).take(limit as u64).read_to_end(&mut bytes)?;
    check_length(length.min(limit as u64), bytes.len() as u64)?;
    Ok(bytes)
}

fn check_length(announced: u64, came: u64) -> io::Result<()> {
    if came >= announced {
        return Ok(());
    }
    let what = format!("the answer is damaged: {came} bytes came of a file that has {announced}");
    Err(io::Error::new(ErrorKind::UnexpectedEof, what))
}

/// Whether a write waits until the bytes are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// Until the disk or server has them: what decides something.
    Yes,
    /// No longer than closing takes: what only informs.
    No,
}

/// Writes a file over in place: the bytes first, then, if it was longer, its length. It is never truncated to
/// nothing and never renamed, so a reader sees the old bytes, the new, or for a moment a mixture, but not an
/// empty or missing file. Creates the file like the root, though not its folder.
pub(super) fn write_in_place(root: &Root, path: &Path, bytes: &[u8], flush: Flush) -> Result<(), FileFault> {
    let file = open_or_create(root, path)?;
    let length_before = file.metadata()?.len();
    file.write_all_at(bytes, 0)?;
    if length_before > bytes.len() as u64 {
        file.set_len(bytes.len() as u64)?;
    }
    if flush == Flush::Yes {
        // The length is flushed with the bytes where it changed; file times never decide anything.
        file.sync_data()?;
    }
    Ok(())
}

/// Makes the names in a folder outlive a power cut, where folders can be flushed.
pub(super) fn flush_folder(path: &Path) -> io::Result<()> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error) if !errors::cannot_flush_folders(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Opens the file, or creates it where there is none: for reading too, since an SMB client may be unable to set
/// the length of a file that it opened for writing alone (seen in libsmbclient). A link to nowhere is not followed: what it points to
/// may be a share that is not mounted.
fn open_or_create(root: &Root, path: &Path) -> Result<File, FileFault> {
    let mut existing = OpenOptions::new();
    existing.read(true).write(true);
    match open(&mut existing, path) {
        Err(FileFault::Missing) => {}
        opened => return opened,
    }
    match root.likeness()?.create_file(path, existing.custom_flags(flags(NEVER_WAIT))) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => return Ok(created?),
    }
    // Another writer was faster, or a link leads nowhere.
    match open(&mut existing, path) {
        Err(FileFault::Missing) => Err(FileFault::Odd("it is a link that leads nowhere; remove it")),
        opened => opened,
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> Result<File, FileFault> {
    let file = options.custom_flags(flags(NEVER_WAIT)).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        Ok(file)
    } else if kind.is_dir() {
        Err(FileFault::Folder)
    } else {
        Err(FileFault::Odd("it is a pipe or a device, not a file; remove it"))
    }
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_bytes_than_the_file_has_are_a_failure_and_more_are_a_file_that_grew() {
        for (announced, came, sound) in [(18, 18, true), (18, 0, false), (18, 9, false), (0, 18, true)] {
            assert_eq!(check_length(announced, came).is_ok(), sound, "{announced} {came}");
        }
    }
}
