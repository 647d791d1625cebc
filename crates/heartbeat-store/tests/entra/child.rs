//! What runs in a process of its own.

use std::env;
use std::time::Duration;

use failover_policy::{ClusterId, Stamp, Tick};
use heartbeat_store::{Beat, BeatDetails, Deadlines, Place, RecordName, Source, Store, StoreError, WriterId};

/// The store's URL, as a variable.
pub(crate) const STORE: &str = "FLATLINE_TEST_STORE";
/// The kind of credential, as a variable.
pub(crate) const KIND: &str = "FLATLINE_TEST_CREDENTIAL";
/// Printed when everything worked.
pub(crate) const DONE: &str = "everything worked";
/// Stands before the error that ended it.
pub(crate) const ERROR: &str = "error: ";

#[tokio::test]
#[ignore = "runs in a process of its own, started by the tests beside it"]
async fn signs_in_and_uses_the_store() {
    let variables = |name: &str| env::var(name).ok();
    let place = Place::parse(&variables(STORE).unwrap(), Source::Environment).unwrap();
    let kind = variables(KIND).unwrap().parse().unwrap();
    let deadlines = Deadlines { read: Duration::from_secs(1), write: Duration::from_secs(1) };
    let ended = match Store::open(&place, kind, &variables, deadlines) {
        Ok(store) => use_it(&store).await.map_err(|error| format!("{}: {error}", error.reason())),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(()) => println!("\n{DONE}"),
        Err(error) => println!("\n{ERROR}{error}"),
    }
}

async fn use_it(store: &Store) -> Result<(), StoreError> {
    let cluster: ClusterId = "a".parse().unwrap();
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("w".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    let stamp = Stamp::new(Tick::from_count(639_000_000_000_000_000).unwrap());
    store.write_beat(&cluster, &Beat { stamp, details: details.clone() }).await?;
    assert_eq!(store.read_stamp(&cluster).await?, stamp);
    assert_eq!(store.read_details(&cluster).await?, Some(details));
    assert_eq!(store.clusters().await?, [cluster].into());
    let probe = RecordName::Probe("p".to_owned());
    let version = store.create_record(&probe, b"1", 1).await?;
    store.swap_record(&probe, b"2", &version, 2).await?;
    store.remove_probe("p").await
}
