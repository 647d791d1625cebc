//! A folder as the store: a local disk, or a share mounted over SMB or NFS.
//!
//! Follow a beat from [`FolderBackend::write_beat`] through the lane that takes it off the async threads
//! (`lane`) to the stamp's folder (`beats`) and the bytes on disk (`file`). Records live in `records`, change in
//! `swaps`, and are written aside (`staging`) and published in one of two ways (`publishing`). What is new gets the root's
//! permissions (`likeness`); every error of the operating system becomes one of ours in `errors`.
//!
//! A mount that hangs keeps its threads: no call of the operating system can be taken back. The caller gets
//! its answer all the same, by [`crate::Store`]'s deadline or at once when every thread of its lane is stuck.
//! Shutting a tokio runtime down would wait for those threads for ever, so a binary that used this back end
//! leaves through `std::process::exit`.

mod beats;
mod errors;
mod file;
mod lane;
mod likeness;
mod maintenance;
mod publishing;
mod records;
mod revision;
mod root;
mod staging;
mod swaps;
mod sweep;
mod touch;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use failover_policy::{ClusterId, Stamp};
use tokio::time::timeout;
use tracing::debug;

use crate::{
    Backend, Beat, BeatDetails, Debris, Oddity, Record, RecordName, RecordVersion, StoreError, Touched,
};
use lane::{Lane, Pace};
pub use publishing::Publishing;
use root::Root;

/// Reads that may be under way at once, and so the threads that a hung mount soon keeps with reads. A
/// monitor polls with one; the others are for a mount that hangs and comes back, and for `status`.
const READS_AT_ONCE: usize = 8;
/// Beats that may be under way at once.
const BEATS_AT_ONCE: usize = 1;
/// How long a beat waits for its details. The stamp has landed by then; details that hang are refused at once
/// from the next beat on.
const DETAILS_PATIENCE: Duration = Duration::from_millis(100);
/// Changes of records that may be under way at once.
const SWAPS_AT_ONCE: usize = 1;
/// Whatever a beacon writes: one call that never returns must not silence a healthy heart. The old one may land late,
/// as a request to Blob may, and restart silence once. Two of the default write deadlines and a little, and well
/// within the default threshold.
const BEATING: Pace = Pace { first_every: Duration::from_millis(3500), first: 4 };
/// Whatever a monitor does: a standby whose mount was replaced must see, and be able to claim. A change that lands
/// late does so like any other only over the state that it names.
const WATCHING: Pace = Pace { first_every: Duration::from_secs(30), first: 8 };

/// A store in a folder. Opening it touches nothing: whether the folder is there shows with each operation.
#[derive(Debug)]
pub struct FolderBackend {
    root: Arc<Root>,
    reads: Lane,
    beats: Lane,
    details: Lane,
    swaps: Lane,
    /// Probes and touches: they must not hold a claim up.
    rehearsals: Lane,
}

impl FolderBackend {
    /// The store in this folder, which is never created.
    pub fn new(root: PathBuf) -> Self {
        Self::on(Root::new(root, None))
    }

    /// The same with a way of publishing records that the place may not need: so that tests can try each of them
    /// where there is no such place.
    #[doc(hidden)]
    pub fn publishing_by(root: PathBuf, publishing: Publishing) -> Self {
        Self::on(Root::new(root, Some(publishing)))
    }

    fn on(root: Root) -> Self {
        Self {
            root: Arc::new(root),
            reads: Lane::new("read", READS_AT_ONCE, WATCHING),
            beats: Lane::new("beat", BEATS_AT_ONCE, BEATING),
            details: Lane::new("write of beat details", 1, BEATING),
            swaps: Lane::new("change of a record", SWAPS_AT_ONCE, WATCHING),
            rehearsals: Lane::new("rehearsal", SWAPS_AT_ONCE, WATCHING),
        }
    }

    fn lane_of(&self, name: &RecordName) -> &Lane {
        match name {
            RecordName::Ownership => &self.swaps,
            RecordName::Probe(_) => &self.rehearsals,
        }
    }

    async fn perform<T: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl FnOnce(&Root) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let root = Arc::clone(&self.root);
        lane.run(&self.root.location(), move || work(&root)).await
    }
}

#[async_trait]
impl Backend for FolderBackend {
    fn location(&self) -> String {
        self.root.location()
    }

    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let cluster = cluster.clone();
        self.perform(&self.reads, move |root| root.read_stamp(&cluster)).await
    }

    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let (stamp, id) = (beat.stamp, cluster.clone());
        self.perform(&self.beats, move |root| root.write_stamp(&id, stamp)).await?;
        let (details, id) = (beat.details.clone(), cluster.clone());
        let written = self.perform(&self.details, move |root| root.write_details(&id, &details));
        match timeout(DETAILS_PATIENCE, written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "the stamp is written, its details are not"),
            Err(_) => debug!("the stamp is written, its details are not yet"),
        }
        Ok(())
    }

    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        let cluster = cluster.clone();
        self.perform(&self.reads, move |root| root.read_details(&cluster)).await
    }

    /// The classic writer truncates its file, then writes.
    async fn read_debris(&self, cluster: &ClusterId) -> Result<Option<Debris>, StoreError> {
        let cluster = cluster.clone();
        self.perform(&self.reads, move |root| root.read_debris(&cluster).map(Some)).await
    }

    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        self.perform(&self.reads, Root::clusters).await
    }

    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        let name = name.clone();
        self.perform(&self.reads, move |root| root.records(&name)?.read()).await
    }

    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let (lane, name, body) = (self.lane_of(name), name.clone(), body.to_vec());
        self.perform(lane, move |root| root.records(&name)?.create(&body, revision)).await
    }

    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let (lane, name) = (self.lane_of(name), name.clone());
        let (body, expected) = (body.to_vec(), expected.clone());
        self.perform(lane, move |root| root.records(&name)?.swap(&body, &expected, revision)).await
    }

    async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError> {
        let name = name.clone();
        self.perform(&self.rehearsals, move |root| root.records(&name)?.touch()).await
    }

    async fn oddities(&self) -> Result<Vec<Oddity>, StoreError> {
        self.perform(&self.reads, Root::oddities).await
    }

    async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        let name = RecordName::Probe(id.to_owned());
        self.perform(&self.rehearsals, move |root| root.records(&name)?.remove()).await
    }

    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.perform(&self.reads, Root::read_maintenance).await
    }

    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        let body = body.to_vec();
        self.perform(&self.swaps, move |root| root.write_maintenance(&body)).await
    }
}

#[cfg(test)]
mod tests;
