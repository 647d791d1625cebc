//! Records: created once, replaced only by who names the state that is there.

use std::collections::BTreeSet;

use heartbeat_store::{Record, RecordName, RecordVersion, StoreError, Touched};

use super::{NOW, Planter, after, beat, cluster, store};

pub(crate) async fn a_record_is_none_until_it_is_created(planter: &impl Planter) {
    let (creator, reader) = (store(planter.open()), store(planter.open()));
    for name in [RecordName::Ownership, RecordName::Probe("p-1".to_owned())] {
        assert_eq!(reader.read_record(&name).await, Ok(None), "{name}");
        let version = creator.create_record(&name, b"{\"term\":1}", 1).await.unwrap();
        let expected = Record { body: b"{\"term\":1}".to_vec(), version };
        assert_eq!(reader.read_record(&name).await, Ok(Some(expected)), "{name}");
    }
}

pub(crate) async fn a_record_is_created_once(planter: &impl Planter) {
    let (first, second) = (store(planter.open()), store(planter.open()));
    first.create_record(&RecordName::Ownership, b"first", 1).await.unwrap();
    let error = second.create_record(&RecordName::Ownership, b"second", 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert_eq!(body(planter, &RecordName::Ownership).await, b"first");
}

pub(crate) async fn a_swap_replaces_exactly_the_state_that_it_names(planter: &impl Planter) {
    let (one, other) = (store(planter.open()), store(planter.open()));
    let name = RecordName::Ownership;
    let first = one.create_record(&name, b"1", 1).await.unwrap();
    let second = one.swap_record(&name, b"2 is longer", &first, after(&first)).await.unwrap();
    assert_ne!(first, second, "every state has a version of its own");

    let error = other.swap_record(&name, b"late", &first, after(&first)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert_eq!(body(planter, &name).await, b"2 is longer");

    let third = other.swap_record(&name, b"3", &second, after(&second)).await.unwrap();
    // The same bytes again are a new state all the same.
    let fourth = one.swap_record(&name, b"3 again", &third, after(&third)).await.unwrap();
    assert!(other.swap_record(&name, b"stale", &third, after(&third)).await.is_err());
    let expected = Record { body: b"3 again".to_vec(), version: fourth };
    assert_eq!(other.read_record(&name).await, Ok(Some(expected)));
}

pub(crate) async fn a_swap_of_what_was_never_created_conflicts(planter: &impl Planter) {
    let store = store(planter.open());
    let elsewhere = RecordName::Probe("elsewhere".to_owned());
    let version = store.create_record(&elsewhere, b"here", 1).await.unwrap();
    let error =
        store.swap_record(&RecordName::Ownership, b"there", &version, after(&version)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert_eq!(store.read_record(&RecordName::Ownership).await, Ok(None));
}

pub(crate) async fn a_record_of_a_missing_store_is_refused_and_creates_nothing(planter: &impl Planter) {
    let version = store(planter.open()).create_record(&RecordName::Ownership, b"1", 1).await.unwrap();
    let missing = store(planter.open_missing());
    let errors = [
        missing.read_record(&RecordName::Ownership).await.unwrap_err(),
        missing.create_record(&RecordName::Ownership, b"2", 1).await.unwrap_err(),
        missing.swap_record(&RecordName::Ownership, b"2", &version, after(&version)).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
    }
    assert!(!planter.missing_exists().await);
}

pub(crate) async fn odd_bytes_in_a_record_are_returned_and_can_be_replaced(planter: &impl Planter) {
    let store = store(planter.open());
    let name = RecordName::Ownership;
    let longest = vec![b'x'; Record::MAX_BYTES];
    for bytes in [b"".as_slice(), b"{\"term\": ", b"\0\xFF\0", &longest] {
        planter.plant_record(&name, bytes).await;
        let record = store.read_record(&name).await.unwrap().expect("it was planted");
        assert_eq!(record.body, bytes, "the layer above judges them");
        let mended = format!("mended after {} bytes", bytes.len());
        store.swap_record(&name, mended.as_bytes(), &record.version, after(&record.version)).await.unwrap();
        assert_eq!(body(planter, &name).await, mended.as_bytes());
    }
}

pub(crate) async fn an_over_long_record_is_malformed_and_never_written(planter: &impl Planter) {
    let store = store(planter.open());
    let name = RecordName::Ownership;
    let over_long = vec![b' '; Record::MAX_BYTES + 1];
    let error = store.create_record(&name, &over_long, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    assert_eq!(store.read_record(&name).await, Ok(None));

    let version: RecordVersion = store.create_record(&name, b"fine", 1).await.unwrap();
    assert!(store.swap_record(&name, &over_long, &version, after(&version)).await.is_err());
    assert_eq!(body(planter, &name).await, b"fine");

    planter.plant_record(&name, &over_long).await;
    let error = store.read_record(&name).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
}

pub(crate) async fn a_revision_that_is_not_above_the_one_before_it_is_refused(planter: &impl Planter) {
    let store = store(planter.open());
    let name = RecordName::Ownership;
    let error = store.create_record(&name, b"0", 0).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    assert_eq!(store.read_record(&name).await, Ok(None));

    let version = store.create_record(&name, b"5", 5).await.unwrap();
    for revision in [0, version.revision().unwrap_or(0)] {
        let error = store.swap_record(&name, b"back", &version, revision).await.unwrap_err();
        assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    }
    assert_eq!(body(planter, &name).await, b"5");
}

pub(crate) async fn a_jump_ahead_is_built_upon_like_any_other_state(planter: &impl Planter) {
    let (operator, claimant) = (store(planter.open()), store(planter.open()));
    let probe = RecordName::Probe("jump".to_owned());
    let created =
        operator.create_record(&probe, b"activated where there was none", 1_790_000_000).await.unwrap();
    claimant.swap_record(&probe, b"next", &created, 1_790_000_001).await.unwrap();

    let name = RecordName::Ownership;
    let first = claimant.create_record(&name, b"first", 1).await.unwrap();
    let jumped = operator.swap_record(&name, b"activated", &first, 1_790_000_000).await.unwrap();
    assert_eq!(
        jumped.revision(),
        first.revision().map(|_| 1_790_000_000),
        "a folder keeps it under that number"
    );
    let error = claimant.swap_record(&name, b"late", &first, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert_eq!(body(planter, &name).await, b"activated");
    claimant.swap_record(&name, b"next", &jumped, 1_790_000_001).await.unwrap();
    assert_eq!(body(planter, &name).await, b"next");
}

pub(crate) async fn a_probe_is_removed_without_a_trace_and_touches_nothing_else(planter: &impl Planter) {
    let store = store(planter.open());
    let probe = RecordName::Probe("p-2".to_owned());
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    store.create_record(&RecordName::Ownership, b"kept", 1).await.unwrap();
    store.create_record(&RecordName::Probe("p-20".to_owned()), b"another probe", 1).await.unwrap();
    let first = store.create_record(&probe, b"1", 1).await.unwrap();
    store.swap_record(&probe, b"2", &first, after(&first)).await.unwrap();
    assert!(planter.probe_remains("p-2").await);

    store.remove_probe("p-2").await.unwrap();
    assert!(!planter.probe_remains("p-2").await);
    assert_eq!(store.read_record(&probe).await, Ok(None));
    assert_eq!(body(planter, &RecordName::Ownership).await, b"kept");
    assert!(planter.probe_remains("p-20").await);
    assert_eq!(store.clusters().await.unwrap().len(), 1);
    store.remove_probe("p-2").await.expect("removing nothing is no error");
}

/// The record's bytes, read through a handle of its own.
async fn body(planter: &impl Planter, name: &RecordName) -> Vec<u8> {
    store(planter.open()).read_record(name).await.unwrap().expect("the record exists").body
}

pub(crate) async fn a_touched_record_is_as_it_was_and_can_be_changed_all_the_same(planter: &impl Planter) {
    let (toucher, claimant) = (store(planter.open()), store(planter.open()));
    let name = RecordName::Ownership;
    let first = claimant.create_record(&name, b"first", 1).await.unwrap();
    for _ in 0..3 {
        assert_eq!(toucher.touch_record(&name).await, Ok(Touched::default()));
    }
    let expected = Record { body: b"first".to_vec(), version: first.clone() };
    assert_eq!(toucher.read_record(&name).await, Ok(Some(expected)));
    let (beside, swapped) = tokio::join!(
        toucher.touch_record(&name),
        claimant.swap_record(&name, b"second", &first, after(&first))
    );
    assert_eq!(beside, Ok(Touched::default()));
    swapped.unwrap();
    assert_eq!(body(planter, &name).await, b"second");
    assert_eq!(toucher.clusters().await, Ok(BTreeSet::new()));
}

pub(crate) async fn a_touch_of_a_record_that_is_not_there_yet_creates_nothing(planter: &impl Planter) {
    let toucher = store(planter.open());
    assert_eq!(toucher.touch_record(&RecordName::Ownership).await, Ok(Touched::default()));
    assert_eq!(toucher.read_record(&RecordName::Ownership).await, Ok(None));
    let error = store(planter.open_missing()).touch_record(&RecordName::Ownership).await.unwrap_err();
    assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
    assert!(!planter.missing_exists().await);
}
