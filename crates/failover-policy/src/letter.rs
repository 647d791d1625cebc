//! The classic one-letter states of a pair with a hot standby.

use std::fmt;

use crate::Verdict;

/// What a cluster is, in the letter that operators of classic pairs know.
///
/// `N`, "tried and refused", needs an ownership record and is never given without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// `D`: its heart is flat.
    Dead,
    /// `O`: it owns the work.
    Owned,
    /// `S`: it beats and stands by.
    Standby,
}

impl Letter {
    /// The letter of a cluster where no ownership is recorded: the primary owns as long as it beats. `None`
    /// where the verdict is unknown; a letter would be a guess.
    pub const fn without_record(verdict: Verdict, is_primary: bool) -> Option<Self> {
        match verdict {
            Verdict::Flatlined(_) => Some(Self::Dead),
            Verdict::Beating if is_primary => Some(Self::Owned),
            Verdict::Beating => Some(Self::Standby),
            Verdict::Unknown(_) => None,
        }
    }

    /// The letter itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "D",
            Self::Owned => "O",
            Self::Standby => "S",
        }
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FlatlineCause, UnknownCause};

    #[test]
    fn letters_follow_the_verdict_and_the_primary_and_never_guess() {
        let table = [
            (Verdict::Beating, true, Some("O")),
            (Verdict::Beating, false, Some("S")),
            (Verdict::Flatlined(FlatlineCause::Silence), true, Some("D")),
            (Verdict::Flatlined(FlatlineCause::StampAge), false, Some("D")),
            (Verdict::Unknown(UnknownCause::Unreadable), true, None),
            (Verdict::Unknown(UnknownCause::Watching), false, None),
        ];
        for (verdict, is_primary, expected) in table {
            let letter = Letter::without_record(verdict, is_primary);
            assert_eq!(letter.map(Letter::as_str), expected, "{verdict:?}, primary {is_primary}");
        }
    }
}
