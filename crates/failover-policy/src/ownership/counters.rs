//! The counters of the record, and the numbers at their end.

/// The least counters that an activation writes. A record that was lost may have had higher ones than what is there
/// now, and whoever read it would take anything lower for a restored backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Floor {
    /// The least revision.
    pub revision: u64,
    /// The least term.
    pub term: u64,
}

/// A counter of the record that has come so near its end that a change would leave none for the one after.
///
/// Counted up by ones neither gets there; a forged record or a `--term` of that size does. A counter that stood still
/// instead would give two owners one fencing token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Exhausted {
    /// No owner can follow this one.
    #[error(
        "term {0} of the ownership record is the last that can be counted, or all but: no owner could follow"
    )]
    Term(u64),
    /// No change can follow this one.
    #[error(
        "revision {0} of the ownership record is the last that can be counted, or all but: no change could follow"
    )]
    Revision(u64),
}

/// What is kept free at the end: what was begun can then be ended, taken back and mended this many times.
const RESERVE: u64 = 1000;

/// A counter under which something may begin; `None` where it stands too near its end.
pub(super) fn with_room(counter: u64) -> Option<u64> {
    (counter <= u64::MAX - RESERVE).then_some(counter)
}
