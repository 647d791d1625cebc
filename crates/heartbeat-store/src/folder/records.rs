//! Records as folders of revisions: `<stem>/<20-digit revision>.json`, a file or a folder that holds `record.json`,
//! of which the highest counts.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::errors::FileFault;
use super::file;
use super::revision::Revision;
use super::root::Root;
use super::staging::RECORD;
use crate::{Record, RecordName, RecordVersion, StoreError};

/// One record's folder.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) root: &'a Root,
    pub(super) folder: PathBuf,
}

impl Root {
    /// The folder of this record, which may not exist. Refuses a probe whose id could lead out of the root.
    pub(super) fn records(&self, name: &RecordName) -> Result<Records<'_>, StoreError> {
        if let RecordName::Probe(id) = name
            && (id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        {
            let detail = "an id has letters, digits and dashes only".to_owned();
            return Err(StoreError::Malformed { what: format!("the probe id {id:?}"), detail });
        }
        Ok(Records { root: self, folder: self.path().join(name.stem()) })
    }
}

impl Records<'_> {
    /// The highest revision's bytes, whatever they are.
    pub(super) fn read(&self) -> Result<Option<Record>, StoreError> {
        let Some(revision) = self.highest()? else { return Ok(None) };
        let path = self.path_of(revision);
        match read_revision(&path) {
            Ok(body) if body.len() > Record::MAX_BYTES => Err(Record::over_long(path.display().to_string())),
            Ok(body) => Ok(Some(Record { body, version: RecordVersion::Revision(revision) })),
            // Only probes are ever removed, so this is a probe, or somebody at work by hand.
            Err(FileFault::Missing) => {
                let detail = "it was removed while it was being read".to_owned();
                Err(StoreError::Unreachable { attempt: format!("read {}", path.display()), detail })
            }
            Err(fault) => Err(self.root.explain("read", &path, fault)),
        }
    }

    /// Removes the revisions and the folder; anything else in there stays and is reported.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let remove = || -> Result<(), FileFault> {
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                if Revision::parse(&entry.file_name()).is_some() {
                    remove_revision(&entry)?;
                }
            }
            Ok(fs::remove_dir(&self.folder)?)
        };
        match remove() {
            Ok(()) => Ok(()),
            Err(FileFault::Missing) => self.root.check(),
            Err(fault) => Err(self.root.explain("remove", &self.folder, fault)),
        }
    }

    /// The highest revision; `None` where the record was never created.
    pub(super) fn highest(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.revisions()?.last().copied())
    }

    /// All revisions; none where the record was never created.
    pub(super) fn revisions(&self) -> Result<BTreeSet<u64>, StoreError> {
        let list = || -> Result<Option<BTreeSet<u64>>, FileFault> {
            let mut revisions = BTreeSet::new();
            for entry in fs::read_dir(&self.folder)? {
                match Revision::parse(&entry?.file_name()) {
                    Some(Revision::Number(number)) => drop(revisions.insert(number)),
                    Some(Revision::TooHigh) => return Ok(None),
                    None => {}
                }
            }
            Ok(Some(revisions))
        };
        match list() {
            Ok(Some(revisions)) => Ok(revisions),
            Ok(None) => Err(StoreError::Malformed {
                what: self.folder.display().to_string(),
                detail: format!("it has a revision above {}", u64::MAX),
            }),
            Err(FileFault::Missing) => self.root.check().map(|()| BTreeSet::new()),
            Err(fault) => Err(self.root.explain("list", &self.folder, fault)),
        }
    }

    /// Where a revision is: a file, or a folder with the file in it.
    pub(super) fn path_of(&self, revision: u64) -> PathBuf {
        self.folder.join(Revision::file_name(revision))
    }
}

/// Reads a revision of either form, with one byte more than a record may have. A folder without a record in it
/// reads as an empty one, which is malformed like any other and can be replaced: no lower revision comes to count.
fn read_revision(path: &Path) -> Result<Vec<u8>, FileFault> {
    match file::read_bounded(path, Record::MAX_BYTES + 1) {
        Err(FileFault::Folder) => {}
        read => return read,
    }
    match file::read_bounded(&path.join(RECORD), Record::MAX_BYTES + 1) {
        Err(FileFault::Missing) if path.is_dir() => Ok(Vec::new()),
        read => read,
    }
}

fn remove_revision(entry: &DirEntry) -> io::Result<()> {
    if !entry.file_type()?.is_dir() {
        return fs::remove_file(entry.path());
    }
    fs::remove_file(entry.path().join(RECORD))?;
    fs::remove_dir(entry.path())
}
