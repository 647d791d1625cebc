use std::time::Duration;

use super::*;
use crate::{Deadlines, Store, WriterId};

const DEADLINE: Duration = Duration::from_secs(1);

fn open() -> (MemoryBackend, Store) {
    let memory = MemoryBackend::new();
    let deadlines = Deadlines { read: DEADLINE, write: DEADLINE };
    (memory.clone(), Store::new(Arc::new(memory), deadlines))
}

fn cluster() -> ClusterId {
    "a".parse().unwrap()
}

fn beat() -> Beat {
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("w".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    Beat { stamp: Stamp::parse(b"639000000000000000").unwrap(), details }
}

#[tokio::test]
async fn a_fault_meets_its_kind_of_operation_and_no_other() {
    let (memory, store) = open();
    store.write_beat(&cluster(), &beat()).await.unwrap();
    let table = [
        (Fault::NoStore, "no_store"),
        (Fault::Denied, "denied"),
        (Fault::Unreachable, "unreachable"),
        (Fault::NoSpace, "no_space"),
    ];
    for (fault, reason) in table {
        memory.break_with(&[Operation::Read], fault);
        assert_eq!(store.read_stamp(&cluster()).await.unwrap_err().reason(), reason);
        assert_eq!(store.write_beat(&cluster(), &beat()).await, Ok(()), "{reason}");
        memory.heal(&[Operation::Read]);
        memory.break_with(&[Operation::Beat], fault);
        assert_eq!(store.write_beat(&cluster(), &beat()).await.unwrap_err().reason(), reason);
        assert_eq!(store.read_stamp(&cluster()).await, Ok(beat().stamp), "{reason}");
        memory.heal(&[Operation::Beat]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_read_ends_at_its_deadline_and_works_once_healed() {
    let (memory, store) = open();
    memory.plant_stamp(&cluster(), b"639000000000000000");
    memory.break_with(&[Operation::Read], Fault::Hang);
    let start = tokio::time::Instant::now();
    assert_eq!(store.read_stamp(&cluster()).await.unwrap_err().reason(), "unreachable");
    assert_eq!(start.elapsed(), DEADLINE);
    memory.heal(&Operation::ALL);
    assert_eq!(store.read_stamp(&cluster()).await, Ok(beat().stamp));
}

#[tokio::test(start_paused = true)]
async fn a_hung_beat_lands_late_when_it_is_released() {
    let (memory, store) = open();
    memory.break_with(&[Operation::Beat], Fault::Hang);
    assert_eq!(store.write_beat(&cluster(), &beat()).await.unwrap_err().reason(), "unreachable");
    assert_eq!(memory.stored_stamp(&cluster()), None);
    memory.heal(&[Operation::Beat]);
    tokio::task::yield_now().await;
    assert_eq!(memory.stored_stamp(&cluster()), Some(b"639000000000000000".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_delay_passes_on_the_paused_clock() {
    let (memory, store) = open();
    memory.break_with(&[Operation::Beat], Fault::Delay(Duration::from_millis(900)));
    let start = tokio::time::Instant::now();
    store.write_beat(&cluster(), &beat()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(900));
}

#[tokio::test]
async fn one_answer_is_lost_and_the_write_has_landed() {
    let (memory, store) = open();
    memory.lose_next_answer();
    assert_eq!(store.write_beat(&cluster(), &beat()).await.unwrap_err().reason(), "unreachable");
    assert_eq!(store.read_stamp(&cluster()).await, Ok(beat().stamp));
    assert_eq!(store.write_beat(&cluster(), &beat()).await, Ok(()), "only one answer is lost");

    memory.lose_next_answer();
    let settled = store.create_record(&RecordName::Ownership, b"mine", 1).await;
    assert!(settled.is_ok(), "the store reads back and finds its own record: {settled:?}");
}
