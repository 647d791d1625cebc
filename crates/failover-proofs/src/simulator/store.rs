//! The store: a linearizable compare-and-swap for the record, stamps, and a place that may answer from a cache.

use failover_policy::{ClusterId, Finding, Maintenance, OwnershipRecord, RecordFinding, Stamp};

use super::clock::{Nanos, SECOND, tick};

/// Everything that a cell ever held, in order of time.
#[derive(Debug)]
struct History<T>(Vec<(Nanos, T)>);

impl<T> History<T> {
    fn of(first: T) -> Self {
        Self(vec![(Nanos::MIN, first)])
    }

    fn put(&mut self, now: Nanos, value: T) {
        self.0.push((now, value));
    }

    fn as_of(&self, time: Nanos) -> Option<&T> {
        self.0.iter().rev().find(|(since, _)| *since <= time).map(|(_, value)| value)
    }

    fn current(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }
}

/// One store. Writes land now; reads show it as it was at a moment that the caller names.
#[derive(Debug)]
pub(super) struct Store {
    clusters: Vec<ClusterId>,
    stamps: Vec<History<Option<Stamp>>>,
    record: History<Option<OwnershipRecord>>,
    maintenance: History<Option<Maintenance>>,
}

impl Store {
    /// A store in which every heart has beaten before: one that was never seen is not taken over, by design.
    pub(super) fn new(clusters: &[ClusterId], record: Option<OwnershipRecord>) -> Self {
        let long_ago = Stamp::new(tick(-3600 * SECOND, 0));
        Self {
            clusters: clusters.to_vec(),
            stamps: clusters.iter().map(|_| History::of(Some(long_ago))).collect(),
            record: History::of(record),
            maintenance: History::of(None),
        }
    }

    pub(super) fn put_stamp(&mut self, cluster: usize, now: Nanos, stamp: Stamp) {
        if let Some(stamps) = self.stamps.get_mut(cluster) {
            stamps.put(now, Some(stamp));
        }
    }

    pub(super) fn put_maintenance(&mut self, now: Nanos, maintenance: Maintenance) {
        self.maintenance.put(now, Some(maintenance));
    }

    /// Replaces the revision `over`, or creates the record where that is `None`; says whether it did.
    pub(super) fn swap(&mut self, now: Nanos, over: Option<u64>, record: &OwnershipRecord) -> bool {
        let won = self.record().map(|record| record.revision) == over;
        if won {
            self.record.put(now, Some(record.clone()));
        }
        won
    }

    /// The record is gone, as if it had never been there.
    pub(super) fn lose_record(&mut self, now: Nanos) {
        self.record.put(now, None);
    }

    /// The record as it is.
    pub(super) fn record(&self) -> Option<&OwnershipRecord> {
        self.record.current()?.as_ref()
    }

    /// What a read of the record shows that is as old as `time`.
    pub(super) fn read_record(&self, time: Nanos) -> RecordFinding {
        match self.record.as_of(time) {
            Some(Some(record)) => RecordFinding::Found(Box::new(record.clone())),
            _ => RecordFinding::Absent,
        }
    }

    /// What a read of a stamp shows that is as old as `time`.
    pub(super) fn read_stamp(&self, cluster: &ClusterId, time: Nanos) -> Finding {
        let stamp = self.stamps_of(cluster).and_then(|stamps| *stamps.as_of(time)?);
        stamp.map_or(Finding::Missing, Finding::Stamp)
    }

    /// What a read of the maintenance record shows that is as old as `time`.
    pub(super) fn read_maintenance(&self, time: Nanos) -> Option<&Maintenance> {
        self.maintenance.as_of(time)?.as_ref()
    }

    /// When the last stamp landed that a read as old as `time` shows.
    pub(super) fn last_landing(&self, cluster: &ClusterId, time: Nanos) -> Option<Nanos> {
        let landings = &self.stamps_of(cluster)?.0;
        landings.iter().rev().find(|(at, stamp)| *at <= time && stamp.is_some()).map(|(at, _)| *at)
    }

    /// Which of the clusters this is.
    pub(super) fn index(&self, cluster: &ClusterId) -> Option<usize> {
        self.clusters.iter().position(|other| other == cluster)
    }

    fn stamps_of(&self, cluster: &ClusterId) -> Option<&History<Option<Stamp>>> {
        self.stamps.get(self.index(cluster)?)
    }
}

#[cfg(test)]
mod tests {
    use failover_policy::{LeaseTiming, Phase, Timing};

    use super::*;

    fn record(revision: u64) -> OwnershipRecord {
        OwnershipRecord {
            revision,
            term: 1,
            owner: "a".parse().unwrap(),
            phase: Phase::Active { previous: None },
            timing: LeaseTiming::of(&Timing::default()),
            since: tick(0, 0),
            by: "test".to_owned(),
            reason: String::new(),
            primary: None,
        }
    }

    #[test]
    fn a_swap_wins_over_what_is_there_and_nothing_else() {
        let mut store = Store::new(&["a".parse().unwrap()], None);
        assert!(!store.swap(1, Some(1), &record(2)), "there is none");
        assert!(store.swap(2, None, &record(1)));
        assert!(!store.swap(3, None, &record(1)), "there is one");
        assert!(store.swap(4, Some(1), &record(2)));
        assert!(!store.swap(5, Some(1), &record(2)), "it is another");
        assert_eq!(store.record(), Some(&record(2)));
    }

    #[test]
    fn a_read_shows_what_was_there_at_its_moment() {
        let mut store = Store::new(&["a".parse().unwrap()], None);
        store.swap(10, None, &record(1));
        assert_eq!(store.read_record(9), RecordFinding::Absent);
        assert_eq!(store.read_record(10), RecordFinding::Found(Box::new(record(1))));
        store.lose_record(20);
        assert_eq!(store.read_record(20), RecordFinding::Absent);
    }
}
