//! What a gate is configured with.

use crate::{ClusterId, LeaseTiming, Span, WatchRule};

/// Who may pass a gate that cannot read the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The primary, loudly, after the store grace.
    Prefer,
    /// Nobody.
    Strict,
}

/// What a gate is configured with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GateRule {
    /// The cluster that this gate stands in.
    pub this: ClusterId,
    /// The cluster that owns the work while there is no record.
    pub primary: ClusterId,
    /// Names this process, unlike any other.
    pub by: String,
    /// Who may pass without the record.
    pub mode: Mode,
    /// Whether a guard stands behind this gate: it never opens by itself, needs beats of its own cluster, and
    /// writes the first record.
    pub guarded: bool,
    /// When a watched heart is flat; the record may ask for more.
    pub watch: WatchRule,
    /// What this gate writes into the record when it makes its cluster the owner.
    pub lease: LeaseTiming,
    /// `c`: how old the answer of a read can be on this place.
    pub cache_age: Span,
    /// How long after a heart is flat this candidate claims: orders several.
    pub takeover_delay: Span,
    /// How long a primary keeps trying to read the record before it goes without.
    pub store_grace: Span,
}
