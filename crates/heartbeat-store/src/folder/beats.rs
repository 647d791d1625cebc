//! `<cluster>/heartbeat.txt` and, beside it, `heartbeat.json`.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::errors::{self, FileFault};
use super::file::{self, Flush};
use super::root::Root;
use crate::oddity::{PROBE, meant_by, quoted};
use crate::{BeatDetails, Debris, Oddity, StoreError};
use failover_policy::{ClusterId, Stamp};

/// The stamp's file, named by the classic writer.
const STAMP: &str = "heartbeat.txt";
/// The beat details' file.
const DETAILS: &str = "heartbeat.json";

impl Root {
    pub(super) fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let path = self.file_of(cluster, STAMP);
        let bytes = file::read_bounded(&path, Stamp::MAX_BYTES + 1)
            .map_err(|fault| self.explain("read", &path, fault))?;
        Stamp::parse(&bytes).map_err(|error| StoreError::Malformed {
            what: path.display().to_string(),
            detail: error.to_string(),
        })
    }

    /// What a writer left of a stamp; what is gone in between is another answer.
    pub(super) fn read_debris(&self, cluster: &ClusterId) -> Result<Debris, StoreError> {
        let (stamp, details) = (self.file_of(cluster, STAMP), self.file_of(cluster, DETAILS));
        let stamp = file::read_bounded(&stamp, Stamp::MAX_BYTES + 1)
            .map_err(|fault| self.explain("read", &stamp, fault))?;
        let details = match file::read_bounded(&details, BeatDetails::MAX_BYTES + 1) {
            Ok(bytes) => Some(bytes),
            Err(FileFault::Missing) => None,
            Err(fault) => return Err(self.explain("read", &details, fault)),
        };
        Ok(Debris { stamp, details })
    }

    pub(super) fn write_stamp(&self, cluster: &ClusterId, stamp: Stamp) -> Result<(), StoreError> {
        let path = self.file_of(cluster, STAMP);
        let stamp = stamp.to_string();
        let mut written = file::write_in_place(self, &path, stamp.as_bytes(), Flush::Yes);
        if matches!(written, Err(FileFault::Missing)) {
            self.create_folder_of(cluster)?;
            written = file::write_in_place(self, &path, stamp.as_bytes(), Flush::Yes);
        }
        written.map_err(|fault| self.explain("write", &path, fault))?;
        self.remember_device();
        Ok(())
    }

    pub(super) fn write_details(&self, cluster: &ClusterId, details: &BeatDetails) -> Result<(), StoreError> {
        let path = self.file_of(cluster, DETAILS);
        file::write_in_place(self, &path, &details.to_json(), Flush::No)
            .map_err(|fault| self.explain("write", &path, fault))
    }

    pub(super) fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        let path = self.file_of(cluster, DETAILS);
        match file::read_bounded(&path, BeatDetails::MAX_BYTES + 1) {
            Ok(bytes) if bytes.len() > BeatDetails::MAX_BYTES => Ok(None),
            Ok(bytes) => Ok(BeatDetails::from_json(&bytes)),
            Err(FileFault::Io(error)) => Err(self.explain("read", &path, FileFault::Io(error))),
            Err(FileFault::Missing | FileFault::Folder | FileFault::Odd(_)) => self.check().map(|()| None),
        }
    }

    /// Every cluster that has a stamp, or something else where its stamp would be. What is wrong with one of them is no
    /// reason to hide the others: reading it says so, with its path.
    pub(super) fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        let list = || -> Result<BTreeSet<ClusterId>, FileFault> {
            let mut clusters = BTreeSet::new();
            for entry in fs::read_dir(self.path())? {
                let name = entry?.file_name();
                let Some(cluster) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
                if self.has_stamp(&cluster) {
                    clusters.insert(cluster);
                }
            }
            Ok(clusters)
        };
        list().map_err(|fault| self.explain("list", self.path(), fault))
    }

    /// What lies about in the root. What cannot be looked at is passed over: it is nobody's.
    pub(super) fn oddities(&self) -> Result<Vec<Oddity>, StoreError> {
        let list = || -> Result<Vec<Oddity>, FileFault> {
            let mut found = Vec::new();
            for entry in fs::read_dir(self.path())? {
                let name = entry?.file_name();
                found.extend(name.to_str().and_then(|name| self.oddity(name)));
            }
            found.sort_by_key(|oddity| format!("{oddity:?}"));
            Ok(found)
        };
        list().map_err(|fault| self.explain("list", self.path(), fault))
    }

    fn oddity(&self, name: &str) -> Option<Oddity> {
        let path = self.path().join(name);
        if name.starts_with(PROBE) {
            let remove = format!("rm -r {}", quoted(&path.display().to_string()));
            return Some(Oddity::Probe { name: name.to_owned(), remove });
        }
        let meant = meant_by(name)?;
        let stamp = fs::metadata(path.join(STAMP)).ok()?;
        let same = fs::metadata(self.file_of(&meant, STAMP))
            .is_ok_and(|other| (other.dev(), other.ino()) == (stamp.dev(), stamp.ino()));
        Some(Oddity::OtherCase { found: name.to_owned(), meant, same })
    }

    /// Whether anything stands in the place of a cluster's stamp. Only an empty place has none: a stamp that cannot be
    /// seen, a file where the cluster's folder belongs, and links in a circle or to nowhere are there.
    fn has_stamp(&self, cluster: &ClusterId) -> bool {
        let path = self.file_of(cluster, STAMP);
        match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                is_link(&path) || path.parent().is_some_and(|folder| is_link(folder) && !folder.exists())
            }
            _ => true,
        }
    }

    /// Creates `<cluster>/`, and nothing above it.
    fn create_folder_of(&self, cluster: &ClusterId) -> Result<(), StoreError> {
        self.check_device()?;
        let folder = self.path().join(cluster.as_str());
        match self.likeness().and_then(|likeness| likeness.create_folder(&folder)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => match FileFault::from(error) {
                FileFault::Io(error) => Err(errors::from_io(format!("create {}", folder.display()), &error)),
                fault => Err(self.explain("create", &folder, fault)),
            },
            _ => Ok(()),
        }
    }

    fn file_of(&self, cluster: &ClusterId, name: &str) -> PathBuf {
        self.path().join(cluster.as_str()).join(name)
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}
