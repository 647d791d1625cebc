//! Records that change by compare-and-swap.

use std::fmt;

use crate::StoreError;

/// A record that this crate can read and swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordName {
    /// Who owns the work: `ownership/<20-digit revision>.json` in a folder, `ownership.json` in Blob.
    Ownership,
    /// A throw-away record under `.probe-<id>`, with which `doctor` tries the very same operations. The id has
    /// letters, digits and dashes only.
    Probe(String),
}

impl RecordName {
    /// The record's name below the store's root: a folder's name there, a blob's name without its ending.
    pub fn stem(&self) -> String {
        match self {
            Self::Ownership => "ownership".to_owned(),
            Self::Probe(id) => format!(".probe-{id}"),
        }
    }
}

impl fmt::Display for RecordName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ownership => f.write_str("the ownership record"),
            Self::Probe(id) => write!(f, "the probe record {id}"),
        }
    }
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The stored bytes, at most [`Record::MAX_BYTES`].
    pub body: Vec<u8>,
    /// What a swap must name to replace exactly this.
    pub version: RecordVersion,
}

impl Record {
    /// The longest record that is read; a longer one is malformed.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// What the maintenance record is called at the store's root, in a folder and in Blob.
    pub(crate) const MAINTENANCE: &str = "maintenance.json";

    /// The error for a record, named with its place, that has more than [`Record::MAX_BYTES`].
    pub(crate) fn over_long(what: String) -> StoreError {
        StoreError::Malformed { what, detail: format!("it is longer than {} bytes", Self::MAX_BYTES) }
    }
}

/// Which state of a record was read: a revision in a folder, an `ETag` in Blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordVersion {
    /// The highest revision in the folder.
    Revision(u64),
    /// The blob's entity tag, quoted as the service sent it.
    ETag(String),
}

impl RecordVersion {
    /// The revision that a folder keeps this state under, which its body should repeat; `None` in Blob, where
    /// the body alone says it.
    pub fn revision(&self) -> Option<u64> {
        match self {
            Self::Revision(revision) => Some(*revision),
            Self::ETag(_) => None,
        }
    }
}

/// What came of touching a record: this process could change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// What others may not be able to use, although this process is: such as files that are not like the store's root.
    /// At most one, with a line that mends it.
    pub unlike: Option<Unlike>,
}

/// Something in a folder that has another owner or fewer permissions than the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlike {
    /// What is how.
    pub what: String,
    /// The command that makes it like the root.
    pub mend: String,
}
