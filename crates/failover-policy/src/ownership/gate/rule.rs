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
    /// `c`: how old the answer of a read can be on this place, [in true time](GateRule::in_true_time).
    pub cache_age: Span,
    /// How long after a heart is flat this candidate claims: orders several.
    pub takeover_delay: Span,
    /// How long a primary keeps trying to read the record before it goes without.
    pub store_grace: Span,
}

impl GateRule {
    /// How old an answer can truly be out of a cache that is told to keep it for so long. A node counts the age of what it
    /// caches by its kernel's clock, which a time daemon may slow down by a tenth: an eighth more covers that, and all
    /// drift. Whoever waits for others' caches to have aged waits that long.
    pub fn in_true_time(kept_for: Span) -> Span {
        Span::try_from(kept_for.get() + kept_for.get() / 8).unwrap_or(Span::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_on_a_node_whose_clock_is_slowed_down_as_far_as_can_be_is_no_older_than_is_waited_for() {
        for kept_for in [1, 250, 1000, 2000, 60_000].map(Span::from_millis) {
            // 10 % by its tick, 500 ppm by its frequency, and `ρ` by the hardware; and `ρ` of whoever waits.
            let truly = kept_for.get().mul_f64(1.001 / (0.9 - 0.0005) / 0.999);
            let waited = GateRule::in_true_time(kept_for).get();
            assert!(truly <= waited, "{kept_for}: {truly:?} > {waited:?}");
        }
        assert_eq!(GateRule::in_true_time(Span::ZERO), Span::ZERO);
        assert_eq!(GateRule::in_true_time(Span::from_secs(2)), Span::from_millis(2250));
        assert_eq!(GateRule::in_true_time(Span::MAX), Span::MAX);
    }
}
