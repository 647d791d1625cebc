//! The three answers, and what they rest on.

use std::fmt;
use std::time::Duration;

use crate::{SignedSpan, Stamp};

/// What a detector makes of a heart: three answers, never two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A beat was seen in this watch, and silence has not lasted long enough since.
    Beating,
    /// The heart is flat.
    Flatlined(FlatlineCause),
    /// There is not enough evidence for either.
    Unknown(UnknownCause),
}

/// Which half of the rule declared the heart flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlatlineCause {
    /// Silence reached the threshold on the slower of the local clocks.
    Silence,
    /// Silence was confirmed and the stamp is older than the threshold by the wall clock.
    StampAge,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownCause {
    /// Nothing was read yet.
    NotLooked,
    /// The store can be read and has never held a stamp of this cluster.
    NeverSeen,
    /// There was a stamp and now there is none: nobody removes stamps, so the store itself is in doubt.
    Vanished,
    /// What is stored is no stamp: no good one was ever seen, or no writer could have left that in its place.
    Malformed,
    /// The store cannot be read.
    Unreadable,
    /// Looks go well, but not for long enough to tell.
    Watching,
    /// The last good look is too long ago: the store was away, or this process was frozen.
    NotWatching,
    /// A single look found a stamp further in the future than the threshold.
    FutureStamp,
}

impl Verdict {
    /// The words of all three verdicts.
    pub const WORDS: [&'static str; 3] = ["beating", "flatlined", "unknown"];

    /// The verdict in one word, for logs, metrics and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Beating => "beating",
            Self::Flatlined(_) => "flatlined",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The reason in snake case, for logs and JSON; `None` for a beating heart.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Beating => None,
            Self::Flatlined(cause) => Some(match cause {
                FlatlineCause::Silence => "silence",
                FlatlineCause::StampAge => "stamp_age",
            }),
            Self::Unknown(cause) => Some(match cause {
                UnknownCause::NotLooked => "not_looked",
                UnknownCause::NeverSeen => "never_seen",
                UnknownCause::Vanished => "vanished",
                UnknownCause::Malformed => "malformed",
                UnknownCause::Unreadable => "unreadable",
                UnknownCause::Watching => "watching",
                UnknownCause::NotWatching => "not_watching",
                UnknownCause::FutureStamp => "future_stamp",
            }),
        }
    }

    /// Whether the heart is flat.
    pub const fn is_flatlined(self) -> bool {
        matches!(self, Self::Flatlined(_))
    }
}

/// The word alone.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assessment {
    /// The answer.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a detector has seen, as of its last good look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The stamp of the last beat; `None` where none was ever seen.
    pub stamp: Option<Stamp>,
    /// Its age by the local wall clock.
    pub stamp_age: Option<SignedSpan>,
    /// How long the heart has been silent under watch, on the slower of the local clocks; `None` before the first
    /// good look.
    pub silence: Option<Duration>,
    /// The smallest age that one of the last 16 beats had when it was first seen, signed: how far the beacon's
    /// clock lags this one's, plus the fastest way through the store and up to one poll. `None` before a beat
    /// was seen to come in. It decides nothing.
    pub skew: Option<SignedSpan>,
    /// Reads so far, good and bad.
    pub looks: u64,
    /// Reads that said nothing about the heart.
    pub failed_looks: u64,
    /// Beats seen, the stamp of the first look included.
    pub beats: u64,
    /// How often silence started over because good looks were too far apart.
    pub gaps: u64,
}
