//! The rules that safety rests on, each of which can be broken to see that it is needed.

use super::oracle::Violation;

/// A rule of the protocol. The machines always obey; a broken rule means that the world between them and the store
/// lies to them, so that the effect is that of a machine without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A claimant reads the heart once more before it owns. Broken: it is told what it saw before its claim.
    Verify,
    /// A guard reads its own stamp first, then the record. Broken: the record it is shown is from before.
    StampThenRecord,
    /// A right counts from the last read that did not show the beat. Broken: it counts from the one that did.
    CountFromBeforeTheBeat,
    /// A workload has stopped `K` after the right's end. Broken: it takes seconds longer to die.
    StopInTime,
    /// The record's timings bind both sides. Broken: everybody reads their own there.
    TimingFromTheRecord,
    /// Whoever reads through a cache waits for its age. Broken: nobody is told that there is one.
    WaitForCaches,
    /// Whoever waits goes by the slower of a node's clocks. Broken: by the one that is slewed.
    WaitByTheSlower,
    /// Whoever holds the work goes by the faster of a node's clocks. Broken: by the one that is slewed.
    HoldByTheFaster,
    /// Part of a stamp is none. Broken: it is an old one.
    PartOfAStampIsNone,
    /// A claim over malformed bytes stands for a whole watch. Broken: they count as the last stamp that was read.
    BlindClaimsStand,
    /// Where writes are atomic, malformed bytes are no silence. Broken: they are as in a folder.
    AtomicWritesLeaveNoDebris,
    /// Whoever refuses a claim lives. Broken: nobody can tell a refusal from another change of the record.
    RefusalsShowLife,
}

impl Rule {
    /// What happens without it.
    pub fn breach(self) -> Violation {
        match self {
            Self::AtomicWritesLeaveNoDebris => Violation::TakeoverOfABeatingHeart,
            Self::RefusalsShowLife => Violation::ClaimedAgainAtOnce,
            _ => Violation::DoubleRun,
        }
    }

    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Verify,
        Self::StampThenRecord,
        Self::CountFromBeforeTheBeat,
        Self::StopInTime,
        Self::TimingFromTheRecord,
        Self::WaitForCaches,
        Self::WaitByTheSlower,
        Self::HoldByTheFaster,
        Self::PartOfAStampIsNone,
        Self::BlindClaimsStand,
        Self::AtomicWritesLeaveNoDebris,
        Self::RefusalsShowLife,
    ];
}

/// What kind of worlds are run, and what is asked of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Setting {
    /// The rule that these worlds are to put to the test; `None` for a bit of everything.
    pub about: Option<Rule>,
    /// Whether that rule is broken. Then nothing but what it keeps from happening counts as a failure: mostly workloads
    /// that overlap.
    pub broken: bool,
}

impl Setting {
    /// Worlds that put a rule to the test, and obey it.
    pub const fn testing(rule: Rule) -> Self {
        Self { about: Some(rule), broken: false }
    }

    /// The same worlds without the rule.
    pub const fn without(rule: Rule) -> Self {
        Self { about: Some(rule), broken: true }
    }

    pub(super) fn is_about(self, rule: Rule) -> bool {
        self.about == Some(rule)
    }

    /// Whether all clocks are to be slewed.
    pub(super) fn is_about_clocks(self) -> bool {
        self.is_about(Rule::WaitByTheSlower)
            || self.is_about(Rule::HoldByTheFaster)
            || self.is_about(Rule::WaitForCaches)
    }

    /// Whether many reads are to be damaged.
    pub(super) fn is_about_damage(self) -> bool {
        use Rule::{AtomicWritesLeaveNoDebris, BlindClaimsStand, PartOfAStampIsNone, RefusalsShowLife};
        [PartOfAStampIsNone, BlindClaimsStand, AtomicWritesLeaveNoDebris, RefusalsShowLife]
            .into_iter()
            .any(|rule| self.is_about(rule))
    }

    pub(super) fn breaks(self, rule: Rule) -> bool {
        self.broken && self.is_about(rule)
    }
}
