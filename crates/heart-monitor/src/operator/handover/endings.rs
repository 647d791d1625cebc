//! How a handover ends, for people and for exit codes.

use failover_policy::{ClusterId, HandoverEnd, OwnershipRecord, Phase, RecordState};
use flatline_shell::Exit;

use crate::advice::{Advice, Term, Whom};
use crate::operator::words::{no_record, origin, sentence};
use crate::record_advice;

/// What is said while a handover that has begun cannot be written on.
pub(super) const LEFT_ALONE: &str = "; nobody runs meanwhile; Ctrl-C says how to go on";

/// 0 where the work is where it was to be, 2 where it is not.
pub(super) fn exit_of(end: &HandoverEnd) -> Exit {
    match end {
        HandoverEnd::HandedOver(_) | HandoverEnd::AlreadyOwner(_) | HandoverEnd::CalledOff(_) => Exit::Done,
        HandoverEnd::SuccessorSilent
        | HandoverEnd::Overtaken(_)
        | HandoverEnd::TakeoverUnderWay(_)
        | HandoverEnd::OtherHandover(_)
        | HandoverEnd::NoRecord
        | HandoverEnd::Lost
        | HandoverEnd::Unusable(_)
        | HandoverEnd::Exhausted(_) => Exit::CannotTell,
    }
}

/// What is known of the successor's heart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Successor<'a> {
    /// In a sentence; `None` before it was looked at.
    pub(super) found: Option<&'a str>,
    /// Whether the store has no stamp of it.
    pub(super) never_beat: bool,
}

/// What came of it, where things stand, and what to do where that is not what was asked for. `state` is what the
/// record says in the end, `heart` what is known of the successor's, `primary` who owns the work in a new store.
pub(super) fn line(
    end: &HandoverEnd,
    to: &ClusterId,
    primary: Option<&ClusterId>,
    state: &RecordState,
    heart: Successor<'_>,
) -> String {
    match end {
        HandoverEnd::HandedOver(record) => format!("done: {}", sentence(record)),
        HandoverEnd::AlreadyOwner(record) => format!("nothing to do: {}", sentence(record)),
        HandoverEnd::CalledOff(record) => format!("called off: {}", sentence(record)),
        HandoverEnd::SuccessorSilent => format!(
            "not handed over: the heart of cluster {to} does not beat ({}); {}. Look whether that is the cluster you \
             mean ({}), start its beacon, and run this again; {} moves the work without a beat",
            heart.found.unwrap_or("not looked at"),
            owner_now(state),
            Advice::Status,
            if heart.never_beat {
                Advice::ActivateNeverSeen(to)
            } else {
                Advice::Activate(Whom::Cluster(to))
            },
        ),
        HandoverEnd::Overtaken(record) => format!(
            "not handed over: somebody else ended this handover: {} ({}). Find out why, then run this again",
            sentence(record),
            origin(record),
        ),
        HandoverEnd::TakeoverUnderWay(record) => format!(
            "not handed over: a takeover is under way: {} ({}). Run this again when it has ended, see {}; where \
             nobody ends it, {} does",
            sentence(record),
            origin(record),
            Advice::Status,
            Advice::Activate(Whom::Chosen),
        ),
        HandoverEnd::OtherHandover(record) => other_handover(record),
        HandoverEnd::NoRecord => format!(
            "not handed over: {}. On a new store the primary's guard writes the first one, or {} names cluster {to} \
             at once. Where it is lost, restart no monitor, look for 'lost' in their logs, then {}, N above every term that \
             was used",
            no_record(primary),
            Advice::ActivateUnder(Whom::Cluster(to), Term::Known(2)),
            Advice::ActivateUnder(Whom::Cluster(to), Term::Found),
        ),
        HandoverEnd::Lost => format!(
            "not handed over: the ownership record was read before, and is gone or older now: the store lost it, or \
             another store is mounted. See {}, then {}",
            Advice::Status,
            Advice::ActivateUnder(Whom::Cluster(to), Term::Found),
        ),
        HandoverEnd::Unusable(why) => format!("not handed over: {why}; {}", record_advice::unusable(why)),
        HandoverEnd::Exhausted(why) => format!("not handed over: {why}; {}", record_advice::exhausted()),
    }
}

/// Where the record stands when a handover stops short of its end, and how to go on.
pub(super) fn standing(command: &str, to: &ClusterId, state: &RecordState) -> String {
    match state {
        RecordState::Found(record) => match &record.phase {
            Phase::Active { .. } if record.owner == *to => {
                format!("nothing is left to do: {}", sentence(record))
            }
            Phase::Active { .. } => {
                format!("{}; {} starts again", sentence(record), Advice::move_by(command, to))
            }
            Phase::Pending { .. } => format!("{}; see {}", sentence(record), Advice::Status),
            Phase::Releasing { successor, .. } => format!(
                "{}; nobody runs until that has ended: {} completes it, as a guard or gate of cluster {successor} does by \
                 itself; {} calls it off",
                sentence(record),
                Advice::move_by(command, successor),
                Advice::move_by(command, &record.owner),
            ),
        },
        RecordState::Absent => format!("there is no ownership record; see {}", Advice::Status),
        RecordState::NotRead | RecordState::Unreadable => {
            format!("what the record says cannot be read now; see {} when the store answers", Advice::Status)
        }
        RecordState::Lost(_) | RecordState::Unusable(_) => {
            format!("the record is lost or cannot be used; see {}", Advice::Status)
        }
    }
}

fn owner_now(state: &RecordState) -> String {
    state.record().map_or_else(|| "nothing was changed".to_owned(), sentence)
}

fn other_handover(record: &OwnershipRecord) -> String {
    let owner = &record.owner;
    let successor = match &record.phase {
        Phase::Releasing { successor, .. } => successor,
        Phase::Active { .. } | Phase::Pending { .. } => owner,
    };
    format!(
        "not handed over: another handover is under way: {} ({}). {} completes it, {} calls it off",
        sentence(record),
        origin(record),
        Advice::Handover(successor.into()),
        Advice::Handover(owner.into()),
    )
}
