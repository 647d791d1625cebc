//! A store in a container of a real Azurite.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{Azurite, Program, TestStore, Ticks, Validity};

/// What a writer or monitor needs: read, add, create, write, list, and delete for probes.
const RIGHTS: &str = "racwdl";
/// Longer than any run.
const VALID: Validity = Validity::For(Duration::from_hours(2));

/// A container of its own, used with a shared access signature.
#[derive(Debug)]
pub struct BlobStore {
    azurite: Arc<Azurite>,
    container: String,
    sas: String,
    /// What the processes call the emulator's host; `None` for its address.
    host: Option<String>,
}

impl BlobStore {
    /// An empty container in this emulator.
    pub fn new(azurite: Arc<Azurite>) -> Result<Self> {
        let container = azurite.new_container()?;
        let sas = azurite.container_sas(&container, RIGHTS, VALID)?;
        Ok(Self { azurite, container, sas, host: None })
    }

    /// The same, reached by a name.
    #[must_use]
    pub fn called(self, host: impl Into<String>) -> Self {
        Self { host: Some(host.into()), ..self }
    }

    /// The emulator that holds it.
    pub fn azurite(&self) -> &Azurite {
        &self.azurite
    }

    /// The store's URL, without a signature.
    pub fn url(&self) -> String {
        let url = self.azurite.store_url(&self.container);
        match &self.host {
            Some(host) => url.replace(&self.azurite.address().to_string(), host),
            None => url,
        }
    }

    /// The signature, as `AZURE_STORAGE_SAS_TOKEN` takes it.
    pub fn sas(&self) -> &str {
        &self.sas
    }

    /// A signature for this container that grants the same, but not any more.
    pub fn expired_sas(&self) -> Result<String> {
        let since = Validity::ExpiredSince(Duration::from_mins(1));
        self.azurite.container_sas(&self.container, RIGHTS, since)
    }

    /// Writes a text where a cluster's stamp stands.
    pub fn put_stamp(&self, cluster: &str, text: impl Into<String>) -> Result<()> {
        self.azurite.put_blob(&self.stamp_path(cluster), text.into().as_bytes(), &[])
    }

    /// The path of the blob that holds a cluster's stamp, with its container.
    pub fn stamp_path(&self, cluster: &str) -> String {
        format!("{}/{cluster}/heartbeat.txt", self.container)
    }

    /// Takes a lease on the ownership record that never ends.
    pub fn lease_record(&self) -> Result<()> {
        self.azurite.lease_blob(&self.record_path())
    }

    /// Ends that lease.
    pub fn break_lease(&self) -> Result<()> {
        self.azurite.break_lease(&self.record_path())
    }

    fn record_path(&self) -> String {
        format!("{}/ownership.json", self.container)
    }
}

impl TestStore for BlobStore {
    fn place(&self) -> String {
        self.url()
    }

    fn joined_by(&self, program: Program) -> Program {
        program.args(["--store", &self.url()]).env("AZURE_STORAGE_SAS_TOKEN", &self.sas)
    }

    fn stamp(&self, cluster: &str) -> Result<Ticks> {
        let path = self.stamp_path(cluster);
        let bytes = self.azurite.blob(&path)?.with_context(|| format!("there is no blob {path}"))?;
        Ticks::parse(&String::from_utf8(bytes)?).with_context(|| format!("in {path}"))
    }

    fn record(&self) -> Result<Option<Value>> {
        let bytes = self.azurite.blob(&self.record_path())?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    fn plant_record(&self, _revision: u64, text: &str) -> Result<()> {
        self.azurite.put_blob(&self.record_path(), text.as_bytes(), &[])
    }

    fn lose_record(&self) -> Result<()> {
        self.azurite.delete_blob(&self.record_path())
    }
}
