//! A store in memory, for tests: the same promises as the real ones, and faults at the turn of a switch.

mod fault;
mod state;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use failover_policy::{ClusterId, Stamp};
use tokio::task::AbortHandle;

use fault::Switchboard;
pub use fault::{Fault, Operation};
use state::Vault;

use crate::{Backend, Beat, BeatDetails, Debris, Record, RecordName, RecordVersion, StoreError, Touched};

/// A store in memory, for tests of whatever uses a [`crate::Store`]. Clones share their content and their
/// faults, as processes share a folder. It is never a place to keep real heartbeats.
///
/// Faults are switched per kind of [`Operation`] with [`MemoryBackend::break_with`] and undone with
/// [`MemoryBackend::heal`]. Every wait is on tokio's clock, so tests with paused time need not sleep.
#[derive(Debug, Clone, Default)]
pub struct MemoryBackend {
    vault: Arc<Vault>,
    faults: Arc<Switchboard>,
}

impl MemoryBackend {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store whose root does not exist.
    pub fn missing() -> Self {
        let memory = Self::new();
        memory.break_with(&Operation::ALL, Fault::NoStore);
        memory
    }

    /// Makes every further operation of these kinds meet the fault until it is healed.
    pub fn break_with(&self, operations: &[Operation], fault: Fault) {
        self.faults.set(operations, Some(fault));
    }

    /// Makes these kinds of operation work again; those that hang go on from where they stood.
    pub fn heal(&self, operations: &[Operation]) {
        self.faults.set(operations, None);
    }

    /// Carries the next beat or conditional write out, and loses the answer.
    pub fn lose_next_answer(&self) {
        self.faults.lose_next_answer();
    }

    /// Puts these bytes where a cluster's stamp lives, and removes its details.
    pub fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]) {
        self.vault.plant_stamp(cluster, bytes);
    }

    /// Puts these bytes where a cluster's details live.
    pub fn plant_details(&self, cluster: &ClusterId, json: &[u8]) {
        self.vault.plant_details(cluster, json);
    }

    /// Puts these bytes there as a record's next state.
    pub fn plant_record(&self, name: &RecordName, body: &[u8]) {
        self.vault.plant_record(name, body);
    }

    /// Takes a record away, as a backup restored or an account failed over would.
    pub fn remove_record(&self, name: &RecordName) {
        self.vault.remove(name);
    }

    /// Keeps this record from being changed while others can be, as a lease or another owner would.
    pub fn lock_record(&self, name: &RecordName) {
        self.vault.lock(name, true);
    }

    /// Lets it be changed again.
    pub fn unlock_record(&self, name: &RecordName) {
        self.vault.lock(name, false);
    }

    /// Puts these bytes where the maintenance record lives.
    pub fn plant_maintenance(&self, body: &[u8]) {
        self.vault.write_maintenance(body.to_vec());
    }

    /// The bytes where a cluster's stamp lives, if there are any.
    pub fn stored_stamp(&self, cluster: &ClusterId) -> Option<Vec<u8>> {
        self.vault.stored_stamp(cluster)
    }

    /// This record as it stands, if it is there; faults do not blind it.
    pub fn stored_record(&self, name: &RecordName) -> Option<Record> {
        self.vault.stored_record(name)
    }

    /// Whether this record is there; faults do not blind it.
    pub fn holds_record(&self, name: &RecordName) -> bool {
        self.stored_record(name).is_some()
    }

    /// Whether the store has anything in it; faults do not blind it.
    pub fn is_empty(&self) -> bool {
        self.vault.is_empty()
    }

    /// Carries an operation out under the fault of its kind. It runs as a task of its own, so that dropping
    /// the caller's future leaves a write on its way, as a real store would.
    async fn perform<T: Send + 'static>(
        &self,
        operation: Operation,
        act: impl FnOnce(&Vault) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (vault, faults) = (Arc::clone(&self.vault), Arc::clone(&self.faults));
        let place = self.location();
        let task = tokio::spawn(async move {
            faults.pass(operation, &place).await?;
            let answer = act(&vault);
            if faults.loses_answer(operation) { Err(fault::no_answer(operation, &place)) } else { answer }
        });
        // Nobody waits for a read whose caller has gone.
        let _forgotten = (!operation.writes()).then(|| AbortOnDrop(task.abort_handle()));
        task.await.unwrap_or_else(|_| Err(fault::no_answer(operation, &self.location())))
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        let cluster = cluster.clone();
        self.perform(Operation::Read, move |vault| vault.read_stamp(&cluster)).await
    }

    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let (cluster, beat) = (cluster.clone(), beat.clone());
        self.perform(Operation::Beat, move |vault| vault.write_beat(&cluster, &beat)).await
    }

    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        let cluster = cluster.clone();
        self.perform(Operation::Read, move |vault| Ok(vault.read_details(&cluster))).await
    }

    /// As a folder does: what tests plant there may be what a writer left.
    async fn read_debris(&self, cluster: &ClusterId) -> Result<Option<Debris>, StoreError> {
        let cluster = cluster.clone();
        self.perform(Operation::Read, move |vault| Ok(vault.debris(&cluster))).await
    }

    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        self.perform(Operation::Read, |vault| Ok(vault.clusters())).await
    }

    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        let name = name.clone();
        self.perform(Operation::Read, move |vault| vault.read_record(&name)).await
    }

    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        _revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let (name, body) = (name.clone(), body.to_vec());
        self.perform(Operation::Swap, move |vault| vault.put_record(&name, body, None)).await
    }

    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        _revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        let (name, body, expected) = (name.clone(), body.to_vec(), expected.clone());
        self.perform(Operation::Swap, move |vault| vault.put_record(&name, body, Some(&expected))).await
    }

    async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError> {
        if self.vault.is_locked(name) {
            return Err(fault::locked(&self.location()));
        }
        self.perform(Operation::Swap, |_| Ok(Touched::default())).await
    }

    async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        let name = RecordName::Probe(id.to_owned());
        self.perform(Operation::Swap, move |vault| {
            vault.remove(&name);
            Ok(())
        })
        .await
    }

    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.perform(Operation::Read, Vault::read_maintenance).await
    }

    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        let body = body.to_vec();
        self.perform(Operation::Swap, move |vault| {
            vault.write_maintenance(body);
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests;
