//! What one read of a stamp found, and when.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Now, Stamp};

/// One read of a cluster's stamp, from the call to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    /// The clocks right before the read was issued: what it found may be as old as this.
    pub issued: Now,
    /// The clocks right after it came back: what it found is no newer than this.
    pub completed: Now,
    /// What came back.
    pub finding: Finding,
}

/// What a read came back with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finding {
    /// A valid stamp.
    Stamp(Stamp),
    /// Bytes that are no stamp.
    Malformed(Malformed),
    /// A readable store without this stamp. A share that is not mounted can look the same.
    Missing,
    /// No answer, a refusal, or none in time.
    Unreadable,
}

/// Bytes that are no stamp, and what can be behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// On a place whose writes are atomic no writer is ever caught in the middle: somebody else wrote them, or the
    /// answer is damaged. They say nothing about the heart.
    Foreign,
    /// On a place where stamps are written over, a writer may have been caught between truncating and writing, or may
    /// have died there: the classic one does both. Or the answer is damaged, and the heart beats unseen.
    Torn {
        /// The bytes themselves. Ones that change show somebody who writes.
        bytes: Fingerprint,
        /// What stands beside them.
        witness: Witness,
    },
}

/// Beat details as the second witness of a heart whose stamp cannot be made out: a beacon writes them with every beat,
/// in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Witness {
    /// There are none: the classic writer leaves none.
    Absent,
    /// These, understood or not.
    Details(Fingerprint),
    /// Nobody can tell.
    Unreadable,
}

/// Tells bytes from other bytes; of no other meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self(hasher.finish())
    }
}
