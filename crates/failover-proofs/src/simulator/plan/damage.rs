//! Reads that come back damaged at one reader alone, while everybody else reads what is stored.

use failover_policy::{Finding, Fingerprint, Malformed, Stamp, Witness};

use super::super::clock::Nanos;
use super::super::dice::Dice;

/// A span of true time in which somebody's reads of stamps are damaged.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Damage {
    from: Nanos,
    to: Nanos,
    /// How many of a hundred reads.
    share: u64,
    kind: Kind,
    /// Whether the second witness is damaged as well.
    witness_too: bool,
}

/// What is left of a stamp.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Empty,
    /// So many of its eighteen digits.
    Cut(usize),
    /// Any number of them, another one each time.
    Ragged,
}

impl Damage {
    /// Damage of some kind from `from` to `to`.
    pub(super) fn throw(from: Nanos, to: Nanos, dice: &mut Dice) -> Self {
        let kind = match dice.below(4) {
            0 => Kind::Empty,
            1 | 2 => Kind::Cut(1 + dice.below(17)),
            _ => Kind::Ragged,
        };
        let share = if dice.percent(70) { 100 } else { 50 };
        Self { from, to, share, kind, witness_too: dice.percent(50) }
    }

    /// The same, as hard to see through as it gets: every read is empty, and so is what stands beside it.
    pub(super) fn complete(self) -> Self {
        Self { share: 100, kind: Kind::Empty, witness_too: true, ..self }
    }

    /// What a read at that moment finds in place of `stamp`; `None` where it is spared. A beacon writes its details with
    /// every stamp, so they are as new as the stamp is.
    pub(in crate::simulator) fn befalls(
        self,
        now: Nanos,
        stamp: Stamp,
        atomic: bool,
        dice: &mut Dice,
    ) -> Option<Finding> {
        if !(self.from..self.to).contains(&now) || !dice.percent(self.share) {
            return None;
        }
        let digits = stamp.to_string();
        let left = match self.kind {
            Kind::Empty => 0,
            Kind::Cut(left) => left,
            Kind::Ragged => dice.below(18),
        };
        let witness = if self.witness_too { b"".as_slice() } else { digits.as_bytes() };
        let torn = Malformed::Torn {
            bytes: Fingerprint::of(digits.get(..left).unwrap_or_default().as_bytes()),
            witness: Witness::Details(Fingerprint::of(witness)),
        };
        Some(Finding::Malformed(if atomic { Malformed::Foreign } else { torn }))
    }
}
