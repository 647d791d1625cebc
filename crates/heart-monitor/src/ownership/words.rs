//! The words for what a gate knows and waits for: in logs, metrics and JSON.

use failover_policy::{
    BootTime, ClusterId, LossCause, OwnershipRecord, Purpose, RecordState, SwapOutcome, Waiting,
};

use crate::advice::{Advice, Term, Whom};
use crate::heart_report::seconds;
use crate::record_advice;

/// The states that the record can be in for a reader.
pub(crate) const RECORD_STATES: [&str; 6] = ["not_read", "found", "absent", "unreadable", "lost", "unusable"];

/// The record's state, one of [`RECORD_STATES`].
pub(crate) fn record_state(state: &RecordState) -> &'static str {
    match state {
        RecordState::NotRead => "not_read",
        RecordState::Found(_) => "found",
        RecordState::Absent => "absent",
        RecordState::Unreadable => "unreadable",
        RecordState::Lost(_) => "lost",
        RecordState::Unusable(_) => "unusable",
    }
}

/// What is wrong with a record that only an operator can mend; `None` where nothing is.
pub(crate) fn fault(state: &RecordState) -> Option<String> {
    match state {
        RecordState::Lost(LossCause::Missing) => {
            Some("the ownership record was there and is gone: the store is not what it was".to_owned())
        }
        RecordState::Lost(LossCause::Older { seen, found }) => Some(format!(
            "the ownership record has revision {found}, and revision {seen} was read before: the store is not what \
             it was"
        )),
        RecordState::Lost(LossCause::Replaced { revision }) => Some(format!(
            "the ownership record of revision {revision} is another one than was read before: the store is not what it \
             was"
        )),
        RecordState::Unusable(why) => Some(why.to_string()),
        RecordState::NotRead | RecordState::Found(_) | RecordState::Absent | RecordState::Unreadable => None,
    }
}

/// What to do about such a record.
pub(crate) fn remedy(state: &RecordState) -> String {
    match state {
        RecordState::Unusable(why) => record_advice::unusable(why),
        _ => format!(
            "find out which cluster runs the work, and whether a backup was restored or an account failed over; then \
             name the owner with {}, N above every term that was used",
            Advice::ActivateUnder(Whom::Chosen, Term::Found)
        ),
    }
}

/// The terms by which a closed gate waits.
pub(crate) const WAITS: [&str; 17] = [
    "record",
    "store_grace",
    "lost_record",
    "unusable_record",
    "exhausted_record",
    "first_record",
    "heart",
    "takeover_delay",
    "own_beat",
    "maintenance",
    "verify",
    "claim",
    "release",
    "successor",
    "retry",
    "start",
    "nothing",
];

/// What is waited for, one of [`WAITS`].
pub(crate) fn waiting(waiting: &Waiting) -> &'static str {
    match waiting {
        Waiting::Record => "record",
        Waiting::StoreGrace(_) => "store_grace",
        Waiting::Lost => "lost_record",
        Waiting::Unusable => "unusable_record",
        Waiting::Exhausted(_) => "exhausted_record",
        Waiting::FirstRecord(_) => "first_record",
        Waiting::Heart(_) => "heart",
        Waiting::TakeoverDelay(_) => "takeover_delay",
        Waiting::OwnBeat => "own_beat",
        Waiting::Maintenance => "maintenance",
        Waiting::Verify(_) => "verify",
        Waiting::Claim(..) => "claim",
        Waiting::Release(_) => "release",
        Waiting::Successor(_) => "successor",
        Waiting::Retry(_) => "retry",
        Waiting::Start(_) => "start",
        Waiting::Nothing => "nothing",
    }
}

/// Whose doing is waited for.
pub(crate) fn waited_for(waiting: &Waiting) -> Option<&ClusterId> {
    match waiting {
        Waiting::Heart(cluster) | Waiting::Claim(cluster, _) | Waiting::Successor(cluster) => Some(cluster),
        _ => None,
    }
}

/// What is waited for, in a sentence.
pub(crate) fn sentence(waiting: &Waiting, now: BootTime) -> String {
    let within =
        waiting.until().map_or_else(String::new, |until| format!(" in {}", seconds(until.since(now))));
    match waiting {
        Waiting::Record => "blocked until the ownership record can be read".to_owned(),
        Waiting::StoreGrace(_) => {
            format!("blocked until the ownership record can be read; goes without it{within}")
        }
        Waiting::Lost => "blocked until an operator mends the ownership record, which is lost".to_owned(),
        Waiting::Unusable => {
            "blocked until an operator mends the ownership record, which cannot be used".to_owned()
        }
        Waiting::Exhausted(why) => {
            format!("blocked until an operator begins the ownership record anew: {why}")
        }
        Waiting::FirstRecord(_) => format!("blocked until the first ownership record is written{within}"),
        Waiting::Heart(cluster) => format!("blocked until the heart of cluster {cluster} is flat"),
        Waiting::TakeoverDelay(_) => format!("blocked until the takeover delay is over{within}"),
        Waiting::OwnBeat => "blocked until this cluster's own heart beats".to_owned(),
        Waiting::Maintenance => "blocked until maintenance is over".to_owned(),
        Waiting::Verify(_) => format!("blocked until the claim of this cluster is verified{within}"),
        Waiting::Claim(cluster, _) => {
            format!("blocked until the claim of cluster {cluster} is decided; takes it up{within}")
        }
        Waiting::Release(_) => format!("blocked until the owner has stopped for certain{within}"),
        Waiting::Successor(cluster) => {
            format!("blocked until cluster {cluster} takes over or its heart is flat")
        }
        Waiting::Retry(_) => format!("blocked until the record is changed; tries again{within}"),
        Waiting::Start(_) => format!("blocked until the command can be started; tries again{within}"),
        Waiting::Nothing => "this cluster owns the work".to_owned(),
    }
}

/// How it stands with a workload that runs, in a sentence: `waiting` is what it would wait for if it did not.
pub(crate) fn running(waiting: Option<&Waiting>) -> &'static str {
    match waiting {
        // An owner whose record can count no further works on: only the next change has no room.
        None | Some(Waiting::Nothing | Waiting::OwnBeat | Waiting::Start(_)) => {
            "the workload runs: this cluster owns the work"
        }
        Some(Waiting::Record | Waiting::StoreGrace(_)) => {
            "the workload still runs, though the ownership record cannot be read: until the last beat that was confirmed \
             is too old"
        }
        Some(Waiting::Lost | Waiting::Unusable | Waiting::FirstRecord(_)) => {
            "the workload still runs, though the ownership record is not to be trusted: until the last beat that was \
             confirmed is too old"
        }
        Some(Waiting::Exhausted(_)) => {
            "the workload still runs; the ownership record cannot count further, which an operator has to mend"
        }
        Some(
            Waiting::Heart(_)
            | Waiting::TakeoverDelay(_)
            | Waiting::Maintenance
            | Waiting::Verify(_)
            | Waiting::Claim(..)
            | Waiting::Release(_)
            | Waiting::Successor(_)
            | Waiting::Retry(_),
        ) => "the workload still runs, and is about to be stopped: this cluster may not run it any more",
    }
}

/// What came of a swap, in one word.
pub(crate) fn outcome(outcome: SwapOutcome) -> &'static str {
    match outcome {
        SwapOutcome::Won => "won",
        SwapOutcome::Lost => "lost",
        SwapOutcome::Failed => "failed",
    }
}

/// What a won swap means.
pub(crate) fn won(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Create => "the first record is written",
        Purpose::Claim => "claimed: nobody's right to run is extended any more; to be verified",
        Purpose::Own => "taken over: this cluster owns the work",
        Purpose::GiveBack => "claim given back: the heart beats after all",
        Purpose::Contest => "claim against this cluster taken back: its heart beats",
        Purpose::Lengthen => {
            "the record asks claimants for a longer watch: this cluster's guards hold longer"
        }
        Purpose::Release => "handover begun: the owner is to stop",
        Purpose::Complete => "handed over: the successor owns the work",
        Purpose::CallOff => "handover called off: the owner keeps the work",
        Purpose::Activate => "activated by hand: this cluster owns the work",
    }
}

/// Whom the record passes the work on to or took it from: for logs.
pub(crate) fn other_party(record: &OwnershipRecord) -> (Option<&ClusterId>, Option<&ClusterId>) {
    use failover_policy::Phase;
    match &record.phase {
        Phase::Active { previous } => (previous.as_ref(), None),
        Phase::Pending { previous } => (Some(previous), None),
        Phase::Releasing { successor, .. } => (None, Some(successor)),
    }
}
