//! Looks at everything from outside, and knows what must never be.

use failover_policy::{OwnershipRecord, Phase, Purpose, Swap};

use super::side::Side;

/// What must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Violation {
    /// Two clusters ran the work at once.
    DoubleRun,
    /// A claim was made, or became ownership, against a heart that beat steadily and could be read.
    LivingHeartTakenOver,
    /// A claim was made right after the cluster that it was made against had refused one.
    ClaimedAgainAtOnce,
    /// A term was given to two clusters.
    TermTwice(u64),
    /// A machine went on and on without sleeping, or missed its own deadline.
    Restless,
}

/// Remembers what it takes to see a violation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Oracle {
    /// Which cluster each term belongs to.
    terms: Vec<(u64, Side)>,
    /// For how many ticks each heart's beats have not landed where the other cluster can read them.
    silent_for: [u8; 2],
    /// For how many ticks more nobody may claim from each cluster, since it refused a claim or was spared.
    refused_for: [u8; 2],
    /// For how many ticks such beats have come at least every `2i`.
    steady_for: [u8; 2],
    /// The first violation.
    pub(crate) violation: Option<Violation>,
}

impl Oracle {
    /// Beats that have been steady for so many ticks must have been seen: a read takes two ticks at the most, and the
    /// swap that rests on it two more.
    const SEEN_AFTER: u8 = 5;

    pub(crate) fn object(&mut self, violation: Violation) {
        self.violation.get_or_insert(violation);
    }

    /// The least watch, less the tick in which it began.
    const WATCHED: u8 = 5;

    /// Takes a swap that won, over that record.
    pub(crate) fn swapped(&mut self, swap: &Swap, over: Option<&OwnershipRecord>) {
        if matches!(swap.purpose, Purpose::Claim | Purpose::Own) {
            let victim = over.map_or(Side::A, |over| Side::of(over.last_that_may_run()));
            let claimant = Side::of(&swap.record.owner);
            if victim != claimant && self.steady_for[victim.index()] >= Self::SEEN_AFTER {
                self.object(Violation::LivingHeartTakenOver);
            }
        }
        let spared = Side::of(swap.record.last_that_may_run());
        match swap.purpose {
            Purpose::Contest | Purpose::GiveBack => self.refused_for[spared.index()] = Self::WATCHED,
            Purpose::Claim if self.refused_for[spared.index()] > 0 => {
                self.object(Violation::ClaimedAgainAtOnce);
            }
            _ => {}
        }
        if matches!(swap.record.phase, Phase::Active { .. }) {
            self.owns(swap.record.term, Side::of(&swap.record.owner));
        }
    }

    /// Takes that a tick is over in which each heart's beat landed, or not.
    pub(crate) fn tick_is_over(&mut self, landed: [bool; 2]) {
        for left in &mut self.refused_for {
            *left = left.saturating_sub(1);
        }
        for side in Side::ALL {
            let (silent, steady) = (&mut self.silent_for[side.index()], &mut self.steady_for[side.index()]);
            *silent = if landed[side.index()] { 0 } else { (*silent + 1).min(2) };
            *steady = if *silent < 2 { (*steady + 1).min(Self::SEEN_AFTER) } else { 0 };
        }
    }

    fn owns(&mut self, term: u64, side: Side) {
        match self.terms.iter().find(|(known, _)| *known == term) {
            Some((_, owner)) if *owner != side => self.object(Violation::TermTwice(term)),
            Some(_) => {}
            None => self.terms.push((term, side)),
        }
    }
}
