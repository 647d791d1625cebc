//! A store in memory, virtual time, and beacons that beat: what the operators' commands are tested on.

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{ClusterId, Floor, LeaseTiming, OwnershipRecord, Phase, Span, Stamp, Tick, Timing};
use flatline_shell::{Clock, VirtualClock};
use heartbeat_store::{Beat, BeatDetails, MemoryBackend, RecordName, Store, WriterId};
use tokio::task::JoinHandle;

use crate::operator::setting::Setting;
use crate::timing_args::deadlines;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn id(text: &str) -> ClusterId {
    text.parse().unwrap()
}

/// One store that everybody shares.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) memory: MemoryBackend,
    pub(crate) clock: VirtualClock,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { memory: MemoryBackend::new(), clock: VirtualClock::new() }
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(Arc::new(self.memory.clone()), deadlines(&Timing::default()))
    }

    pub(crate) fn setting(&self) -> Setting {
        Setting {
            store: self.store(),
            clock: Arc::new(self.clock.clone()),
            timing: Timing::default(),
            cache_age: Span::ZERO,
            by: "operator:desk.1.0".to_owned(),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now().boot.since_boot()
    }

    /// Lets a heart beat every two seconds until the task is dropped or aborted.
    pub(crate) fn beat(&self, cluster: &str) -> Beacon {
        self.beat_as(cluster, "test")
    }

    /// The same, by a beacon of this name.
    pub(crate) fn beat_as(&self, cluster: &str, writer: &str) -> Beacon {
        let (world, cluster, writer) = (self.clone(), id(cluster), writer.to_owned());
        Beacon(tokio::spawn(async move {
            loop {
                world.beat_once_as(&cluster, &writer, None).await;
                tokio::time::sleep(2 * SECOND).await;
            }
        }))
    }

    pub(crate) async fn beat_once(&self, cluster: &ClusterId) {
        self.beat_once_as(cluster, "test", None).await;
    }

    /// A beat of a beacon that takes that cluster for the primary.
    pub(crate) async fn beat_for_primary(&self, cluster: &ClusterId, primary: &str) {
        self.beat_once_as(cluster, "test", Some(id(primary))).await;
    }

    async fn beat_once_as(&self, cluster: &ClusterId, writer: &str, primary: Option<ClusterId>) {
        let now = self.clock.now().wall;
        let details = BeatDetails {
            version: BeatDetails::VERSION,
            writer: WriterId(writer.to_owned()),
            beat_count: 1,
            interval_ms: 2000,
            process_start: now.to_string(),
            primary,
        };
        // A store that is away loses the beat, as it would lose a beacon's.
        let _ = self.store().write_beat(cluster, &Beat { stamp: Stamp::new(now), details }).await;
    }

    /// A record of revision 7 and term 3, as a gate of that cluster wrote it.
    pub(crate) fn record(owner: &str, phase: Phase) -> OwnershipRecord {
        // An hour before the virtual clock's start.
        let start = Tick::from_unix(Duration::from_hours(489_431)).unwrap();
        let lease = LeaseTiming::of(&Timing::default());
        let floor = Floor { revision: 7, term: 3 };
        let by = format!("{owner}-0.1.0");
        let first = OwnershipRecord::activated(None, &id(owner), lease, floor, (&by, start)).unwrap();
        OwnershipRecord { phase, reason: "takeover".to_owned(), ..first }
    }

    pub(crate) fn plant(&self, record: &OwnershipRecord) {
        self.plant_bytes(&record.to_json());
    }

    pub(crate) fn plant_bytes(&self, bytes: &[u8]) {
        self.memory.plant_record(&RecordName::Ownership, bytes);
    }

    /// The record that is stored now.
    pub(crate) fn stored(&self) -> OwnershipRecord {
        OwnershipRecord::from_json(&self.stored_bytes().unwrap()).unwrap()
    }

    pub(crate) fn stored_bytes(&self) -> Option<Vec<u8>> {
        self.memory.stored_record(&RecordName::Ownership).map(|record| record.body)
    }
}

/// A beacon that beats while this lives.
#[derive(Debug)]
pub(crate) struct Beacon(JoinHandle<()>);

impl Drop for Beacon {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) const ACTIVE: Phase = Phase::Active { previous: None };

pub(crate) fn pending(previous: &str) -> Phase {
    Phase::Pending { previous: id(previous) }
}

pub(crate) fn releasing(successor: &str, drain: u64) -> Phase {
    Phase::Releasing { successor: id(successor), drain: Span::from_secs(drain) }
}
