//! The handle that the rest of Flatline uses: a back end with a deadline on every operation.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use failover_policy::{ClusterId, Stamp};

use crate::look::Sight;
use crate::progress::Operation;
use crate::{Backend, Beat, BeatDetails, Oddity, Record, RecordName, RecordVersion, StoreError, Touched};

/// How long one operation may take before it counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For everything that reads: `r`, 1 s unless configured.
    pub read: Duration,
    /// For everything that writes: `w`, min(1.5 s, beat interval) unless configured.
    pub write: Duration,
}

/// An open store. Clones share the back end.
#[derive(Debug, Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
    deadlines: Deadlines,
}

impl Store {
    /// Puts deadlines on a back end.
    pub fn new(backend: Arc<dyn Backend>, deadlines: Deadlines) -> Self {
        Self { backend, deadlines }
    }

    /// How long [`Store::reach`] waits at the most: for a name server that is dead, which the C library gives five
    /// seconds before it asks the next, it is too short, and for everything else long.
    pub const REACH: Duration = Duration::from_secs(4);

    /// Where this is, for people: a path or a URL without its query.
    pub fn location(&self) -> String {
        self.backend.location()
    }

    /// How it signs in, for people and without secrets; `None` where there is nothing to sign in to.
    pub fn credential(&self) -> Option<String> {
        self.backend.credential()
    }

    /// Waits until the store can be asked, [`Store::REACH`] at the most: for a command that asks once, and would find
    /// its deadline used up by connecting. A loop has no need of it, since its next round finds the connection. It
    /// does not tell whether the store was reached; the next operation does.
    pub async fn reach(&self) {
        // An overrun leaves the rest to that operation.
        let _ = Operation::lasting(Self::REACH).run(self.backend.reach()).await;
    }

    /// Reads a cluster's stamp. [`StoreError::NotFound`] where the store can be read and there is none.
    pub async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let attempt = || format!("read the stamp of cluster {cluster} in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.read_stamp(cluster)).await
    }

    /// The same, with what can be behind it where it is malformed.
    pub(crate) async fn read_stamp_with_debris(&self, cluster: &ClusterId) -> Result<Sight, StoreError> {
        let attempt = || format!("read the stamp of cluster {cluster} in {}", self.location());
        let read = async {
            match self.backend.read_stamp(cluster).await {
                Ok(stamp) => Ok(Sight::Stamp(stamp)),
                Err(error @ StoreError::Malformed { .. }) => {
                    Ok(Sight::of(self.backend.read_debris(cluster).await?, error))
                }
                Err(error) => Err(error),
            }
        };
        within(self.deadlines.read, attempt, read).await
    }

    /// Writes a cluster's stamp and, beside it, its details. After a deadline the write may still land late.
    pub async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let attempt = || format!("write the stamp of cluster {cluster} in {}", self.location());
        within(self.deadlines.write, attempt, self.backend.write_beat(cluster, beat)).await
    }

    /// Reads a cluster's beat details; `None` where there are none that this version understands.
    pub async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        let attempt = || format!("read the beat details of cluster {cluster} in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.read_details(cluster)).await
    }

    /// The clusters that have a stamp, in order of their ids.
    pub async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        let attempt = || format!("list the clusters in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.clusters()).await
    }

    /// Reads a record; `None` where it was never created.
    pub async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        let attempt = || format!("read {name} in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.read_record(name)).await
    }

    /// Creates a record that does not exist yet. `body` must be unlike anything another writer would write
    /// (it names the writer and the attempt), since that is how a lost answer is settled. One longer than
    /// [`Record::MAX_BYTES`] is refused as malformed.
    ///
    /// `revision` is the number that a folder keeps this state under, and that the body should repeat: 1, unless it
    /// has to stand above states that were lost. Such a jump cannot be decided by a name that is taken. In a folder
    /// it wins because it is the highest, and is reported as [`StoreError::Ambiguous`] where it passed over a
    /// revision that somebody published at the same moment, or where a lost answer leaves that open: it counts
    /// then, and what it says was written without having seen the other.
    pub async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let change = Change { name, body, follows: 0, revision };
        self.check(&change)?;
        let attempt = || format!("create {name} in {}", self.location());
        let write = self.backend.create_record(name, body, revision);
        let written = within(self.deadlines.write, attempt, write).await;
        self.settle(&change, attempt(), written).await
    }

    /// Replaces exactly the state of a record that `expected` names. `body` and `revision` as in
    /// [`Store::create_record`]; in a folder the revision must be above the expected one, ordinarily by one.
    pub async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let change = Change { name, body, follows: expected.revision().unwrap_or(0), revision };
        self.check(&change)?;
        let attempt = || format!("swap {name} in {}", self.location());
        let write = self.backend.swap_record(name, body, expected, revision);
        let written = within(self.deadlines.write, attempt, write).await;
        self.settle(&change, attempt(), written).await
    }

    /// Tries whether this process could change this very record, and leaves it as it is. Another record that can be
    /// written says little about this one: it may belong to another user, or somebody may hold a lease on it.
    pub async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError> {
        let attempt = || format!("try {name} in {}", self.location());
        // It is read first.
        let deadline = self.deadlines.read + self.deadlines.write;
        within(deadline, attempt, self.backend.touch_record(name)).await
    }

    /// What lies about in the store, for an examination.
    pub async fn oddities(&self) -> Result<Vec<Oddity>, StoreError> {
        let attempt = || format!("list what is in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.oddities()).await
    }

    /// Removes what a probe left behind.
    pub async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        let attempt = || format!("remove probe {id} in {}", self.location());
        within(self.deadlines.write, attempt, self.backend.remove_probe(id)).await
    }

    /// Reads the maintenance record; `None` where it was never written. Bytes that make no sense are handed up
    /// as they are, and more than [`Record::MAX_BYTES`] are malformed: both count as maintenance that is on.
    pub async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let attempt = || format!("read the maintenance record in {}", self.location());
        within(self.deadlines.read, attempt, self.backend.read_maintenance()).await
    }

    /// Writes the maintenance record over whatever is there: the last writer wins, so it has one, the operator.
    /// After a deadline the write may still land late. A body longer than [`Record::MAX_BYTES`] is refused as
    /// malformed.
    pub async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        self.check_length("the maintenance record", body)?;
        let attempt = || format!("write the maintenance record in {}", self.location());
        within(self.deadlines.write, attempt, self.backend.write_maintenance(body)).await
    }

    /// Refuses to write what no reader would accept.
    fn check(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let Change { name, body, follows, revision } = change;
        self.check_length(&name.to_string(), body)?;
        if revision > follows {
            return Ok(());
        }
        Err(StoreError::Malformed {
            what: format!("the new revision {revision} of {name} in {}", self.location()),
            detail: format!("it has to be above {follows}"),
        })
    }

    fn check_length(&self, what: &str, body: &[u8]) -> Result<(), StoreError> {
        if body.len() > Record::MAX_BYTES {
            return Err(Record::over_long(format!("the new body of {what} in {}", self.location())));
        }
        Ok(())
    }

    /// Finds out whether a conditional write took effect when its answer does not tell: a lost answer to a
    /// winning write, replayed by a proxy or a kernel, comes back as a conflict with oneself.
    async fn settle(
        &self,
        change: &Change<'_>,
        attempt: String,
        written: Result<RecordVersion, StoreError>,
    ) -> Result<RecordVersion, StoreError> {
        let error = match written {
            Err(
                error @ (StoreError::Conflict { .. }
                | StoreError::Unreachable { .. }
                | StoreError::Ambiguous { .. }),
            ) => error,
            settled => return settled,
        };
        match self.read_record(change.name).await {
            Ok(Some(record)) if record.body == change.body && change.passes_over_nothing_in(&record) => {
                Ok(record.version)
            }
            // Somebody else's record may stand on top of ours, or ours may still be on its way: only a
            // conflict is certain to have written nothing more.
            Ok(_) if matches!(error, StoreError::Conflict { .. }) => Err(error),
            Ok(_) => Err(StoreError::Ambiguous { attempt, detail: error.to_string() }),
            Err(unread) => Err(StoreError::Ambiguous { attempt, detail: format!("{error}; then {unread}") }),
        }
    }
}

/// One change of a record.
#[derive(Debug)]
struct Change<'a> {
    name: &'a RecordName,
    body: &'a [u8],
    /// The revision that it replaces; 0 where there is none, or where only the body says it.
    follows: u64,
    revision: u64,
}

impl Change<'_> {
    /// Whether finding this change in place, as `found`, shows that it replaced what it was to replace. A place
    /// with versions of its own has seen to that; in a folder a jump may have passed over a revision.
    fn passes_over_nothing_in(&self, found: &Record) -> bool {
        found.version.revision().is_none() || self.revision - self.follows == 1
    }
}

async fn within<T>(
    deadline: Duration,
    attempt: impl Fn() -> String,
    operation: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    Operation::lasting(deadline).run(operation).await.unwrap_or_else(|overrun| {
        Err(StoreError::Unreachable { attempt: attempt(), detail: overrun.to_string() })
    })
}
