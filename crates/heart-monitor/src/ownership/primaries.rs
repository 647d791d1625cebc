//! What others take for the primary. Two sides that do not agree wait for each other where nothing is recorded, or both
//! want the work.

use std::collections::BTreeMap;
use std::fmt;

use failover_policy::{ClusterId, OwnershipRecord, RecordState};

/// Who says what, as far as it was read. What a beacon says is so now. A record keeps what its writer said until somebody
/// writes the next one, so it counts only where it is of another cluster whose beacon does not say.
#[derive(Debug)]
pub(crate) struct Primaries {
    this: Option<ClusterId>,
    own: ClusterId,
    /// The owner by the record, and the primary that it names.
    record: Option<(ClusterId, ClusterId)>,
    /// What the beacon of each cluster says.
    beacons: BTreeMap<ClusterId, ClusterId>,
    told: Option<Difference>,
}

/// Somebody who takes another cluster for the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    own: ClusterId,
    says: ClusterId,
    /// The cluster whose beacon says so; `None`: the record does.
    beacon_of: Option<ClusterId>,
}

/// What to do about it.
pub(crate) const REMEDY: &str = "give beacons, gates and guards of both sides the same PRIMARY_CLUSTER, and restart those that \
                                 had another; while nothing is recorded, two that differ wait for each other";

impl Difference {
    fn between(own: &ClusterId, says: &ClusterId, beacon_of: Option<&ClusterId>) -> Option<Self> {
        let difference = || Self { own: own.clone(), says: says.clone(), beacon_of: beacon_of.cloned() };
        (says != own).then(difference)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { own, says, beacon_of } = self;
        match beacon_of {
            Some(cluster) => write!(f, "the beacon of cluster {cluster} takes {says} for the primary")?,
            None => write!(f, "whoever wrote the ownership record takes {says} for the primary")?,
        }
        write!(f, ", and here it is {own}")
    }
}

impl Primaries {
    /// To a reader in cluster `this`, where that is known, who takes `own` for the primary.
    pub(crate) fn new(this: Option<ClusterId>, own: ClusterId) -> Self {
        Self { this, own, record: None, beacons: BTreeMap::new(), told: None }
    }

    /// Takes what a look at the record came to.
    pub(crate) fn note_state(&mut self, state: &RecordState) {
        match state {
            RecordState::Found(record) => self.note_record(record),
            RecordState::Absent => self.record = None,
            RecordState::NotRead
            | RecordState::Unreadable
            | RecordState::Lost(_)
            | RecordState::Unusable(_) => {}
        }
    }

    /// Takes what a record says that was found.
    pub(crate) fn note_record(&mut self, record: &OwnershipRecord) {
        self.record = record.primary.clone().map(|primary| (record.owner.clone(), primary));
    }

    /// Takes what the beacon of a cluster says.
    pub(crate) fn note_beacon(&mut self, cluster: &ClusterId, says: Option<&ClusterId>) {
        match says {
            Some(says) => self.beacons.insert(cluster.clone(), says.clone()),
            None => self.beacons.remove(cluster),
        };
    }

    /// Somebody who says otherwise.
    pub(crate) fn difference(&self) -> Option<Difference> {
        let by_beacon = |(cluster, says)| Difference::between(&self.own, says, Some(cluster));
        self.beacons.iter().find_map(by_beacon).or_else(|| {
            let (owner, says) = self.record.as_ref()?;
            let counts = self.this.as_ref() != Some(owner) && !self.beacons.contains_key(owner);
            if counts { Difference::between(&self.own, says, None) } else { None }
        })
    }

    /// Logs what has changed; gives back what is so now.
    pub(crate) fn tell(&mut self) -> Option<Difference> {
        let difference = self.difference();
        if self.told == difference {
            return difference;
        }
        match &difference {
            Some(difference) => tracing::warn!(
                own = %difference.own,
                theirs = %difference.says,
                said_by = difference.beacon_of.as_ref().map_or("record", ClusterId::as_str),
                advice = REMEDY,
                "{difference}"
            ),
            None => {
                tracing::info!(primary = %self.own, "everybody takes the same cluster for the primary again");
            }
        }
        self.told.clone_from(&difference);
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::testing::{ACTIVE, World, id};

    fn found(owner: &str, primary: Option<&str>) -> RecordState {
        let record = OwnershipRecord { primary: primary.map(id), ..World::record(owner, ACTIVE) };
        RecordState::Found(Box::new(record))
    }

    /// What a reader in b says, who takes a for the primary, after these words of beacons and this record.
    fn difference(beacons: &[(&str, Option<&str>)], record: &RecordState) -> Option<String> {
        let mut primaries = Primaries::new(Some(id("b")), id("a"));
        for (cluster, says) in beacons {
            primaries.note_beacon(&id(cluster), says.map(id).as_ref());
        }
        primaries.note_state(record);
        primaries.difference().map(|difference| difference.to_string())
    }

    #[test]
    fn a_beacon_or_a_record_that_takes_another_cluster_for_the_primary_is_a_difference() {
        let by_beacon = Some("the beacon of cluster a takes b for the primary, and here it is a");
        let by_record = Some("whoever wrote the ownership record takes b for the primary, and here it is a");
        let absent = RecordState::Absent;
        let table = [
            (vec![], absent.clone(), None, "nobody said anything"),
            (vec![("a", None)], found("a", None), None, "a beacon and a record of an older version"),
            (vec![("a", Some("a"))], found("a", Some("a")), None, "all agree"),
            (vec![("a", Some("b"))], absent, by_beacon, "crossed, and nothing recorded"),
            (vec![], found("a", Some("b")), by_record, "crossed, and recorded"),
            (vec![("a", Some("a"))], found("a", Some("b")), None, "mended since it was recorded"),
            (vec![("a", None)], found("a", Some("b")), by_record, "a beacon that does not say"),
            (vec![("a", Some("b")), ("a", None)], found("a", Some("a")), None, "no longer said"),
            (vec![], found("b", Some("b")), None, "of one's own side, which is set otherwise now"),
        ];
        for (beacons, record, expected, why) in table {
            assert_eq!(difference(&beacons, &record).as_deref(), expected, "{why}");
        }
    }

    #[test]
    fn what_cannot_be_read_now_is_as_it_was() {
        let mut primaries = Primaries::new(None, id("a"));
        primaries.note_state(&found("a", Some("b")));
        primaries.note_state(&RecordState::Unreadable);
        assert!(primaries.tell().is_some());
        primaries.note_state(&RecordState::Absent);
        assert_eq!(primaries.tell(), None);
    }
}
