//! Single calls that go wrong.

use super::call::Call;
use super::side::Actor;

/// One call of one turn that does not go as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slip {
    /// Whose turn.
    pub actor: Actor,
    /// Which call of the turn, from 0.
    pub nth: u8,
    /// What goes wrong with it.
    pub kind: SlipKind,
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SlipKind {
    /// A read is answered at once, and the answer takes until the next tick.
    AnswerLate,
    /// A call reaches the store in the next tick, and is answered then.
    Late,
    /// A read fails.
    Fails,
    /// A read is as old as the place's cache, where others are fresh; fresh, where others are old.
    OtherAge,
    /// A swap is done, and nobody learns of it.
    AnswerLost,
}

impl SlipKind {
    /// What can go wrong with a call.
    pub(crate) fn of(call: &Call, cached: bool, thorough: bool) -> Vec<Self> {
        let mut kinds = match call {
            Call::Maintenance => vec![],
            Call::Swap(_) if thorough => vec![Self::Late, Self::AnswerLate, Self::AnswerLost],
            Call::Swap(_) => vec![Self::Late, Self::AnswerLost],
            Call::Own | Call::Heart(_) | Call::Record if thorough => {
                vec![Self::AnswerLate, Self::Late, Self::Fails]
            }
            Call::Own | Call::Heart(_) | Call::Record => vec![Self::AnswerLate],
        };
        if cached && matches!(call, Call::Own | Call::Heart(_) | Call::Record) {
            kinds.push(Self::OtherAge);
        }
        kinds
    }

    /// What can go wrong with the write of a stamp: it lands after everybody else's turn, or not at all.
    pub(crate) const OF_A_WRITE: [Self; 2] = [Self::Late, Self::Fails];
}
