//! Short makers that the tests share.

use std::time::Duration;

use failover_policy::{ClusterId, Stamp, Tick};
use flatline_tests::{Azurite, Validity};
use heartbeat_store::{
    Beat, BeatDetails, CredentialKind, Deadlines, Place, RecordName, Source, Store, StoreError, WriterId,
    variable,
};

/// What the product gives a read and a write unless configured.
pub(crate) const DEADLINES: Deadlines =
    Deadlines { read: Duration::from_secs(1), write: Duration::from_millis(1500) };
/// The emulator's key, as the environment would hold it.
pub(crate) const KEY: (&str, &str) = (variable::KEY, Azurite::KEY);

/// Opens a store the way the binaries do.
pub(crate) fn open(
    url: &str,
    kind: CredentialKind,
    variables: &[(&str, &str)],
    deadlines: Deadlines,
) -> Store {
    let place = Place::parse(url, Source::Environment).unwrap();
    let lookup =
        |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Store::open(&place, kind, &lookup, deadlines).unwrap()
}

/// A signature for a container, good for the next minutes.
pub(crate) fn sas(azurite: &Azurite, container: &str, rights: &str) -> String {
    azurite.container_sas(container, rights, Validity::For(Duration::from_mins(10))).unwrap()
}

pub(crate) fn cluster() -> ClusterId {
    "a".parse().unwrap()
}

/// A beat so many ticks after some moment of our days.
pub(crate) fn beat(ticks: i64) -> Beat {
    const NOW: i64 = 639_000_000_000_000_000;
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("beacon-0@node-1".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    Beat { stamp: Stamp::new(Tick::from_count(NOW + ticks).unwrap()), details }
}

/// What every kind of request ends with, reading ones first, then the writing ones.
pub(crate) async fn every_outcome(store: &Store) -> (Vec<StoreError>, Vec<StoreError>) {
    let reads = [
        store.read_stamp(&cluster()).await.map(drop),
        store.read_details(&cluster()).await.map(drop),
        store.clusters().await.map(drop),
        store.read_record(&RecordName::Ownership).await.map(drop),
        store.read_maintenance().await.map(drop),
    ];
    let writes = [
        store.write_beat(&cluster(), &beat(1)).await,
        store.create_record(&RecordName::Ownership, b"{}", 1).await.map(drop),
        store.remove_probe("p").await,
        store.write_maintenance(b"{}").await,
    ];
    let errors =
        |outcomes: Vec<Result<(), StoreError>>| outcomes.into_iter().filter_map(Result::err).collect();
    (errors(reads.into()), errors(writes.into()))
}
