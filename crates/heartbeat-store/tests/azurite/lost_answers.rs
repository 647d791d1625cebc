//! Conditional writes whose answers are lost on a real line, and how many requests each operation takes.

use std::sync::Arc;

use flatline_tests::Azurite;
use heartbeat_store::{CredentialKind, Record, RecordName, Store, StoreError};

use crate::proxy::{Loss, Proxy};
use crate::support::{DEADLINES, KEY, beat, cluster, open};

struct Line {
    azurite: Arc<Azurite>,
    proxy: Proxy,
    container: String,
    /// Through the proxy.
    store: Store,
}

async fn line() -> Line {
    let azurite = Azurite::shared().unwrap();
    let proxy = Proxy::start(azurite.port()).await;
    let container = azurite.new_container().unwrap();
    let url = proxy.in_front_of(&azurite.store_url(&container), azurite.port());
    let store = open(&url, CredentialKind::Key, &[KEY], DEADLINES);
    Line { azurite, proxy, container, store }
}

#[tokio::test]
async fn a_winning_write_whose_answer_is_lost_is_settled_as_won() {
    for loss in [Loss::Broken, Loss::Silent] {
        let Line { proxy, store, azurite: _running, .. } = line().await;
        let name = RecordName::Ownership;
        proxy.lose_next("PUT", loss);
        let created = store.create_record(&name, b"ours, first", 1).await.unwrap();
        proxy.lose_next("PUT", loss);
        let swapped = store.swap_record(&name, b"ours, second", &created, 2).await.unwrap();
        let expected = Record { body: b"ours, second".to_vec(), version: swapped };
        assert_eq!(store.read_record(&name).await, Ok(Some(expected)), "{loss:?}");
        let puts = proxy.take_requests().iter().filter(|line| line.starts_with("PUT")).count();
        assert_eq!(puts, 2, "nothing was sent twice: {loss:?}");
    }
}

#[tokio::test]
async fn a_losing_write_whose_answer_is_lost_is_no_win() {
    for loss in [Loss::Broken, Loss::Silent] {
        let Line { azurite, proxy, container, store } = line().await;
        azurite.put_blob(&format!("{container}/ownership.json"), b"theirs", &[]).unwrap();
        proxy.lose_next("PUT", loss);
        let error = store.create_record(&RecordName::Ownership, b"ours", 1).await.unwrap_err();
        assert!(matches!(error, StoreError::Ambiguous { .. }), "{loss:?}: {error}");
        let record = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
        assert_eq!(record.body, b"theirs");
    }
}

#[tokio::test]
async fn a_beat_whose_answer_is_lost_is_unreachable_and_has_landed() {
    let Line { proxy, store, azurite: _running, .. } = line().await;
    proxy.lose_next("PUT", Loss::Broken);
    let error = store.write_beat(&cluster(), &beat(7)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert_eq!(store.read_stamp(&cluster()).await, Ok(beat(7).stamp));
}

#[tokio::test]
async fn every_operation_is_one_request() {
    let Line { proxy, container, store, azurite: _running } = line().await;
    let (name, probe) = (RecordName::Ownership, RecordName::Probe("p".to_owned()));
    let path = |blob: &str| format!("/{}/{container}{blob}", Azurite::ACCOUNT);
    let took = |expected: &str, blob: &str| {
        assert_eq!(proxy.take_requests(), [format!("{expected} {}", path(blob))]);
    };
    store.write_beat(&cluster(), &beat(7)).await.unwrap();
    took("PUT", "/a%2Fheartbeat.txt");
    store.read_stamp(&cluster()).await.unwrap();
    took("GET", "/a%2Fheartbeat.txt");
    assert!(store.read_stamp(&"b".parse().unwrap()).await.is_err());
    took("GET", "/b%2Fheartbeat.txt");
    store.read_details(&cluster()).await.unwrap();
    took("HEAD", "/a%2Fheartbeat.txt");
    store.clusters().await.unwrap();
    took("GET", "");
    assert_eq!(store.read_record(&name).await, Ok(None));
    took("GET", "/ownership.json");
    let version = store.create_record(&name, b"1", 1).await.unwrap();
    took("PUT", "/ownership.json");
    store.swap_record(&name, b"2", &version, 2).await.unwrap();
    took("PUT", "/ownership.json");
    store.create_record(&probe, b"1", 1).await.unwrap();
    took("PUT", "/.probe-p.json");
    store.remove_probe("p").await.unwrap();
    took("DELETE", "/.probe-p.json");
    store.write_maintenance(b"{}").await.unwrap();
    took("PUT", "/maintenance.json");
    store.read_maintenance().await.unwrap();
    took("GET", "/maintenance.json");
}
