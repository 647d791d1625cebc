//! Records as folders of revisions: `<stem>/<20-digit revision>.json`, of which the highest counts.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::errors::{self, FileFault};
use super::file;
use super::root::Root;
use super::staging::Staging;
use crate::{Record, RecordName, RecordVersion, StoreError};

/// One record's folder.
#[derive(Debug)]
pub(super) struct Records<'a> {
    root: &'a Root,
    folder: PathBuf,
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
        let path = self.file_of(revision);
        let body = match file::read_bounded(&path, Record::MAX_BYTES + 1) {
            Ok(body) if body.len() > Record::MAX_BYTES => {
                return Err(Record::over_long(path.display().to_string()));
            }
            Ok(body) => body,
            // Only probes are ever removed, so this is a probe, or somebody at work by hand.
            Err(FileFault::Missing) => {
                let detail = "it was removed while it was being read".to_owned();
                let attempt = format!("read {}", path.display());
                return Err(StoreError::Unreachable { attempt, detail });
            }
            Err(fault) => return Err(self.root.explain("read", &path, fault)),
        };
        Ok(Some(Record { body, version: RecordVersion::Revision(revision) }))
    }

    /// Publishes the first revision of a record that has none.
    pub(super) fn create(&self, body: &[u8], revision: u64) -> Result<RecordVersion, StoreError> {
        self.expect_highest(None)?;
        let staging = self.stage(body)?;
        let created = self.create_folder()?;
        let published = self.publish(&staging, 0, revision);
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
        self.publish(&staging, expected, revision)
    }

    /// Removes the revisions and the folder; anything else in there stays and is reported.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        let remove = || -> Result<(), FileFault> {
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                if Revision::parse(&entry.file_name()).is_some() {
                    fs::remove_file(entry.path())?;
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

    fn expect_highest(&self, expected: Option<u64>) -> Result<(), StoreError> {
        if self.highest()? == expected { Ok(()) } else { Err(self.conflict()) }
    }

    fn stage(&self, body: &[u8]) -> Result<Staging, StoreError> {
        let root = self.root.path();
        Staging::write(root, body).map_err(|error| match FileFault::from(error) {
            FileFault::Io(error) => errors::from_io(format!("write a record in {}", root.display()), &error),
            fault => self.root.explain("write a record in", root, fault),
        })
    }

    /// Creates the record's folder; says whether it was not there.
    fn create_folder(&self) -> Result<bool, StoreError> {
        match fs::create_dir(&self.folder) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(self.root.explain("create", &self.folder, error.into())),
        }
    }

    /// Gives the staged record its revision, and looks again: only the highest has won, and only if nothing lies
    /// between it and the one that it follows. A record that was published and did not win like that took effect
    /// all the same, so that is no conflict but ambiguous.
    fn publish(&self, staging: &Staging, follows: u64, revision: u64) -> Result<RecordVersion, StoreError> {
        let path = self.file_of(revision);
        match staging.publish(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(self.conflict()),
            Err(error) if errors::lacks_links(&error) => return Err(self.unsupported(&error)),
            Err(error) => return Err(self.root.explain("publish", &path, error.into())),
        }
        self.confirm(follows, revision).map_err(|detail| StoreError::Ambiguous {
            attempt: format!("publish {}", path.display()),
            detail,
        })?;
        Ok(RecordVersion::Revision(revision))
    }

    /// Looks whether what was published is what counts; else says why it may not be.
    fn confirm(&self, follows: u64, revision: u64) -> Result<(), String> {
        self.flush_folder().map_err(|error| format!("it is there, but flushing it failed: {error}"))?;
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
    fn flush_folder(&self) -> io::Result<()> {
        for folder in [self.folder.as_path(), self.root.path()] {
            match File::open(folder).and_then(|folder| folder.sync_all()) {
                Err(error) if !errors::cannot_flush_folders(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The highest revision; `None` where the record was never created.
    fn highest(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.revisions()?.last().copied())
    }

    /// All revisions; none where the record was never created.
    fn revisions(&self) -> Result<BTreeSet<u64>, StoreError> {
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

    fn file_of(&self, revision: u64) -> PathBuf {
        self.folder.join(format!("{revision:0width$}.json", width = Revision::DIGITS))
    }

    fn conflict(&self) -> StoreError {
        StoreError::Conflict { what: self.folder.display().to_string() }
    }

    fn unsupported(&self, error: &io::Error) -> StoreError {
        StoreError::Unsupported {
            attempt: format!("swap records in {}", self.root.location()),
            detail: format!("it has no hard links ({error})"),
            hint: "use Azure Blob, NFS or a local disk, or run with --ownership off".to_owned(),
        }
    }
}

/// What the name of a file in a record's folder says, in the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Revision {
    /// A revision.
    Number(u64),
    /// Twenty digits that no counter of ours reaches; they stand above all others, so nobody may pass them over.
    TooHigh,
}

impl Revision {
    /// Digits of a revision in a file name: those of `u64::MAX`, so that names sort as numbers.
    const DIGITS: usize = 20;

    /// The revision that a file's name stands for; `None` for the name of anything else, which does not count.
    fn parse(name: &OsStr) -> Option<Self> {
        let digits = name.to_str()?.strip_suffix(".json")?;
        if digits.len() != Self::DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(digits.parse().map_or(Self::TooHigh, Self::Number))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_twenty_digits_and_the_ending_are_a_revision() {
        let table = [
            ("00000000000000000001.json", Some(Revision::Number(1))),
            ("00000000000000000000.json", Some(Revision::Number(0))),
            ("18446744073709551615.json", Some(Revision::Number(u64::MAX))),
            ("18446744073709551616.json", Some(Revision::TooHigh)),
            ("99999999999999999999.json", Some(Revision::TooHigh)),
            ("0000000000000000001.json", None),
            ("000000000000000000001.json", None),
            ("+0000000000000000001.json", None),
            ("0000000000000000000a.json", None),
            ("00000000000000000001.json~", None),
            ("00000000000000000001", None),
            (".json", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(Revision::parse(OsStr::new(name)), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_file_name_can_make_the_listing_panic(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Revision::parse(OsStr::from_bytes(&name));
        }

        #[test]
        fn no_listing_of_digits_can_make_the_reader_panic_and_revisions_sort_as_their_names(
            mut names in proptest::collection::vec("[0-9]{19,21}\\.json", 0..20),
        ) {
            names.retain(|name| name.len() == 25);
            let highest = names.iter().filter_map(|name| Revision::parse(OsStr::new(name))).max();
            prop_assert_eq!(highest, names.iter().max().and_then(|name| Revision::parse(OsStr::new(name))));
        }
    }
}
