//! An owner without a beating heart: nobody runs, and perhaps nobody ever will.

use failover_policy::{ClusterId, OwnershipRecord, Phase, UnknownCause, Verdict};

use crate::advice::{Advice, Whom};
use crate::strangers::Stranger;

/// What is wrong with the owner's heart, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnerFault {
    pub(crate) text: String,
    pub(crate) remedy: String,
}

/// The cluster whose heart has to beat for somebody to run by this record. A claim is decided by the heart that it was
/// made against.
pub(crate) fn whose(record: &OwnershipRecord) -> Option<&ClusterId> {
    match record.phase {
        Phase::Active { .. } | Phase::Releasing { .. } => Some(&record.owner),
        Phase::Pending { .. } => None,
    }
}

/// The fault, where the owner's heart is known not to beat. `stranger` says more of an owner that never did.
pub(crate) fn fault(owner: &ClusterId, verdict: Verdict, stranger: Option<&Stranger>) -> Option<OwnerFault> {
    let fault = |text: String, remedy: String| Some(OwnerFault { text, remedy });
    match verdict {
        Verdict::Unknown(UnknownCause::NeverSeen) => {
            let never = stranger.map_or_else(|| format!("cluster {owner} never beat"), Stranger::to_string);
            let instead = Advice::Activate(stranger.and_then(Stranger::nearest).into());
            fault(
                format!("cluster {owner} owns the work, and nobody runs or takes over: {never}"),
                format!("{instead} names the cluster that was meant; where it was meant, start its beacon"),
            )
        }
        Verdict::Unknown(UnknownCause::Vanished) => fault(
            format!("cluster {owner} owns the work, and its stamp has vanished: nobody runs or takes over"),
            a_beat_or_another(),
        ),
        Verdict::Unknown(UnknownCause::Malformed) => fault(
            format!(
                "cluster {owner} owns the work, and what stands in its stamp's place is none: nobody takes over by it"
            ),
            a_beat_or_another(),
        ),
        Verdict::Flatlined(_) => fault(
            format!(
                "cluster {owner} owns the work and its heart does not beat: nobody runs until a standby takes over"
            ),
            "start its beacon; a standby that has not taken over by now says why at 'waiting_for' in its log"
                .to_owned(),
        ),
        // Where it is not known whether it beats, that has a finding of its own.
        Verdict::Beating | Verdict::Unknown(_) => None,
    }
}

/// What mends a stamp that says nothing.
pub(crate) fn a_beat_or_another() -> String {
    format!(
        "a new beat of its beacon mends it; where that cluster is dead, {} names another",
        Advice::Activate(Whom::Chosen)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use failover_policy::FlatlineCause;

    use super::*;
    use crate::operator::testing::{ACTIVE, World, id, pending, releasing};

    #[test]
    fn an_owner_whose_heart_is_known_not_to_beat_is_a_fault() {
        let table = [
            (Verdict::Beating, None),
            (Verdict::Unknown(UnknownCause::NeverSeen), Some("nobody runs or takes over")),
            (Verdict::Unknown(UnknownCause::Vanished), Some("has vanished")),
            (Verdict::Unknown(UnknownCause::Malformed), Some("nobody takes over by it")),
            (Verdict::Flatlined(FlatlineCause::Silence), Some("until a standby takes over")),
            (Verdict::Unknown(UnknownCause::Unreadable), None),
            (Verdict::Unknown(UnknownCause::Watching), None),
        ];
        for (verdict, part) in table {
            let fault = fault(&id("a"), verdict, None);
            assert_eq!(fault.is_some(), part.is_some(), "{verdict:?}");
            assert!(fault.zip(part).is_none_or(|(fault, part)| fault.text.contains(part)), "{verdict:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_beat_comes_with_the_command_that_names_the_one_that_was_meant() {
        let (store, owner) = (World::new().store(), id("flatline-b"));
        let known: BTreeSet<ClusterId> = [id("a"), id("b")].into();
        let stranger = Stranger::among(&store, &owner, Some(known));
        let never = Verdict::Unknown(UnknownCause::NeverSeen);
        let fault = fault(&owner, never, Some(&stranger)).unwrap();
        assert!(fault.text.ends_with("did you mean b?"), "{fault:?}");
        assert!(fault.remedy.starts_with("'heart-monitor activate --cluster b'"), "{fault:?}");
    }

    #[test]
    fn a_claim_has_no_owner_yet() {
        for (phase, expected) in [(ACTIVE, Some("a")), (releasing("b", 0), Some("a")), (pending("b"), None)] {
            let record = World::record("a", phase);
            assert_eq!(whose(&record).map(ClusterId::as_str), expected, "{record:?}");
        }
    }
}
