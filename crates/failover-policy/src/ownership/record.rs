//! The record: who owns the work, and every change that it can go through.

use super::counters::{self, Exhausted, Floor};
use crate::{ClusterId, LeaseTiming, Span, Tick};

/// The ownership record. Every change is the next revision, by compare-and-swap over the one that was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnershipRecord {
    /// Counts changes of the record; the highest counts.
    pub revision: u64,
    /// Counts changes of owner: the fencing token. It grows when a cluster gets to own the work, not when it
    /// claims it.
    pub term: u64,
    /// The cluster that owns the work, or claims it while the phase is pending.
    pub owner: ClusterId,
    /// How far the change of owner is.
    pub phase: Phase,
    /// What claimants and guards rely on under this record.
    pub timing: LeaseTiming,
    /// When this revision was written, by the writer's wall clock. For people.
    pub since: Tick,
    /// The process that wrote this revision, unlike any other process.
    pub by: String,
    /// Why, for people.
    pub reason: String,
    /// The cluster that whoever wrote this takes for the primary; `None` where nobody said so, as in records from
    /// before this field. Compared and never obeyed: a record says who owns the work.
    pub primary: Option<ClusterId>,
}

/// How far a change of owner is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The owner may run.
    Active {
        /// The owner before; where a claim was given back or contested, the claimant that was refused.
        previous: Option<ClusterId>,
    },
    /// Nobody may extend a right to run: the owner claims the work and verifies that `previous` is silent.
    Pending {
        /// The last cluster that may have run.
        previous: ClusterId,
    },
    /// The owner stops its workload so that the successor can start.
    Releasing {
        /// The cluster that is to own the work.
        successor: ClusterId,
        /// How long the workload may finish in peace.
        drain: Span,
    },
}

impl Phase {
    /// The phase in one word, as the stored record spells it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Active { .. } => "active",
            Self::Pending { .. } => "pending",
            Self::Releasing { .. } => "releasing",
        }
    }
}

/// Who changes the record, when by its wall clock, and what it takes for the primary where it knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature<'s> {
    pub(crate) by: &'s str,
    pub(crate) since: Tick,
    pub(crate) primary: Option<&'s ClusterId>,
}

impl OwnershipRecord {
    /// The term that the primary has while there is no record, and in the first one.
    pub const FIRST_TERM: u64 = 1;
    /// The reason of a change of owner that waited for nothing.
    const ACTIVATED: &'static str = "activated by hand";
    /// The reason of a claim that its own cluster gave back.
    pub(crate) const GIVEN_BACK: &'static str = "claim given back: the heart beats";
    /// The reason of a claim that the cluster it was made against took back.
    pub(crate) const CONTESTED: &'static str = "claim contested: the heart beats";
    /// The reason of the first record, which the primary's own guard writes.
    pub(crate) const FIRST: &'static str = "first record";
    /// The reason of a takeover's last step, by the new owner's own guard or gate.
    pub(crate) const TAKEN_OVER: &'static str = "takeover";
    /// The reason of a longer watch, which the owner's own guard needs.
    pub(crate) const LENGTHENED: &'static str = "longer watch";
    /// The reason of a handover that the owner's own guard or gate called off.
    pub(crate) const NOT_COMPLETED: &'static str = "handover called off: nobody completed it";

    /// Whether an operator made the owner what it is, without waiting.
    pub fn was_activated(&self) -> bool {
        self.reason == Self::ACTIVATED
    }

    /// Whether this cluster may run by this record.
    pub fn lets_run(&self, cluster: &ClusterId) -> bool {
        self.owner == *cluster && matches!(self.phase, Phase::Active { .. })
    }

    /// Whether somebody claims the work of this cluster.
    pub fn is_claim_against(&self, cluster: &ClusterId) -> bool {
        matches!(&self.phase, Phase::Pending { previous } if previous == cluster)
    }

    /// Whether this cluster is asked to stop, so that a successor can start.
    pub fn is_released_by(&self, cluster: &ClusterId) -> bool {
        self.owner == *cluster && matches!(self.phase, Phase::Releasing { .. })
    }

    /// The cluster whose claim was refused by this record, where it is the record of a refusal.
    pub fn refused(&self) -> Option<&ClusterId> {
        match &self.phase {
            Phase::Active { previous: Some(previous) }
                if self.reason == Self::GIVEN_BACK || self.reason == Self::CONTESTED =>
            {
                Some(previous)
            }
            _ => None,
        }
    }

    /// The cluster that was alive when this was written: its own guard or gate wrote it, or one that saw it beat. `None`
    /// where it may have been an operator, who can be anywhere.
    pub fn life_sign(&self) -> Option<&ClusterId> {
        const BY_THE_OWNER: [&str; 6] = [
            OwnershipRecord::FIRST,
            OwnershipRecord::TAKEN_OVER,
            OwnershipRecord::LENGTHENED,
            OwnershipRecord::NOT_COMPLETED,
            OwnershipRecord::CONTESTED,
            OwnershipRecord::GIVEN_BACK,
        ];
        let by_the_owner = match &self.phase {
            Phase::Pending { .. } => true,
            Phase::Active { .. } => BY_THE_OWNER.contains(&self.reason.as_str()),
            Phase::Releasing { .. } => false,
        };
        by_the_owner.then_some(&self.owner)
    }

    /// What holds while there is no record: the primary owns the work. Revision 0 is never stored.
    pub(crate) fn implied(primary: &ClusterId, timing: LeaseTiming, now: Tick) -> Self {
        Self {
            revision: 0,
            term: Self::FIRST_TERM,
            owner: primary.clone(),
            phase: Phase::Active { previous: None },
            timing,
            since: now,
            by: String::new(),
            reason: String::new(),
            primary: Some(primary.clone()),
        }
    }

    /// The revision that a swap over this record names; `None` where it is only implied.
    pub fn stored_revision(&self) -> Option<u64> {
        (self.revision > 0).then_some(self.revision)
    }

    /// The first record that is stored: what was implied, in writing.
    pub(crate) fn written_down(&self, sign: Signature) -> Result<Self, Exhausted> {
        self.begun(&self.owner, Phase::Active { previous: None }, sign, Self::FIRST)
    }

    /// A takeover's first step, over this record. Nobody else's right to run can be extended from here on.
    ///
    /// Refused where no term is left to own the work under: nobody could run any more.
    pub(crate) fn claimed_by(&self, claimant: &ClusterId, sign: Signature) -> Result<Self, Exhausted> {
        self.next_term()?;
        let previous = self.last_that_may_run().clone();
        let reason = format!("claim: the heart of cluster {previous} is flat");
        self.begun(claimant, Phase::Pending { previous }, sign, &reason)
    }

    /// A takeover's last step: the claimant of this record owns the work, under its own timing.
    pub(crate) fn owned(&self, timing: LeaseTiming, sign: Signature) -> Result<Self, Exhausted> {
        let previous = Some(self.last_that_may_run().clone());
        let owner = self.owner.clone();
        let next = self.next(&owner, Phase::Active { previous }, sign, Self::TAKEN_OVER)?;
        Ok(Self { term: self.next_term()?, timing, ..next })
    }

    /// The claim of this record taken back by or for the cluster that it was made against.
    pub(crate) fn refused_to_claimant(
        &self,
        reason: &'static str,
        sign: Signature,
    ) -> Result<Self, Exhausted> {
        let phase = Phase::Active { previous: Some(self.owner.clone()) };
        self.next(self.last_that_may_run(), phase, sign, reason)
    }

    /// A handover's first step: the owner is to stop. Refused where no term is left for the successor.
    pub(crate) fn released_to(
        &self,
        successor: &ClusterId,
        drain: Span,
        sign: Signature,
    ) -> Result<Self, Exhausted> {
        self.next_term()?;
        let phase = Phase::Releasing { successor: successor.clone(), drain };
        self.begun(&self.owner, phase, sign, "handover")
    }

    /// A handover's last step: the successor owns the work. `timing` is its own where it completes by itself.
    pub(crate) fn handed_to(
        &self,
        successor: &ClusterId,
        timing: LeaseTiming,
        sign: Signature,
    ) -> Result<Self, Exhausted> {
        let phase = Phase::Active { previous: Some(self.owner.clone()) };
        let next = self.next(successor, phase, sign, "handed over")?;
        Ok(Self { term: self.next_term()?, timing, ..next })
    }

    /// A handover called off: the owner keeps the work, and its term.
    pub(crate) fn kept(&self, reason: &str, sign: Signature) -> Result<Self, Exhausted> {
        self.next(&self.owner, Phase::Active { previous: None }, sign, reason)
    }

    /// The record by which an operator makes `cluster` the owner at once, over `current` or, where that is `None`,
    /// over nothing that can be read. `floor` is above whatever was lost: see [`Floor`]. Refused where the counters
    /// that it takes leave none for what comes after.
    pub fn activated(
        current: Option<&Self>,
        cluster: &ClusterId,
        timing: LeaseTiming,
        floor: Floor,
        (by, since): (&str, Tick),
    ) -> Result<Self, Exhausted> {
        let previous =
            current.map(|current| current.last_that_may_run().clone()).filter(|old| old != cluster);
        let revision = current.map_or(Ok(1), Self::next_revision)?.max(floor.revision);
        let term = current.map_or(Ok(Self::FIRST_TERM), Self::next_term)?.max(floor.term);
        Ok(Self {
            revision: counters::with_room(revision).ok_or(Exhausted::Revision(revision))?,
            term: counters::with_room(term).ok_or(Exhausted::Term(term))?,
            owner: cluster.clone(),
            phase: Phase::Active { previous },
            timing,
            since,
            by: by.to_owned(),
            reason: Self::ACTIVATED.to_owned(),
            primary: current.and_then(|current| current.primary.clone()),
        })
    }

    /// The same record as its next revision, so that whoever decided on this one reads again.
    pub fn bumped(&self, by: &str) -> Result<Self, Exhausted> {
        Ok(Self { revision: self.next_revision()?, by: by.to_owned(), ..self.clone() })
    }

    /// The same with a longer watch, which its owner's guards need to hold as long as they are configured to. It binds
    /// claimants before any guard relies on it, so it may change while the work is held; a shorter one may not.
    pub(crate) fn lengthened(&self, timing: LeaseTiming, sign: Signature) -> Result<Self, Exhausted> {
        Ok(Self { timing, ..self.begun(&self.owner, self.phase.clone(), sign, Self::LENGTHENED)? })
    }

    /// Why no other cluster can come to own the work after this record, where none can.
    pub fn exhausted(&self) -> Option<Exhausted> {
        self.room_to_begin().and_then(|()| self.next_term().map(drop)).err()
    }

    /// The last cluster that may have run: whose heart a claimant must find flat.
    pub fn last_that_may_run(&self) -> &ClusterId {
        match &self.phase {
            Phase::Pending { previous } => previous,
            Phase::Active { .. } | Phase::Releasing { .. } => &self.owner,
        }
    }

    /// The next revision, where it begins something that other revisions have to end.
    fn begun(
        &self,
        owner: &ClusterId,
        phase: Phase,
        sign: Signature,
        reason: &str,
    ) -> Result<Self, Exhausted> {
        self.room_to_begin()?;
        self.next(owner, phase, sign, reason)
    }

    fn next(
        &self,
        owner: &ClusterId,
        phase: Phase,
        sign: Signature,
        reason: &str,
    ) -> Result<Self, Exhausted> {
        Ok(Self {
            revision: self.next_revision()?,
            term: self.term,
            owner: owner.clone(),
            phase,
            timing: self.timing,
            since: sign.since,
            by: sign.by.to_owned(),
            reason: reason.to_owned(),
            primary: sign.primary.or(self.primary.as_ref()).cloned(),
        })
    }

    fn room_to_begin(&self) -> Result<(), Exhausted> {
        counters::with_room(self.revision).map(drop).ok_or(Exhausted::Revision(self.revision))
    }

    fn next_revision(&self) -> Result<u64, Exhausted> {
        self.revision.checked_add(1).ok_or(Exhausted::Revision(self.revision))
    }

    fn next_term(&self) -> Result<u64, Exhausted> {
        self.term.checked_add(1).ok_or(Exhausted::Term(self.term))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(name: &str) -> ClusterId {
        name.parse().unwrap()
    }

    const fn lease(watch: u64) -> LeaseTiming {
        LeaseTiming { watch: Span::from_secs(watch), stop: Span::from_secs(2) }
    }

    const AT: Tick = Tick::UNIX_EPOCH;
    const SIGN: Signature = Signature { by: "me", since: AT, primary: None };

    fn record(owner: &str, phase: Phase) -> OwnershipRecord {
        let (by, reason) = ("gone".to_owned(), "for the test".to_owned());
        OwnershipRecord {
            revision: 5,
            term: 3,
            owner: id(owner),
            phase,
            timing: lease(9),
            since: AT,
            by,
            reason,
            primary: None,
        }
    }

    fn active() -> OwnershipRecord {
        record("a", Phase::Active { previous: None })
    }

    fn pending() -> OwnershipRecord {
        record("b", Phase::Pending { previous: id("a") })
    }

    fn releasing() -> OwnershipRecord {
        record("a", Phase::Releasing { successor: id("b"), drain: Span::from_secs(5) })
    }

    /// Any record that can be stored; instants are stored to the millisecond.
    pub(crate) fn records() -> impl Strategy<Value = OwnershipRecord> {
        let names = || "[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?".prop_map(|name| id(&name));
        let spans = || (0..=2_592_000_000_u64).prop_map(Span::from_millis);
        let timings = (1..=2_592_000_000_u64).prop_flat_map(|watch| {
            (Just(watch), 0..=watch).prop_map(|(watch, stop)| LeaseTiming {
                watch: Span::from_millis(watch),
                stop: Span::from_millis(stop),
            })
        });
        let texts = || "[ -~äöü→]{0,40}";
        let since = (0..253_402_300_800_000_u64)
            .prop_map(|ms| Tick::from_unix(std::time::Duration::from_millis(ms)).unwrap());
        let phases = (names(), names(), prop::option::of(names()), 0..3, spans()).prop_filter_map(
            "nobody claims from or releases to itself",
            |(owner, other, previous, phase, drain)| match phase {
                0 => Some((owner, Phase::Active { previous })),
                _ if owner == other => None,
                1 => Some((owner, Phase::Pending { previous: other })),
                _ => Some((owner, Phase::Releasing { successor: other, drain })),
            },
        );
        let primary = prop::option::of(names());
        (1..=u64::MAX, 1..=u64::MAX, phases, timings, since, texts(), texts(), primary).prop_map(
            |(revision, term, (owner, phase), timing, since, by, reason, primary)| OwnershipRecord {
                revision,
                term,
                owner,
                phase,
                timing,
                since,
                by: format!("b{by}"),
                reason,
                primary,
            },
        )
    }

    #[test]
    fn only_the_active_owner_may_run() {
        for (record, runs) in [(active(), Some("a")), (pending(), None), (releasing(), None)] {
            for cluster in ["a", "b", "c"] {
                assert_eq!(record.lets_run(&id(cluster)), runs == Some(cluster), "{cluster} by {record:?}");
            }
        }
    }

    #[test]
    fn the_last_that_may_have_run_is_the_owner_except_while_a_claim_is_pending() {
        for record in [active(), pending(), releasing()] {
            assert_eq!(*record.last_that_may_run(), id("a"), "{record:?}");
        }
    }

    #[test]
    fn every_change_is_the_next_revision_and_only_a_new_owner_gets_a_new_term_and_new_timing() {
        let (b, new) = (id("b"), lease(20));
        let previous = |name| Phase::Active { previous: Some(id(name)) };
        let kept = Phase::Active { previous: None };
        let released = Phase::Releasing { successor: id("b"), drain: Span::ZERO };
        let table = [
            ("claim", active().claimed_by(&b, SIGN), "b", Phase::Pending { previous: id("a") }, 3, 9),
            (
                "claim over a claim",
                pending().claimed_by(&id("c"), SIGN),
                "c",
                Phase::Pending { previous: id("a") },
                3,
                9,
            ),
            (
                "claim over a release",
                releasing().claimed_by(&id("c"), SIGN),
                "c",
                Phase::Pending { previous: id("a") },
                3,
                9,
            ),
            ("own", pending().owned(new, SIGN), "b", previous("a"), 4, 20),
            (
                "give back",
                pending().refused_to_claimant(OwnershipRecord::GIVEN_BACK, SIGN),
                "a",
                previous("b"),
                3,
                9,
            ),
            (
                "contest",
                pending().refused_to_claimant(OwnershipRecord::CONTESTED, SIGN),
                "a",
                previous("b"),
                3,
                9,
            ),
            ("release", active().released_to(&b, Span::ZERO, SIGN), "a", released, 3, 9),
            ("complete", releasing().handed_to(&b, new, SIGN), "b", previous("a"), 4, 20),
            ("call off", releasing().kept("silent", SIGN), "a", kept, 3, 9),
        ];
        for (change, record, owner, phase, term, watch) in table {
            let record = record.unwrap();
            let is = (record.revision, record.term, record.owner.as_str(), record.phase, record.timing);
            assert_eq!(is, (6, term, owner, phase, lease(watch)), "{change}");
            assert_eq!((record.by.as_str(), record.since), ("me", AT), "{change}");
            assert!(!record.reason.is_empty(), "{change}");
        }
    }

    #[test]
    fn a_record_names_the_primary_of_whoever_wrote_it_or_of_whoever_wrote_the_one_before() {
        let (a, b) = (id("a"), id("b"));
        let named = OwnershipRecord { primary: Some(a.clone()), ..active() };
        let said_by = |primary| named.claimed_by(&b, Signature { primary, ..SIGN }).unwrap().primary;
        assert_eq!((said_by(Some(&b)), said_by(None)), (Some(b.clone()), Some(a.clone())));
        let activated = OwnershipRecord::activated(Some(&named), &b, lease(9), Floor::default(), ("me", AT));
        assert_eq!(activated.unwrap().primary, Some(a.clone()));
        assert_eq!(OwnershipRecord::implied(&a, lease(9), AT).written_down(SIGN).unwrap().primary, Some(a));
    }

    #[test]
    fn the_first_record_says_what_was_implied_without_it() {
        let implied = OwnershipRecord::implied(&id("a"), lease(9), AT);
        assert_eq!((implied.stored_revision(), implied.lets_run(&id("a"))), (None, true));
        let first = implied.written_down(SIGN).unwrap();
        assert_eq!((first.stored_revision(), first.term, first.owner.as_str()), (Some(1), 1, "a"));
        assert!(first.lets_run(&id("a")));
    }

    #[test]
    fn a_refusal_names_the_claimant_and_nothing_else_is_one() {
        for reason in [OwnershipRecord::GIVEN_BACK, OwnershipRecord::CONTESTED] {
            let refusal = pending().refused_to_claimant(reason, SIGN).unwrap();
            assert_eq!(refusal.refused(), Some(&id("b")));
            assert_eq!(
                refusal.bumped("operator").unwrap().refused(),
                Some(&id("b")),
                "nor does a bump end it"
            );
        }
        for record in [active(), pending(), releasing(), pending().owned(lease(9), SIGN).unwrap()] {
            assert_eq!(record.refused(), None, "{record:?}");
        }
    }

    #[test]
    fn an_activation_beats_what_is_there_and_what_was_lost() {
        let floor = |revision, term| Floor { revision, term };
        let table = [
            (None, Floor::default(), (1, 1)),
            (None, floor(1_700_000_000, 8), (1_700_000_000, 8)),
            (Some(active()), Floor::default(), (6, 4)),
            (Some(active()), floor(5, 3), (6, 4)),
            (Some(active()), floor(7, 9), (7, 9)),
            (Some(releasing()), floor(7, 2), (7, 4)),
        ];
        for (current, floor, numbers) in table {
            let new = OwnershipRecord::activated(current.as_ref(), &id("b"), lease(20), floor, ("me", AT));
            let new = new.unwrap();
            assert_eq!((new.revision, new.term), numbers, "over {current:?}");
            assert!(new.lets_run(&id("b")));
            assert_eq!(new.timing, lease(20));
        }
    }

    #[test]
    fn an_activation_names_the_last_that_may_have_run_unless_it_is_the_same() {
        let previous = |current: OwnershipRecord, to| {
            OwnershipRecord::activated(Some(&current), &id(to), lease(9), Floor::default(), ("me", AT))
                .unwrap()
                .phase
        };
        assert_eq!(previous(pending(), "b"), Phase::Active { previous: Some(id("a")) });
        assert_eq!(previous(pending(), "a"), Phase::Active { previous: None });
    }

    #[test]
    fn a_bump_changes_the_revision_and_who_made_it_and_nothing_else() {
        for record in [active(), pending(), releasing()] {
            let bumped = record.bumped("operator").unwrap();
            assert_eq!(bumped, OwnershipRecord { revision: 6, by: "operator".to_owned(), ..record });
        }
    }

    #[test]
    fn no_owner_follows_under_the_same_term_and_no_change_under_the_same_revision() {
        let (b, max) = (id("b"), u64::MAX);
        let at = |record: OwnershipRecord, revision, term| OwnershipRecord { revision, term, ..record };
        let (term, revision) = (Err(Exhausted::Term(max)), |last| Err(Exhausted::Revision(last)));
        let counters = |change: Result<OwnershipRecord, Exhausted>| change.map(|it| (it.revision, it.term));
        let table = [
            (at(active(), 5, max).claimed_by(&b, SIGN), term, "a claim that nobody could complete"),
            (at(active(), 5, max).released_to(&b, Span::ZERO, SIGN), term, "a handover likewise"),
            (at(pending(), 5, max).owned(lease(9), SIGN), term, "two owners under one term"),
            (at(releasing(), 5, max).handed_to(&b, lease(9), SIGN), term, "the same by a handover"),
            (
                at(pending(), 5, max).refused_to_claimant(OwnershipRecord::CONTESTED, SIGN),
                Ok((6, max)),
                "a claim is taken back all the same",
            ),
            (at(releasing(), 5, max).kept("silent", SIGN), Ok((6, max)), "and a handover called off"),
            (at(pending(), 5, max - 1).owned(lease(9), SIGN), Ok((6, max)), "the last term is a term"),
            (at(pending(), max, 3).owned(lease(9), SIGN), revision(max), "no revision is left"),
            (at(active(), max, 3).bumped("operator"), revision(max), "nor for a bump"),
            (at(pending(), max - 1, 3).owned(lease(9), SIGN), Ok((max, 4)), "the last one is one"),
            (at(active(), max - 999, 3).claimed_by(&b, SIGN), revision(max - 999), "too late to begin"),
            (at(active(), max - 1000, 3).claimed_by(&b, SIGN), Ok((max - 999, 3)), "time to begin"),
            (at(active(), max - 999, 3).lengthened(lease(20), SIGN), revision(max - 999), "too late as well"),
        ];
        for (change, expected, why) in table {
            assert_eq!(counters(change), expected, "{why}");
        }
        for (revision, term, exhausted) in [
            (5, 3, None),
            (5, max, Some(Exhausted::Term(max))),
            (max - 999, 3, Some(Exhausted::Revision(max - 999))),
        ] {
            assert_eq!(at(active(), revision, term).exhausted(), exhausted, "{revision}, {term}");
        }
    }

    #[test]
    fn an_activation_leaves_room_for_what_comes_after() {
        let max = u64::MAX;
        let table = [
            (None, (1, max), Err(Exhausted::Term(max))),
            (None, (1, max - 999), Err(Exhausted::Term(max - 999))),
            (None, (1, max - 1000), Ok((1, max - 1000))),
            (None, (max, 1), Err(Exhausted::Revision(max))),
            (Some((max, 3)), (1, 1), Err(Exhausted::Revision(max))),
            (Some((5, max)), (1, 1), Err(Exhausted::Term(max))),
        ];
        for (current, (revision, term), expected) in table {
            let current = current.map(|(revision, term)| OwnershipRecord { revision, term, ..active() });
            let floor = Floor { revision, term };
            let new = OwnershipRecord::activated(current.as_ref(), &id("b"), lease(9), floor, ("me", AT));
            assert_eq!(new.map(|new| (new.revision, new.term)), expected, "{floor:?} over {current:?}");
        }
    }
}
