//! Stamps, their details, and the list of clusters.

use heartbeat_store::{BeatDetails, StoreError};

use super::{NOW, OddDetails, Planter, beat, cluster, stamp, store};

pub(crate) async fn a_stamp_comes_back_as_it_was_written(planter: &impl Planter) {
    let (writer, reader) = (store(planter.open()), store(planter.open()));
    for ticks in [NOW, NOW + 1, NOW - 36_000_000_000] {
        writer.write_beat(&cluster("a"), &beat(ticks)).await.unwrap();
        assert_eq!(reader.read_stamp(&cluster("a")).await, Ok(stamp(ticks)));
    }
    writer.write_beat(&cluster("b"), &beat(NOW + 7)).await.unwrap();
    assert_eq!(reader.read_stamp(&cluster("a")).await, Ok(stamp(NOW - 36_000_000_000)), "each has its own");
}

pub(crate) async fn the_stored_bytes_are_those_of_the_classic_writer(planter: &impl Planter) {
    store(planter.open()).write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    let bytes = planter.stored_stamp(&cluster("a")).await;
    assert_eq!(bytes, b"639000000000000000", "digits, no byte-order mark, no newline");
    // What the classic monitor does: Int64.Parse, then compare with DateTime.UtcNow.Ticks.
    let ticks: i64 = std::str::from_utf8(&bytes).unwrap().parse().unwrap();
    assert!((0..=3_155_378_975_999_999_999).contains(&ticks), "within DateTime.MinValue and MaxValue");
}

pub(crate) async fn a_stamp_as_the_classic_writer_leaves_it_is_read(planter: &impl Planter) {
    let table: [(&[u8], &str); 4] = [
        (b"639000000000000000", "File.WriteAllText(path, ticks.ToString())"),
        (b"\xEF\xBB\xBF639000000000000000", "the same with Encoding.UTF8, which writes a byte-order mark"),
        (b"639000000000000000\r\n", "written by hand with a Windows newline"),
        (b"639000000000000000\n", "written by echo"),
    ];
    let reader = store(planter.open());
    for (bytes, why) in table {
        planter.plant_stamp(&cluster("a"), bytes).await;
        assert_eq!(reader.read_stamp(&cluster("a")).await, Ok(stamp(NOW)), "{why}");
    }
}

pub(crate) async fn a_shorter_or_longer_stamp_replaces_the_one_before_it(planter: &impl Planter) {
    let store = store(planter.open());
    planter.plant_stamp(&cluster("a"), b"\xEF\xBB\xBF639000000000000000\r\n\r\n").await;
    for ticks in [NOW, 7, 3_155_378_975_999_999_999, 0, NOW] {
        store.write_beat(&cluster("a"), &beat(ticks)).await.unwrap();
        let stored = String::from_utf8(planter.stored_stamp(&cluster("a")).await).unwrap();
        assert_eq!(stored, ticks.to_string(), "nothing of the stamp before it is left");
    }
}

pub(crate) async fn bytes_that_are_no_stamp_are_malformed_until_the_next_beat(planter: &impl Planter) {
    let over_long = [b'6'; 5000];
    let table: [(&[u8], &str); 6] = [
        (b"", "truncated and not yet written"),
        (b"639000000", "torn: fewer digits than any stamp of our days has"),
        (b"639000000000\0\0\0\0\0\0", "torn: a hole at the end"),
        (b"hello", "not a number"),
        (b"99999999999999999999", "no DateTime"),
        (&over_long, "over-long"),
    ];
    let store = store(planter.open());
    for (bytes, why) in table {
        planter.plant_stamp(&cluster("a"), bytes).await;
        let error = store.read_stamp(&cluster("a")).await.unwrap_err();
        assert!(matches!(error, StoreError::Malformed { .. }), "{why}: {error}");
        store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
        assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)), "{why}");
    }
}

pub(crate) async fn a_cluster_that_never_beat_is_not_found(planter: &impl Planter) {
    let store = store(planter.open());
    for _ in 0..2 {
        let error = store.read_stamp(&cluster("a")).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        assert_eq!(store.read_details(&cluster("a")).await, Ok(None));
        assert!(store.clusters().await.unwrap().is_empty(), "reading creates nothing");
    }
}

pub(crate) async fn a_missing_store_is_named_and_never_created(planter: &impl Planter) {
    let store = store(planter.open_missing());
    let errors = [
        store.read_stamp(&cluster("a")).await.unwrap_err(),
        store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap_err(),
        store.read_details(&cluster("a")).await.unwrap_err(),
        store.clusters().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
        assert!(error.to_string().contains(&store.location()), "the message names the place: {error}");
    }
    assert!(!planter.missing_exists().await, "a private copy of the store is how both sides come to run");
}

pub(crate) async fn details_come_back_as_they_were_written(planter: &impl Planter) {
    let (writer, reader) = (store(planter.open()), store(planter.open()));
    let mut beat = beat(NOW);
    for count in [1, 9, 10, u64::MAX, 2] {
        beat.details.beat_count = count;
        writer.write_beat(&cluster("a"), &beat).await.unwrap();
        assert_eq!(reader.read_details(&cluster("a")).await, Ok(Some(beat.details.clone())));
    }
}

pub(crate) async fn details_that_cannot_be_understood_are_none_and_harm_nothing(planter: &impl Planter) {
    let store = store(planter.open());
    planter.plant_stamp(&cluster("a"), b"639000000000000000").await;
    assert_eq!(store.read_details(&cluster("a")).await, Ok(None), "the classic writer leaves none");
    for odd in [OddDetails::Newer, OddDetails::Garbage] {
        planter.plant_details(&cluster("a"), odd).await;
        assert_eq!(store.read_details(&cluster("a")).await, Ok(None), "{odd:?}");
        assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)), "{odd:?}");
    }
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    let details: Option<BeatDetails> = store.read_details(&cluster("a")).await.unwrap();
    assert_eq!(details, Some(beat(NOW).details), "the next beat replaces them");
}

pub(crate) async fn the_list_of_clusters_holds_those_with_a_stamp_and_nothing_else(planter: &impl Planter) {
    let store = store(planter.open());
    store.write_beat(&cluster("west-1"), &beat(NOW)).await.unwrap();
    store.write_beat(&cluster("b"), &beat(NOW)).await.unwrap();
    planter.plant_stamp(&cluster("torn"), b"").await;
    let found: Vec<String> = store.clusters().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["b", "torn", "west-1"], "malformed stamps are listed too, in order");
}
