//! The classic one-letter states of a pair with a hot standby.

use std::fmt;

use crate::{ClusterId, OwnershipRecord, Phase, RecordState, Verdict};

/// What a cluster is, in the letter that operators of classic pairs know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Letter {
    /// `D`: its heart is flat.
    Dead,
    /// `O`: it owns the work.
    Owned,
    /// `S`: it beats and stands by.
    Standby,
    /// `N`: it tried to own the work and was refused. Needs an ownership record.
    Refused,
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

    /// The letter of a cluster under this record: its owner owns as long as it beats, and a claimant does not yet.
    /// `None` where the verdict is unknown.
    pub fn under(record: &OwnershipRecord, cluster: &ClusterId, verdict: Verdict) -> Option<Self> {
        let owns = record.owner == *cluster && !matches!(record.phase, Phase::Pending { .. });
        let was_refused = record.refused() == Some(cluster);
        match Self::without_record(verdict, owns) {
            Some(Self::Standby) if was_refused => Some(Self::Refused),
            letter => letter,
        }
    }

    /// The letter of a cluster where nobody can tell who owns the work: a flat heart is dead all the same.
    pub const fn without_owner(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::Flatlined(_) => Some(Self::Dead),
            Verdict::Beating | Verdict::Unknown(_) => None,
        }
    }

    /// The letter of a cluster by what is known of the record.
    pub fn by(
        state: &RecordState,
        cluster: &ClusterId,
        primary: &ClusterId,
        verdict: Verdict,
    ) -> Option<Self> {
        match state {
            RecordState::Found(record) => Self::under(record, cluster, verdict),
            RecordState::Absent => Self::without_record(verdict, cluster == primary),
            RecordState::NotRead
            | RecordState::Unreadable
            | RecordState::Lost(_)
            | RecordState::Unusable(_) => Self::without_owner(verdict),
        }
    }

    /// The letter itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "D",
            Self::Owned => "O",
            Self::Standby => "S",
            Self::Refused => "N",
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
    use crate::{FlatlineCause, LeaseTiming, Span, Tick, Timing, UnknownCause};

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

    #[test]
    fn under_a_record_its_owner_owns_a_claimant_does_not_yet_and_a_refused_one_is_told() {
        let id = |name: &str| name.parse::<ClusterId>().unwrap();
        let record = |owner: &str, phase, reason: &str| OwnershipRecord {
            revision: 5,
            term: 3,
            owner: id(owner),
            phase,
            timing: LeaseTiming::of(&Timing::default()),
            since: Tick::UNIX_EPOCH,
            by: "me".to_owned(),
            reason: reason.to_owned(),
            primary: None,
        };
        let active = record("a", Phase::Active { previous: None }, "first record");
        let pending = record("b", Phase::Pending { previous: id("a") }, "claim");
        let releasing = record("a", Phase::Releasing { successor: id("b"), drain: Span::ZERO }, "handover");
        let refused = record("a", Phase::Active { previous: Some(id("b")) }, OwnershipRecord::CONTESTED);
        let (beats, flat) = (Verdict::Beating, Verdict::Flatlined(FlatlineCause::Silence));
        let table = [
            (&active, "a", beats, Some("O")),
            (&active, "b", beats, Some("S")),
            (&active, "a", flat, Some("D")),
            (&pending, "a", beats, Some("S")),
            (&pending, "b", beats, Some("S")),
            (&releasing, "a", beats, Some("O")),
            (&releasing, "b", beats, Some("S")),
            (&refused, "b", beats, Some("N")),
            (&refused, "b", flat, Some("D")),
            (&refused, "a", beats, Some("O")),
            (&refused, "c", beats, Some("S")),
            (&refused, "b", Verdict::Unknown(UnknownCause::Unreadable), None),
        ];
        for (record, cluster, verdict, letter) in table {
            let is = Letter::under(record, &id(cluster), verdict).map(Letter::as_str);
            assert_eq!(is, letter, "{cluster} {verdict:?} under {record:?}");
        }
    }
}
