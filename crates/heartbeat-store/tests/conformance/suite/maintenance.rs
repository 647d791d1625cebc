//! The maintenance record: one writer, no conditions.

use heartbeat_store::{Record, RecordName, StoreError};

use super::{NOW, Planter, beat, cluster, stamp, store};

pub(crate) async fn maintenance_is_none_until_it_is_written_and_the_last_one_wins(planter: &impl Planter) {
    let (operator, reader) = (store(planter.open()), store(planter.open()));
    assert_eq!(reader.read_maintenance().await, Ok(None));
    for body in
        [b"{\"active\":true,\"reason\":\"at length\"}".as_slice(), b"{\"active\":false}", b"{}   ", b"{ }"]
    {
        operator.write_maintenance(body).await.unwrap();
        assert_eq!(reader.read_maintenance().await, Ok(Some(body.to_vec())), "nothing of the one before it");
    }
    store(planter.open()).write_maintenance(b"another operator").await.unwrap();
    assert_eq!(operator.read_maintenance().await, Ok(Some(b"another operator".to_vec())));
}

pub(crate) async fn odd_bytes_in_maintenance_are_returned_and_an_over_long_body_is_malformed(
    planter: &impl Planter,
) {
    let store = store(planter.open());
    let longest = vec![b'x'; Record::MAX_BYTES];
    for bytes in [b"".as_slice(), b"{\"active\": ", b"\0\xFF\0", &longest] {
        planter.plant_maintenance(bytes).await;
        assert_eq!(store.read_maintenance().await, Ok(Some(bytes.to_vec())), "the layer above judges them");
    }
    let over_long = vec![b' '; Record::MAX_BYTES + 1];
    let error = store.write_maintenance(&over_long).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    assert_eq!(store.read_maintenance().await, Ok(Some(longest)), "nothing was written");
    planter.plant_maintenance(&over_long).await;
    let error = store.read_maintenance().await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    store.write_maintenance(b"{}").await.unwrap();
    assert_eq!(store.read_maintenance().await, Ok(Some(b"{}".to_vec())));
}

pub(crate) async fn maintenance_is_apart_from_stamps_and_records(planter: &impl Planter) {
    let store = store(planter.open());
    store.write_beat(&cluster("maintenance"), &beat(NOW)).await.unwrap();
    store.write_maintenance(b"on").await.unwrap();
    assert_eq!(store.read_stamp(&cluster("maintenance")).await, Ok(stamp(NOW)));
    assert_eq!(store.clusters().await, Ok([cluster("maintenance")].into()), "it is no cluster");
    assert_eq!(store.read_record(&RecordName::Ownership).await, Ok(None), "it is no record");
}

pub(crate) async fn maintenance_in_a_missing_store_is_refused_and_creates_nothing(planter: &impl Planter) {
    let store = store(planter.open_missing());
    for error in
        [store.read_maintenance().await.unwrap_err(), store.write_maintenance(b"{}").await.unwrap_err()]
    {
        assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
        assert!(error.to_string().contains(&store.location()), "the message names the place: {error}");
    }
    assert!(!planter.missing_exists().await);
}
