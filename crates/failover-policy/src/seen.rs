//! What this reader has read before.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use crate::Stamp;

/// Remembers the last stamps and tells a beat from a stamp that was read before.
pub(crate) type SeenStamps = Seen<Stamp>;

/// Remembers the last things that were read, and tells new ones.
///
/// A *beat* is a valid stamp that this reader has not read before. Stamps are never ordered: a late write, or
/// a store restored from a backup, shows an old stamp again, and that is no sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen<T> {
    newest_last: VecDeque<T>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { newest_last: VecDeque::new() }
    }
}

impl<T: PartialEq> Seen<T> {
    /// How many are remembered: at the default interval, about two minutes of beats; late writes and
    /// two beacons that overwrite each other reach back a few at the most.
    const CAPACITY: usize = 64;

    /// Whether this was not read before; it is remembered either way.
    pub(crate) fn is_new(&mut self, read: T) -> bool {
        if self.newest_last.contains(&read) {
            return false;
        }
        if self.newest_last.len() == Self::CAPACITY {
            self.newest_last.pop_front();
        }
        self.newest_last.push_back(read);
        true
    }
}

/// The newest few alone. Equal memories still hash equal; the exhaustive model, which tells states apart by
/// their hash, so takes memories for one that differ in what is too old to be read again.
impl<T: Hash> Hash for Seen<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        const NEWEST: usize = 4;
        self.newest_last.iter().rev().take(NEWEST).for_each(|stamp| stamp.hash(hasher));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;

    fn stamp(count: i64) -> Stamp {
        Stamp::new(Tick::from_count(count).unwrap())
    }

    #[test]
    fn a_stamp_is_a_beat_once_whatever_its_order() {
        let mut seen = SeenStamps::default();
        let table = [(5, true), (5, false), (3, true), (5, false), (3, false), (9, true), (3, false)];
        for (count, is_beat) in table {
            assert_eq!(seen.is_new(stamp(count)), is_beat, "{count}");
        }
    }

    #[test]
    fn the_last_64_stamps_are_remembered_and_no_more() {
        let mut seen = SeenStamps::default();
        for count in 0..65 {
            assert!(seen.is_new(stamp(count)));
        }
        assert!(!seen.is_new(stamp(1)), "the 64th from the end is still known");
        assert!(seen.is_new(stamp(0)), "the 65th is forgotten");
    }
}
