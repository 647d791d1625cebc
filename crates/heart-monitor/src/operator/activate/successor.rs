//! The record that an activation writes over whatever is there.

use failover_policy::{ClusterId, Floor, LeaseTiming, OwnershipRecord, Phase, Tick};

use crate::operator::found::{FoundRecord, Salvage};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) cluster: &'w ClusterId,
    /// `--term`.
    pub(super) term: Option<u64>,
    /// What is promised where no record can be read.
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
}

impl Successor {
    pub(super) fn of(found: &FoundRecord, wish: Wish) -> Self {
        match found {
            FoundRecord::Untouchable(detail) => Self::Untouchable(detail.clone()),
            FoundRecord::Usable(record, _) if is_done(record, wish) => Self::Already(record.clone()),
            FoundRecord::Usable(record, _) => {
                let floor =
                    wish.term.map_or(Floor::default(), |term| Floor { revision: jump(wish.now), term });
                Self::write(Some(record), record.timing, floor, wish)
            }
            FoundRecord::Absent => Self::over_nothing_usable(Salvage::default(), wish),
            FoundRecord::Unusable(_, salvage, _) => Self::over_nothing_usable(*salvage, wish),
        }
    }

    fn over_nothing_usable(salvage: Salvage, wish: Wish) -> Self {
        let next = |counter: u64| counter.saturating_add(1);
        let Some(term) = salvage.term.map(next).max(wish.term) else { return Self::TermUnknown };
        let revision = salvage.revision.map_or(1, next).max(jump(wish.now));
        Self::write(None, wish.lease, Floor { revision, term }, wish)
    }

    fn write(current: Option<&OwnershipRecord>, timing: LeaseTiming, floor: Floor, wish: Wish) -> Self {
        let signature = (wish.by, wish.now);
        Self::Write(Box::new(OwnershipRecord::activated(current, wish.cluster, timing, floor, signature)))
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

    fn recorded(owner: &str, phase: Phase) -> FoundRecord {
        let floor = Floor { revision: 7, term: 3 };
        let first = OwnershipRecord::activated(None, &id(owner), lease(34), floor, ("x", tick()));
        FoundRecord::Usable(Box::new(OwnershipRecord { phase, ..first }), RecordVersion::Revision(7))
    }

    fn unusable(revision: Option<u64>, term: Option<u64>) -> FoundRecord {
        FoundRecord::Unusable(
            UnusableRecord::Newer(2),
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
                Some((8, 4, 34)),
                "over a record: the next of both, its timings",
            ),
            (recorded("a", pending), None, Some((8, 4, 34)), "over a claim"),
            (recorded("a", releasing), None, Some((8, 4, 34)), "over a handover to itself"),
            (recorded("a", active.clone()), Some(9), Some((NOW, 9, 34)), "above a lost record"),
            (recorded("a", active.clone()), Some(2), Some((NOW, 4, 34)), "a term never goes back"),
            (recorded("b", active.clone()), None, None, "nothing to do"),
            (recorded("b", active.clone()), Some(3), None, "nothing to do with a term that it has"),
            (recorded("b", active), Some(4), Some((NOW, 4, 34)), "the owner again, above a lost record"),
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
            let wish = Wish { cluster: &b, term, lease: lease(9), by: "operator:x", now: tick() };
            let written = match Successor::of(&found, wish) {
                Successor::Write(record) => {
                    assert!(record.lets_run(&b), "{why}");
                    Some((record.revision, record.term, record.timing.watch.get().as_secs()))
                }
                Successor::Already(_) | Successor::TermUnknown | Successor::Untouchable(_) => None,
            };
            assert_eq!(written, expected, "{why}");
        }
    }
}
