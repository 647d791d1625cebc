//! The suite on the memory back end.

use std::sync::Arc;

use async_trait::async_trait;
use failover_policy::ClusterId;
use heartbeat_store::{Backend, MemoryBackend, RecordName};

use crate::suite::{self, OddDetails, Planter, record_cases, stamp_cases};

struct Memory {
    place: MemoryBackend,
    missing: MemoryBackend,
}

fn planter() -> Memory {
    Memory { place: MemoryBackend::new(), missing: MemoryBackend::missing() }
}

#[async_trait]
impl Planter for Memory {
    fn open(&self) -> Arc<dyn Backend> {
        Arc::new(self.place.clone())
    }

    fn open_missing(&self) -> Arc<dyn Backend> {
        Arc::new(self.missing.clone())
    }

    async fn missing_exists(&self) -> bool {
        !self.missing.is_empty()
    }

    async fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]) {
        self.place.plant_stamp(cluster, bytes);
    }

    async fn stored_stamp(&self, cluster: &ClusterId) -> Vec<u8> {
        self.place.stored_stamp(cluster).expect("there is a stamp")
    }

    async fn plant_details(&self, cluster: &ClusterId, details: OddDetails) {
        self.place.plant_details(cluster, details.as_json());
    }

    async fn plant_record(&self, name: &RecordName, body: &[u8]) {
        self.place.plant_record(name, body);
    }

    async fn plant_maintenance(&self, body: &[u8]) {
        self.place.plant_maintenance(body);
    }

    async fn probe_remains(&self, id: &str) -> bool {
        self.place.holds_record(&RecordName::Probe(id.to_owned()))
    }
}

macro_rules! run {
    ($($module:ident::$case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            suite::$module::$case(&planter()).await;
        }
    )*};
}

stamp_cases!(run);
record_cases!(run);
