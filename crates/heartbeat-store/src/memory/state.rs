//! What a memory store holds: raw bytes, as a folder would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use failover_policy::{ClusterId, Stamp};

use crate::{Beat, BeatDetails, Debris, Record, RecordName, RecordVersion, StoreError};

/// Everything in the store, behind one lock.
#[derive(Debug, Default)]
pub(super) struct Vault(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    stamps: BTreeMap<ClusterId, Vec<u8>>,
    details: BTreeMap<ClusterId, Vec<u8>>,
    /// By [`RecordName::stem`].
    records: BTreeMap<String, Record>,
    /// Changes of records so far, from which tags are made: no two states share one, so that a record that was
    /// removed and created again is not mistaken for the old one.
    changes: u64,
    maintenance: Option<Vec<u8>>,
    /// The records that cannot be changed.
    locked: BTreeSet<String>,
}

impl Vault {
    pub(super) fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let what = format!("the stamp of cluster {cluster} in memory");
        match self.content().stamps.get(cluster) {
            None => Err(StoreError::NotFound { what }),
            Some(bytes) => {
                Stamp::parse(bytes).map_err(|error| StoreError::Malformed { what, detail: error.to_string() })
            }
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "writes share the shape of what can fail")]
    pub(super) fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let mut content = self.content();
        content.stamps.insert(cluster.clone(), beat.stamp.to_string().into_bytes());
        content.details.insert(cluster.clone(), beat.details.to_json());
        Ok(())
    }

    pub(super) fn read_details(&self, cluster: &ClusterId) -> Option<BeatDetails> {
        self.content().details.get(cluster).and_then(|json| BeatDetails::from_json(json))
    }

    pub(super) fn debris(&self, cluster: &ClusterId) -> Option<Debris> {
        let content = self.content();
        let stamp = content.stamps.get(cluster)?.clone();
        Some(Debris { stamp, details: content.details.get(cluster).cloned() })
    }

    pub(super) fn clusters(&self) -> BTreeSet<ClusterId> {
        self.content().stamps.keys().cloned().collect()
    }

    pub(super) fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        match self.content().records.get(&name.stem()) {
            Some(record) if record.body.len() > Record::MAX_BYTES => Err(Record::over_long(name.to_string())),
            found => Ok(found.cloned()),
        }
    }

    /// Creates the record (`expected` is `None`) or replaces the state of it that `expected` names.
    pub(super) fn put_record(
        &self,
        name: &RecordName,
        body: Vec<u8>,
        expected: Option<&RecordVersion>,
    ) -> Result<RecordVersion, StoreError> {
        let mut content = self.content();
        if content.locked.contains(&name.stem()) {
            return Err(super::fault::locked("memory"));
        }
        if content.records.get(&name.stem()).map(|record| &record.version) != expected {
            return Err(StoreError::Conflict { what: format!("{name} in memory") });
        }
        Ok(content.put(name, body))
    }

    pub(super) fn lock(&self, name: &RecordName, locked: bool) {
        let mut content = self.content();
        if locked {
            content.locked.insert(name.stem());
        } else {
            content.locked.remove(&name.stem());
        }
    }

    pub(super) fn is_locked(&self, name: &RecordName) -> bool {
        self.content().locked.contains(&name.stem())
    }

    pub(super) fn remove(&self, name: &RecordName) {
        self.content().records.remove(&name.stem());
    }

    pub(super) fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.content().maintenance {
            Some(body) if body.len() > Record::MAX_BYTES => {
                Err(Record::over_long("the maintenance record in memory".to_owned()))
            }
            found => Ok(found.clone()),
        }
    }

    pub(super) fn write_maintenance(&self, body: Vec<u8>) {
        self.content().maintenance = Some(body);
    }

    pub(super) fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]) {
        let mut content = self.content();
        content.stamps.insert(cluster.clone(), bytes.to_vec());
        content.details.remove(cluster);
    }

    pub(super) fn plant_details(&self, cluster: &ClusterId, json: &[u8]) {
        self.content().details.insert(cluster.clone(), json.to_vec());
    }

    pub(super) fn plant_record(&self, name: &RecordName, body: &[u8]) {
        self.content().put(name, body.to_vec());
    }

    pub(super) fn stored_stamp(&self, cluster: &ClusterId) -> Option<Vec<u8>> {
        self.content().stamps.get(cluster).cloned()
    }

    pub(super) fn stored_record(&self, name: &RecordName) -> Option<Record> {
        self.content().records.get(&name.stem()).cloned()
    }

    pub(super) fn is_empty(&self) -> bool {
        let content = self.content();
        content.stamps.is_empty()
            && content.details.is_empty()
            && content.records.is_empty()
            && content.maintenance.is_none()
    }

    /// The content; a test that panicked while holding the lock leaves it whole.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn put(&mut self, name: &RecordName, body: Vec<u8>) -> RecordVersion {
        self.changes += 1;
        let version = RecordVersion::ETag(format!("\"{}\"", self.changes));
        self.records.insert(name.stem(), Record { body, version: version.clone() });
        version
    }
}
