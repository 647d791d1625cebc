//! Carries out what the policy's machines ask of the store, and says when each answer was asked for and came.

use std::sync::{Arc, Mutex, PoisonError};

use failover_policy::{
    BootTime, ClusterId, Look, MaintenanceFinding, Now, OwnershipRecord, RecordFinding, RecordLook, Swap,
    SwapOutcome, Tick, UnusableRecord,
};
use flatline_shell::Clock;
use heartbeat_store::{Record, RecordName, RecordVersion, Store, StoreError};

/// One process's hand in the store. It remembers which stored state the last record was read from, since a swap
/// must name it. Clones remember together, so that calls can go on at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    store: Store,
    clock: Arc<dyn Clock>,
    last_record: Arc<Mutex<Option<(u64, RecordVersion)>>>,
}

/// What a read or a swap came to, and the error behind it where there was one.
#[derive(Debug, Clone)]
pub(crate) struct Carried<T> {
    pub(crate) answer: T,
    pub(crate) error: Option<StoreError>,
}

/// What came of a swap, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swapped {
    pub(crate) outcome: SwapOutcome,
    pub(crate) issued: Now,
    pub(crate) completed: Now,
}

impl Carrier {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, last_record: Arc::default() }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Reads a cluster's stamp.
    pub(crate) async fn look_at_heart(&self, cluster: &ClusterId) -> Carried<Look> {
        look_at_heart(&self.store, self.clock.as_ref(), cluster).await
    }

    /// Reads the ownership record.
    pub(crate) async fn look_at_record(&self) -> Carried<RecordLook> {
        let issued = self.clock.now();
        let read = self.store.read_record(&RecordName::Ownership).await;
        let completed = self.clock.now();
        let (finding, error) = self.understand(read);
        Carried { answer: RecordLook { issued, completed, finding }, error }
    }

    /// Swaps the ownership record over the state that it was last read from.
    pub(crate) async fn swap(&self, swap: &Swap) -> Carried<Swapped> {
        let issued = self.clock.now();
        let written = self.write(swap).await;
        let completed = self.clock.now();
        let (outcome, error) = match written {
            Ok(version) => {
                self.remember(swap.record.revision, version);
                (SwapOutcome::Won, None)
            }
            Err(error @ StoreError::Conflict { .. }) => (SwapOutcome::Lost, Some(error)),
            Err(error) => (SwapOutcome::Failed, Some(error)),
        };
        Carried { answer: Swapped { outcome, issued, completed }, error }
    }

    /// Reads the maintenance record; says when the read was issued.
    pub(crate) async fn look_at_maintenance(&self) -> (BootTime, Carried<MaintenanceFinding>) {
        let issued = self.clock.now().boot;
        let read = self.store.read_maintenance().await;
        let (answer, error) = maintenance_of(read, self.clock.now().wall);
        (issued, Carried { answer, error })
    }

    async fn write(&self, swap: &Swap) -> Result<RecordVersion, StoreError> {
        let (name, revision) = (&RecordName::Ownership, swap.record.revision);
        let body = swap.record.to_json();
        let last_record = self.last_record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (swap.over, &last_record) {
            (None, _) => self.store.create_record(name, &body, revision).await,
            (Some(over), Some((last, version))) if over == *last => {
                self.store.swap_record(name, &body, version, revision).await
            }
            // The machine decided on another state than the last one that was read: nothing may be written.
            (Some(_), _) => Err(StoreError::Conflict { what: name.to_string() }),
        }
    }

    fn remember(&self, revision: u64, version: RecordVersion) {
        *self.last_record.lock().unwrap_or_else(PoisonError::into_inner) = Some((revision, version));
    }

    fn understand(&self, read: Result<Option<Record>, StoreError>) -> (RecordFinding, Option<StoreError>) {
        let record = match read {
            Ok(None) => return (RecordFinding::Absent, None),
            Ok(Some(record)) => record,
            Err(StoreError::Malformed { detail, .. }) => {
                return (RecordFinding::Unusable(UnusableRecord::Malformed(detail)), None);
            }
            Err(error) => return (RecordFinding::Unreadable, Some(error)),
        };
        match parse(&record) {
            Ok(parsed) => {
                self.remember(parsed.revision, record.version);
                (RecordFinding::Found(Box::new(parsed)), None)
            }
            Err(why) => (RecordFinding::Unusable(why), None),
        }
    }
}

/// What a read of the maintenance record means at `now`.
pub(crate) fn maintenance_of(
    read: Result<Option<Vec<u8>>, StoreError>,
    now: Tick,
) -> (MaintenanceFinding, Option<StoreError>) {
    match read {
        Ok(stored) => (MaintenanceFinding::judge(stored.as_deref(), now), None),
        Err(StoreError::Malformed { detail, .. }) => (MaintenanceFinding::Unusable(detail), None),
        Err(error) => (MaintenanceFinding::Unreadable, Some(error)),
    }
}

/// Reads a cluster's stamp, and says when that was asked for and came.
pub(crate) async fn look_at_heart(store: &Store, clock: &dyn Clock, cluster: &ClusterId) -> Carried<Look> {
    let issued = clock.now();
    let (finding, error) = store.look_at_stamp(cluster).await;
    let completed = clock.now();
    Carried { answer: Look { issued, completed, finding }, error }
}

/// The record in these bytes, which must repeat the revision that a folder keeps them under.
pub(crate) fn parse(record: &Record) -> Result<OwnershipRecord, UnusableRecord> {
    let parsed = OwnershipRecord::from_json(&record.body)?;
    match record.version.revision() {
        Some(stored_as) if stored_as != parsed.revision => Err(UnusableRecord::Malformed(format!(
            "it says revision {} and is stored as revision {stored_as}",
            parsed.revision
        ))),
        _ => Ok(parsed),
    }
}
