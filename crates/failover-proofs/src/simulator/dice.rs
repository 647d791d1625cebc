//! Randomness that a seed repeats.

use super::clock::Nanos;

/// A small repeatable source of randomness (`SplitMix64`, Steele, Lea and Flood 2014), so that one number names a
/// schedule.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    /// The dice that this seed names.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(super) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included; `low` where `high` is less.
    pub(super) fn between(&mut self, low: Nanos, high: Nanos) -> Nanos {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        low + Nanos::try_from(self.roll() % (width + 1)).unwrap_or(0)
    }

    /// A number from nothing to `most`: either end as often as anything in between, since limits fail at their ends.
    pub(super) fn extreme(&mut self, most: Nanos) -> Nanos {
        match self.roll() % 3 {
            0 => 0,
            1 => most,
            _ => self.between(0, most),
        }
    }

    /// True in so many of a hundred throws.
    pub(super) const fn percent(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }

    /// A number below `count`, or zero.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from(self.roll() % count).unwrap_or(0)
    }
}
