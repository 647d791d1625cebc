//! The record that an activation writes over whatever is there.

use failover_policy::{
    ClusterId, Exhausted, Floor, LeaseTiming, OwnershipRecord, Phase, Tick, UnusableRecord,
};

use crate::operator::found::{FoundRecord, Salvage};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) cluster: &'w ClusterId,
    /// `--term`.
    pub(super) term: Option<u64>,
    /// Whether a record of a newer version is to be replaced.
    pub(super) replace_newer: bool,
    /// What is promised under the new record.
    pub(super) lease: LeaseTiming,
    pub(super) by: &'w str,
    pub(super) now: Tick,
}

/// What there is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Successor {
    /// This record, over what was found.
    Write(Box<OwnershipRecord>),
    /// Nothing: the cluster is the active owner.
    Already(Box<OwnershipRecord>),
    /// The term cannot be known: it has to be said.
    TermUnknown,
    /// Nothing can be written over what is there.
    Untouchable(String),
    /// A newer version wrote what is there: its record is well.
    Newer(UnusableRecord),
    /// The counters would come to their end.
    Exhausted(Exhausted),
}

impl Successor {
    pub(super) fn of(found: &FoundRecord, wish: Wish) -> Self {
        match found {
            FoundRecord::Untouchable(detail) => Self::Untouchable(detail.clone()),
            FoundRecord::Usable(record, _) if is_done(record, wish) => Self::Already(record.clone()),
            FoundRecord::Usable(record, _) => {
                let floor =
                    wish.term.map_or(Floor::default(), |term| Floor { revision: jump(wish.now), term });
                Self::write(Some(record), floor, wish)
            }
            FoundRecord::Unusable(why @ UnusableRecord::Newer(_), ..) if !wish.replace_newer => {
                Self::Newer(why.clone())
            }
            FoundRecord::Absent => Self::over_nothing_usable(Salvage::default(), wish),
            FoundRecord::Unusable(_, salvage, _) => Self::over_nothing_usable(*salvage, wish),
        }
    }

    fn over_nothing_usable(salvage: Salvage, wish: Wish) -> Self {
        // One that comes to its end here is refused below.
        let next = |counter: u64| counter.saturating_add(1);
        let Some(term) = salvage.term.map(next).max(wish.term) else { return Self::TermUnknown };
        let revision = salvage.revision.map_or(1, next).max(jump(wish.now));
        Self::write(None, Floor { revision, term }, wish)
    }

    /// The new record has the promises of whoever activates: what was recorded may have been a slip, and an activation
    /// waives that guards elsewhere may still hold by it.
    fn write(current: Option<&OwnershipRecord>, floor: Floor, wish: Wish) -> Self {
        let signature = (wish.by, wish.now);
        match OwnershipRecord::activated(current, wish.cluster, wish.lease, floor, signature) {
            Ok(record) => Self::Write(Box::new(record)),
            Err(why) => Self::Exhausted(why),
        }
    }
}

/// Whether the record says already what is asked for.
fn is_done(record: &OwnershipRecord, wish: Wish) -> bool {
    let owns = record.owner == *wish.cluster && matches!(record.phase, Phase::Active { .. });
    owns && wish.term.is_none_or(|term| record.term >= term)
}

/// A revision above any that was counted up by ones: the seconds since 1970.
fn jump(now: Tick) -> u64 {
    Tick::UNIX_EPOCH.age_at(now).magnitude().as_secs()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use failover_policy::{Span, UnusableRecord};
    use heartbeat_store::RecordVersion;

    use super::*;

    const NOW: u64 = 1_761_955_200;

    fn id(text: &str) -> ClusterId {
        text.parse().unwrap()
    }

    fn tick() -> Tick {
        Tick::from_unix(Duration::from_secs(NOW)).unwrap()
    }

    fn lease(watch: u64) -> LeaseTiming {
        LeaseTiming { watch: Span::from_secs(watch), stop: Span::from_secs(2) }
    }

    fn wish(cluster: &ClusterId, term: Option<u64>) -> Wish<'_> {
        Wish { cluster, term, replace_newer: false, lease: lease(9), by: "operator:x", now: tick() }
    }

    fn recorded(owner: &str, phase: Phase) -> FoundRecord {
        let floor = Floor { revision: 7, term: 3 };
        let first = OwnershipRecord::activated(None, &id(owner), lease(34), floor, ("x", tick())).unwrap();
        FoundRecord::Usable(Box::new(OwnershipRecord { phase, ..first }), RecordVersion::Revision(7))
    }

    fn unusable(revision: Option<u64>, term: Option<u64>) -> FoundRecord {
        FoundRecord::Unusable(
            UnusableRecord::Malformed("so it is".to_owned()),
            Salvage { revision, term },
            RecordVersion::Revision(7),
        )
    }

    #[test]
    fn what_is_written_counts_above_whatever_was_there() {
        let active = Phase::Active { previous: None };
        let pending = Phase::Pending { previous: id("b") };
        let releasing = Phase::Releasing { successor: id("b"), drain: Span::ZERO };
        let table = [
            (
                recorded("a", active.clone()),
                None,
                Some((8, 4, 9)),
                "over a record: the next of both, and timings of its own",
            ),
            (recorded("a", pending), None, Some((8, 4, 9)), "over a claim"),
            (recorded("a", releasing), None, Some((8, 4, 9)), "over a handover to itself"),
            (recorded("a", active.clone()), Some(9), Some((NOW, 9, 9)), "above a lost record"),
            (recorded("a", active.clone()), Some(2), Some((NOW, 4, 9)), "a term never goes back"),
            (recorded("b", active.clone()), None, None, "nothing to do"),
            (recorded("b", active.clone()), Some(3), None, "nothing to do with a term that it has"),
            (
                recorded("b", active.clone()),
                Some(4),
                Some((NOW, 4, 9)),
                "the owner again, above a lost record",
            ),
            (recorded("a", active), Some(u64::MAX), None, "no term would be left for the next owner"),
            (unusable(Some(7), Some(u64::MAX)), None, None, "nor here"),
            (unusable(Some(u64::MAX), None), Some(9), None, "nor a revision for the next change"),
            (FoundRecord::Absent, None, None, "no term to be known"),
            (FoundRecord::Absent, Some(2), Some((NOW, 2, 9)), "where there is none"),
            (unusable(Some(7), Some(3)), None, Some((NOW, 4, 9)), "salvaged"),
            (unusable(Some(NOW), Some(3)), None, Some((NOW + 1, 4, 9)), "salvaged, after an earlier jump"),
            (unusable(Some(7), Some(3)), Some(9), Some((NOW, 9, 9)), "salvaged, and a higher term said"),
            (unusable(Some(7), None), None, None, "no term to be salvaged"),
            (unusable(None, None), Some(5), Some((NOW, 5, 9)), "nothing to be salvaged"),
            (FoundRecord::Untouchable("too long".to_owned()), Some(5), None, "nothing can replace it"),
        ];
        for (found, term, expected, why) in table {
            let b = id("b");
            let wish = wish(&b, term);
            let written = match Successor::of(&found, wish) {
                Successor::Write(record) => {
                    assert!(record.lets_run(&b), "{why}");
                    Some((record.revision, record.term, record.timing.watch.get().as_secs()))
                }
                Successor::Already(_)
                | Successor::TermUnknown
                | Successor::Untouchable(_)
                | Successor::Newer(_)
                | Successor::Exhausted(_) => None,
            };
            assert_eq!(written, expected, "{why}");
        }
    }

    #[test]
    fn a_record_of_a_newer_version_is_replaced_only_where_that_is_asked_for() {
        let salvage = Salvage { revision: Some(7), term: Some(3) };
        let newer = FoundRecord::Unusable(UnusableRecord::Newer(2), salvage, RecordVersion::Revision(7));
        let b = id("b");
        for term in [None, Some(9)] {
            let refused = Successor::of(&newer, wish(&b, term));
            assert_eq!(refused, Successor::Newer(UnusableRecord::Newer(2)), "whatever the term");
            let insisted = Successor::of(&newer, Wish { replace_newer: true, ..wish(&b, term) });
            let Successor::Write(record) = insisted else { panic!("{insisted:?}") };
            assert_eq!((record.revision, record.term), (NOW, term.unwrap_or(4)));
        }
    }
}
