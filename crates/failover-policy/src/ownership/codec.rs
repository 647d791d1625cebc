//! The bytes of the record: JSON, format version 1.

use serde::{Deserialize, Serialize};

use crate::{ClusterId, LeaseTiming, OwnershipRecord, Phase, Span, Tick};

/// Why stored bytes are no record that this version may act on. Neither is ever taken for "no record".
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UnusableRecord {
    /// Not a record of version 1.
    #[error("the ownership record is malformed: {0}")]
    Malformed(String),
    /// Written by a later version of this program.
    #[error("the ownership record has format version {0}, this program understands {max}; upgrade it", max = OwnershipRecord::VERSION)]
    Newer(u64),
}

/// The stored form, field by field. Unknown fields are passed over.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u64,
    revision: u64,
    term: u64,
    owner: ClusterId,
    phase: Word,
    previous: Option<ClusterId>,
    successor: Option<ClusterId>,
    watch: Span,
    stop: Span,
    drain: Span,
    since: Tick,
    by: String,
    reason: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Active,
    Pending,
    Releasing,
}

/// What is read first: a record of a later version may look different in all else.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl OwnershipRecord {
    /// The only format version that is written, and the highest that is read.
    pub const VERSION: u64 = 1;
    /// The longest `by` or `reason` that is believed, in bytes: a pod name and a sentence fit several times over.
    const MAX_TEXT: usize = 512;

    /// The bytes to store.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and integers always have a JSON form; the fallback only satisfies the signature.
        serde_json::to_vec_pretty(&Stored::from(self)).unwrap_or_default()
    }

    /// The record that these bytes are.
    pub fn from_json(bytes: &[u8]) -> Result<Self, UnusableRecord> {
        let malformed = |error: serde_json::Error| UnusableRecord::Malformed(error.to_string());
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version > Self::VERSION {
            return Err(UnusableRecord::Newer(version));
        }
        let stored: Stored = serde_json::from_slice(bytes).map_err(malformed)?;
        stored.checked().map_err(|detail| UnusableRecord::Malformed(detail.to_owned()))
    }
}

impl Stored {
    fn checked(self) -> Result<OwnershipRecord, &'static str> {
        if self.version == 0 || self.revision == 0 || self.term == 0 {
            return Err("version, revision and term start at 1");
        }
        let printable =
            |text: &str| text.len() <= OwnershipRecord::MAX_TEXT && !text.chars().any(char::is_control);
        if self.by.is_empty() || !printable(&self.by) || !printable(&self.reason) {
            return Err("by and reason are one short line each, and by is not empty");
        }
        let phase = match (self.phase, self.previous, self.successor) {
            (Word::Active, previous, None) => Phase::Active { previous },
            (Word::Pending, Some(previous), None) if previous != self.owner => Phase::Pending { previous },
            (Word::Releasing, None, Some(successor)) if successor != self.owner => {
                Phase::Releasing { successor, drain: self.drain }
            }
            (Word::Active, ..) => return Err("an active record has no successor"),
            (Word::Pending, ..) => {
                return Err("a pending record names another cluster as previous, and no successor");
            }
            (Word::Releasing, ..) => {
                return Err("a releasing record names another cluster as successor, and no previous");
            }
        };
        Ok(OwnershipRecord {
            revision: self.revision,
            term: self.term,
            owner: self.owner,
            phase,
            timing: LeaseTiming { watch: self.watch, stop: self.stop },
            since: self.since,
            by: self.by,
            reason: self.reason,
        })
    }
}

impl From<&OwnershipRecord> for Stored {
    fn from(record: &OwnershipRecord) -> Self {
        let (phase, previous, successor, drain) = match record.phase.clone() {
            Phase::Active { previous } => (Word::Active, previous, None, Span::ZERO),
            Phase::Pending { previous } => (Word::Pending, Some(previous), None, Span::ZERO),
            Phase::Releasing { successor, drain } => (Word::Releasing, None, Some(successor), drain),
        };
        Self {
            version: OwnershipRecord::VERSION,
            revision: record.revision,
            term: record.term,
            owner: record.owner.clone(),
            phase,
            previous,
            successor,
            watch: record.timing.watch,
            stop: record.timing.stop,
            drain,
            since: record.since,
            by: record.by.clone(),
            reason: record.reason.clone(),
        }
    }
}
