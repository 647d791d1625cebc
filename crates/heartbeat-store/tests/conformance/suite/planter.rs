//! What a back end's test provides, and the small makers that the cases share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use failover_policy::{ClusterId, Stamp, Tick};
use heartbeat_store::{Backend, Beat, BeatDetails, Deadlines, RecordName, RecordVersion, Store, WriterId};

/// One empty store, opened through the back end under test, with hands of its own behind it: they plant and
/// look at raw bytes without going through the code under test.
#[async_trait]
pub(crate) trait Planter: Send + Sync {
    /// A handle on the store, as independent of earlier ones as another process's would be.
    fn open(&self) -> Arc<dyn Backend>;

    /// A handle on a root or container that does not exist, and must not come to.
    fn open_missing(&self) -> Arc<dyn Backend>;

    /// Whether the root or container of [`Planter::open_missing`] exists.
    async fn missing_exists(&self) -> bool;

    /// Puts these bytes where the cluster's stamp lives, without details, whatever was there before.
    async fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]);

    /// The bytes that stand where the cluster's stamp lives.
    async fn stored_stamp(&self, cluster: &ClusterId) -> Vec<u8>;

    /// Puts details that this version cannot use beside a stamp that is there.
    async fn plant_details(&self, cluster: &ClusterId, details: OddDetails);

    /// Puts a record there as the next state of it, whatever its bytes.
    async fn plant_record(&self, name: &RecordName, body: &[u8]);

    /// Puts these bytes where the maintenance record lives.
    async fn plant_maintenance(&self, body: &[u8]);

    /// Whether anything at all is left of this probe.
    async fn probe_remains(&self, id: &str) -> bool;

    /// How often a race is run: a few dozen where a round is cheap.
    fn race_rounds(&self) -> usize {
        40
    }
}

/// Details that a reader of version 1 must shrug off.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OddDetails {
    /// Complete details of format version 2, with a field more and a field less.
    Newer,
    /// Nothing that any version would write.
    Garbage,
}

impl OddDetails {
    /// The bytes for a place that keeps details as JSON.
    pub(crate) fn as_json(self) -> &'static [u8] {
        match self {
            Self::Newer => br#"{"version":2,"writer":"w","beat_count":1,"interval":"2s","letter":"O"}"#,
            Self::Garbage => b"{\"version\":1,\0\xFF]",
        }
    }
}

/// A store with deadlines so long that only a hang would meet them.
pub(crate) fn store(backend: Arc<dyn Backend>) -> Store {
    let patient = Duration::from_secs(20);
    Store::new(backend, Deadlines { read: patient, write: patient })
}

/// The revision after a state.
pub(crate) fn after(version: &RecordVersion) -> u64 {
    // Where only the body says it, any will do: no back end looks at bodies.
    version.revision().unwrap_or(1).saturating_add(1)
}

/// The cluster of this name.
pub(crate) fn cluster(id: &str) -> ClusterId {
    id.parse().expect("the suite uses legal ids")
}

/// 2026-ish, the eighteen digits of our days.
pub(crate) const NOW: i64 = 639_000_000_000_000_000;

/// The stamp of this tick count.
pub(crate) fn stamp(ticks: i64) -> Stamp {
    Stamp::new(Tick::from_count(ticks).expect("the suite uses legal ticks"))
}

/// A beat with this tick count and made-up details.
pub(crate) fn beat(ticks: i64) -> Beat {
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("beacon-0@node-1".to_owned()),
        beat_count: 42,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    Beat { stamp: stamp(ticks), details }
}
