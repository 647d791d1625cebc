//! What a place must be able to do.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use failover_policy::{ClusterId, Stamp};

use crate::{Beat, BeatDetails, Oddity, Record, RecordName, RecordVersion, StoreError, Touched};

/// What stands where a stamp should, and beside it, on a place whose stamps are written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debris {
    /// The stamp's first bytes, one more than a stamp may have at the most.
    pub stamp: Vec<u8>,
    /// The beat details as they are stored; `None` where there are none.
    pub details: Option<Vec<u8>>,
}

/// One place that can keep heartbeats and records. Callers use it through [`crate::Store`], which adds the
/// deadline and settles ambiguous swaps, so a back end does each operation once, as plainly as it can.
///
/// No method creates the root or container, none retries, and dropping a future may leave its write to land
/// late, but never torn.
#[async_trait]
pub trait Backend: fmt::Debug + Send + Sync {
    /// Where this is, for people: a path or a URL without its query.
    fn location(&self) -> String;

    /// How it signs in, for people and without secrets; `None` where there is nothing to sign in to.
    fn credential(&self) -> Option<String> {
        None
    }

    /// Gets ready to be asked: connects and signs in, where there is anything to connect and sign in to. Nothing is
    /// read or written.
    async fn reach(&self) {}

    /// Reads a cluster's stamp.
    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError>;

    /// Writes a cluster's stamp, then its details. The stamp's fate is the answer: details that cannot be
    /// written where the stamp could are logged at debug level and forgotten.
    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError>;

    /// Reads a cluster's beat details; `None` where there are none that this version understands
    /// ([`BeatDetails::sound`]), or no such cluster.
    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError>;

    /// Reads what there is of a cluster's stamp that was found malformed. `None`, as long as a back end does not say
    /// otherwise, where writes are atomic: then no writer can have left it half done.
    async fn read_debris(&self, _cluster: &ClusterId) -> Result<Option<Debris>, StoreError> {
        Ok(None)
    }

    /// The clusters that have a stamp, malformed ones included, in order of their ids.
    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError>;

    /// Reads a record; `None` where it was never created.
    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError>;

    /// Creates a record that does not exist yet; [`StoreError::Conflict`] where it does. `revision`, from 1, is
    /// the number that a folder keeps this state under; a place with versions of its own passes it over.
    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        revision: u64,
    ) -> Result<RecordVersion, StoreError>;

    /// Replaces exactly the state of a record that `expected` names; [`StoreError::Conflict`] where it has
    /// changed. `revision` is above the expected one's; otherwise as in [`Backend::create_record`].
    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError>;

    /// Tries whether this process could change this very record as it is now, and leaves it as it is: a change that its
    /// condition refuses, or one of everything beside the record that a change needs. Fine where there is no such
    /// record yet, since creating another shows as much.
    async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError>;

    /// What lies about, for an examination; nothing where the place has no names to look at.
    async fn oddities(&self) -> Result<Vec<Oddity>, StoreError> {
        Ok(Vec::new())
    }

    /// Removes what a probe left. Only [`RecordName::Probe`] can be removed; records of ownership never are.
    async fn remove_probe(&self, id: &str) -> Result<(), StoreError>;

    /// Reads the maintenance record's bytes, whatever they are; `None` where it was never written. In a folder
    /// a read in the middle of a write may find some of each.
    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes the maintenance record over whatever is there.
    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError>;
}
