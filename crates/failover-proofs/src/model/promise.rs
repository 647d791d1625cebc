//! What the protocol promises.

use super::ending::Ending;
use super::oracle::Violation;
use super::setting::Setting;
use super::world::World;

/// A promise that is checked in every state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Two clusters never run the work at once.
    NeverTwo,
    /// Nobody takes over from a heart whose beats land and can be read at least every `2i`.
    LivingHeart,
    /// Whoever refuses a claim is not claimed from again before a whole watch is over.
    NoClaimAfterRefusal,
    /// No term serves two clusters.
    TermForOne,
    /// No machine goes on without sleeping.
    Sleeps,
    /// When things have been quiet for a while, whoever can run does: a dead owner is replaced.
    SomebodyRuns,
    /// When things have been quiet for a while, no claim and no handover is open.
    NothingOpen,
}

impl Promise {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NeverTwo,
        Self::LivingHeart,
        Self::NoClaimAfterRefusal,
        Self::TermForOne,
        Self::Sleeps,
        Self::SomebodyRuns,
        Self::NothingOpen,
    ];

    /// What it says, in a sentence; unlike any other.
    pub const fn text(self) -> &'static str {
        match self {
            Self::NeverTwo => "two clusters never run the work at once",
            Self::LivingHeart => "nobody takes over from a heart that beats",
            Self::NoClaimAfterRefusal => "nobody claims again right after a refusal",
            Self::TermForOne => "no term serves two clusters",
            Self::Sleeps => "every machine sleeps in the end",
            Self::SomebodyRuns => "whoever can run does in the end",
            Self::NothingOpen => "no claim and no handover stays open",
        }
    }

    pub(crate) fn is_kept(self, world: &World, setting: &Setting) -> bool {
        let violation = world.oracle.violation;
        let ending = || if world.is_over(setting) { Ending::of(world, setting) } else { Ending::Settled };
        match self {
            Self::NeverTwo => violation != Some(Violation::DoubleRun),
            Self::LivingHeart => violation != Some(Violation::LivingHeartTakenOver),
            Self::NoClaimAfterRefusal => violation != Some(Violation::ClaimedAgainAtOnce),
            Self::TermForOne => !matches!(violation, Some(Violation::TermTwice(_))),
            Self::Sleeps => violation != Some(Violation::Restless),
            Self::SomebodyRuns => ending() != Ending::NobodyRuns,
            Self::NothingOpen => ending() != Ending::LeftOpen,
        }
    }
}
