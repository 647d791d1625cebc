//! Credentials that the service does not take, each with what to do about it.

use std::time::Duration;

use flatline_tests::{Azurite, Validity};
use heartbeat_store::{CredentialKind, Store, StoreError, variable};

use crate::support::{DEADLINES, KEY, beat, cluster, every_outcome, open, sas};

#[tokio::test]
async fn a_wrong_key_is_denied_with_the_variable_to_mend() {
    let azurite = Azurite::shared().unwrap();
    let url = azurite.store_url(&azurite.new_container().unwrap());
    let store = open(&url, CredentialKind::Key, &[(variable::KEY, "d3Jvbmc=")], DEADLINES);
    everything_is_denied(&store, "set AZURE_STORAGE_KEY to one of the present keys").await;
}

#[tokio::test]
async fn an_expired_signature_is_denied_with_the_moment_of_its_end() {
    let azurite = Azurite::shared().unwrap();
    let container = azurite.new_container().unwrap();
    let expired = Validity::ExpiredSince(Duration::from_mins(1));
    let sas = azurite.container_sas(&container, "rcwdl", expired).unwrap();
    let variables = [(variable::SAS_TOKEN, sas.as_str())];
    let store = open(&azurite.store_url(&container), CredentialKind::Sas, &variables, DEADLINES);
    everything_is_denied(&store, "the signature expired at 20").await;
    let in_url =
        open(&format!("{}?{sas}", azurite.store_url(&container)), CredentialKind::Auto, &[], DEADLINES);
    everything_is_denied(&in_url, "make a new one and set it in the store URL").await;
}

#[tokio::test]
async fn a_signature_for_reading_reads_and_may_not_write() {
    let azurite = Azurite::shared().unwrap();
    let container = azurite.new_container().unwrap();
    let url = azurite.store_url(&container);
    open(&url, CredentialKind::Key, &[KEY], DEADLINES).write_beat(&cluster(), &beat(7)).await.unwrap();
    let sas = sas(&azurite, &container, "rl");
    let store = open(&url, CredentialKind::Sas, &[(variable::SAS_TOKEN, &sas)], DEADLINES);
    assert_eq!(store.read_stamp(&cluster()).await, Ok(beat(7).stamp));
    let (reads, writes) = every_outcome(&store).await;
    assert_eq!(reads, [], "this is all that a monitor needs");
    assert_eq!(writes.len(), 4);
    for error in writes {
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        assert!(error.to_string().contains("write (w)"), "{error}");
    }
}

#[tokio::test]
async fn a_signature_for_another_container_is_denied() {
    let azurite = Azurite::shared().unwrap();
    let (ours, other) = (azurite.new_container().unwrap(), azurite.new_container().unwrap());
    let sas = sas(&azurite, &other, "rcwdl");
    let variables = [(variable::SAS_TOKEN, sas.as_str())];
    let store = open(&azurite.store_url(&ours), CredentialKind::Sas, &variables, DEADLINES);
    everything_is_denied(&store, "make a new one").await;
}

#[tokio::test]
async fn nobody_without_a_name_is_let_in() {
    let azurite = Azurite::shared().unwrap();
    let url = azurite.store_url(&azurite.new_container().unwrap());
    let store = open(&url, CredentialKind::Anonymous, &[KEY], DEADLINES);
    everything_is_denied(&store, "the container is not public").await;
}

async fn everything_is_denied(store: &Store, hint: &str) {
    let (reads, writes) = every_outcome(store).await;
    assert_eq!((reads.len(), writes.len()), (5, 4));
    for error in reads.into_iter().chain(writes) {
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        let line = error.to_string();
        assert!(line.contains(hint) && line.contains(&store.location()) && !line.contains('\n'), "{line}");
    }
}
