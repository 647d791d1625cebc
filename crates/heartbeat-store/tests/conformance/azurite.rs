//! The suite on a real Azurite, once per way to sign in that needs no identity provider. Azure itself was not
//! tried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use failover_policy::ClusterId;
use flatline_tests::{Azurite, Validity};
use heartbeat_store::{
    Backend, BlobBackend, Credential, CredentialKind, Deadlines, Place, RecordName, Source, variable,
};

use crate::suite::{self, OddDetails, Planter, record_cases, stamp_cases};

/// Below which name in the container the store lives.
const PREFIX: &str = "v2-136/blue";
const MISSING: &str = "never-created";

struct Container {
    azurite: Arc<Azurite>,
    name: String,
    kind: CredentialKind,
}

impl Container {
    fn new(kind: CredentialKind) -> Self {
        let azurite = Azurite::shared().unwrap();
        let name = azurite.new_container().unwrap();
        Self { azurite, name, kind }
    }

    fn open_in(&self, container: &str) -> Arc<dyn Backend> {
        let url = format!("{}/{PREFIX}", self.azurite.store_url(container));
        let Ok(Place::Blob(place)) = Place::parse(&url, Source::Flag) else { panic!("{url}") };
        let validity = Validity::For(Duration::from_mins(10));
        let sas = self.azurite.container_sas(container, "rcwdl", validity).unwrap();
        let variables = |name: &str| match name {
            variable::KEY => Some(Azurite::KEY.to_owned()),
            variable::CONNECTION_STRING => Some(self.azurite.connection_string()),
            variable::SAS_TOKEN => Some(sas.clone()),
            _ => None,
        };
        let credential = Credential::resolve(self.kind, &place, &variables).unwrap();
        let patient = Duration::from_secs(20);
        let deadlines = Deadlines { read: patient, write: patient };
        Arc::new(BlobBackend::open(&place, &credential, &variables, deadlines).unwrap())
    }

    /// Where a blob of the store is, as `container/name`.
    fn path(&self, name: &str) -> String {
        format!("{}/{PREFIX}/{name}", self.name)
    }

    fn stamp_path(&self, cluster: &ClusterId) -> String {
        self.path(&format!("{cluster}/heartbeat.txt"))
    }
}

#[async_trait]
impl Planter for Container {
    fn open(&self) -> Arc<dyn Backend> {
        self.open_in(&self.name)
    }

    fn open_missing(&self) -> Arc<dyn Backend> {
        self.open_in(MISSING)
    }

    async fn missing_exists(&self) -> bool {
        self.azurite.has_container(MISSING).unwrap()
    }

    async fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]) {
        self.azurite.put_blob(&self.stamp_path(cluster), bytes, &[]).unwrap();
    }

    async fn stored_stamp(&self, cluster: &ClusterId) -> Vec<u8> {
        self.azurite.blob(&self.stamp_path(cluster)).unwrap().expect("there is a stamp")
    }

    async fn plant_details(&self, cluster: &ClusterId, details: OddDetails) {
        let stamp = self.stored_stamp(cluster).await;
        let metadata: &[_] = match details {
            OddDetails::Newer => {
                &[("version", "2"), ("writer", "w"), ("beat_count", "1"), ("interval", "2s")]
            }
            OddDetails::Garbage => &[("version", "1"), ("writer", "%FF"), ("beat_count", "}{")],
        };
        self.azurite.put_blob(&self.stamp_path(cluster), &stamp, metadata).unwrap();
    }

    async fn plant_record(&self, name: &RecordName, body: &[u8]) {
        self.azurite.put_blob(&self.path(&format!("{}.json", name.stem())), body, &[]).unwrap();
    }

    async fn plant_maintenance(&self, body: &[u8]) {
        self.azurite.put_blob(&self.path("maintenance.json"), body, &[]).unwrap();
    }

    async fn probe_remains(&self, id: &str) -> bool {
        self.azurite.blob(&self.path(&format!(".probe-{id}.json"))).unwrap().is_some()
    }

    /// A round is sixteen requests and as many new connections.
    fn race_rounds(&self) -> usize {
        10
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

mod with_an_account_key {
    use super::*;

    fn planter() -> Container {
        Container::new(CredentialKind::Key)
    }

    stamp_cases!(run);
    record_cases!(run);
}

mod with_a_connection_string {
    use super::*;

    fn planter() -> Container {
        Container::new(CredentialKind::ConnectionString)
    }

    stamp_cases!(run);
    record_cases!(run);
}

mod with_a_shared_access_signature {
    use super::*;

    fn planter() -> Container {
        Container::new(CredentialKind::Sas)
    }

    stamp_cases!(run);
    record_cases!(run);
}
