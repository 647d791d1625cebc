//! What one read of a stamp found, and when.

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
    Malformed,
    /// A readable store without this stamp. A share that is not mounted can look the same.
    Missing,
    /// No answer, a refusal, or none in time.
    Unreadable,
}
