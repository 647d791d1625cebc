//! A service that does not answer: every operation ends within its deadline, and works again afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flatline_tests::Azurite;
use heartbeat_store::{
    BlobBackend, Credential, CredentialKind, Deadlines, Place, RecordName, Source, Store, StoreError,
};

use crate::support::{DEADLINES, KEY, beat, cluster, open};

/// What an operation may take beyond its deadline on a machine that is busy with other tests.
const SLACK: Duration = Duration::from_millis(400);

fn store(azurite: &Azurite, deadlines: Deadlines) -> Store {
    let url = azurite.store_url(&azurite.new_container().unwrap());
    open(&url, CredentialKind::Key, &[KEY], deadlines)
}

#[tokio::test]
async fn a_frozen_service_is_unreachable_within_the_deadline_and_back_as_soon_as_it_answers() {
    let azurite = Azurite::start().unwrap();
    let store = store(&azurite, DEADLINES);
    store.write_beat(&cluster(), &beat(7)).await.unwrap();
    azurite.freeze().unwrap();
    for _ in 0..3 {
        let started = Instant::now();
        let error = store.read_stamp(&cluster()).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
        assert!(started.elapsed() < DEADLINES.read + SLACK, "it took {:?}", started.elapsed());
    }
    let started = Instant::now();
    let error = store.write_beat(&cluster(), &beat(8)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(started.elapsed() < DEADLINES.write + SLACK, "it took {:?}", started.elapsed());
    let error = store.create_record(&RecordName::Ownership, b"{}", 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "it may land once the service wakes up: {error}");

    azurite.thaw().unwrap();
    // The beat that got no answer may have landed when the service woke up, or not.
    let read = store.read_stamp(&cluster()).await.unwrap();
    assert!([beat(7).stamp, beat(8).stamp].contains(&read), "{read}");
    store.write_beat(&cluster(), &beat(9)).await.unwrap();
}

#[tokio::test]
async fn the_transport_ends_a_request_that_nobody_else_bounds() {
    let (short, generous) = (Duration::from_millis(300), Duration::from_mins(1));
    let azurite = Azurite::start().unwrap();
    let url = azurite.store_url(&azurite.new_container().unwrap());
    let Place::Blob(place) = Place::parse(&url, Source::Flag).unwrap() else { panic!("{url}") };
    let variables = |name: &str| (name == KEY.0).then(|| KEY.1.to_owned());
    let credential = Credential::resolve(CredentialKind::Key, &place, &variables).unwrap();
    let backend =
        BlobBackend::open(&place, &credential, &variables, Deadlines { read: short, write: short }).unwrap();
    let unbounded = Store::new(Arc::new(backend), Deadlines { read: generous, write: generous });
    azurite.freeze().unwrap();
    let started = Instant::now();
    let error = unbounded.read_stamp(&cluster()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unreachable { detail, .. } if detail.starts_with("no answer within 300ms: connected, and")),
        "{error}"
    );
    assert!(started.elapsed() < short + SLACK, "it took {:?}", started.elapsed());
}

#[tokio::test]
async fn a_service_that_is_gone_is_unreachable_at_once_and_nothing_is_in_doubt() {
    let azurite = Azurite::start().unwrap();
    let store = store(&azurite, DEADLINES);
    azurite.stop().unwrap();
    let error = store.read_stamp(&cluster()).await.unwrap_err();
    let refused =
        format!("cannot connect to 127.0.0.1:{}: Connection refused (os error 111)", azurite.port());
    assert!(error.to_string().ends_with(&refused), "{error}");
    let error = store.write_beat(&cluster(), &beat(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
}
