use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use failover_policy::{ClusterId, SignedSpan};
use flatline_shell::endpoints::Report;
use heartbeat_store::{Backend, Fault, MemoryBackend, Operation, Record, RecordName, RecordVersion};

use super::*;
use crate::test_bench::{Bench, INTERVAL, WRITE_DEADLINE, pass};

const MILLI: Duration = Duration::from_millis(1);

/// Records when each write begins and how many run at once; takes as long as the test says.
#[derive(Debug, Default)]
struct Slow {
    memory: MemoryBackend,
    takes: Mutex<Duration>,
    begun: Mutex<Vec<tokio::time::Instant>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

struct Flight<'s>(&'s Slow);

impl<'s> Flight<'s> {
    fn begin(slow: &'s Slow) -> Self {
        slow.begun.lock().unwrap().push(tokio::time::Instant::now());
        let now = slow.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        slow.most_in_flight.fetch_max(now, Ordering::SeqCst);
        Self(slow)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Backend for Slow {
    fn location(&self) -> String {
        self.memory.location()
    }

    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        let _flight = Flight::begin(self);
        let takes = *self.takes.lock().unwrap();
        tokio::time::sleep(takes).await;
        self.memory.write_beat(cluster, beat).await
    }

    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        self.memory.read_stamp(cluster).await
    }

    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        self.memory.read_details(cluster).await
    }

    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        self.memory.clusters().await
    }

    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        self.memory.read_record(name).await
    }

    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        self.memory.create_record(name, body, revision).await
    }

    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        self.memory.swap_record(name, body, expected, revision).await
    }

    async fn touch_record(&self, name: &RecordName) -> Result<heartbeat_store::Touched, StoreError> {
        self.memory.touch_record(name).await
    }

    async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        self.memory.remove_probe(id).await
    }

    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.read_maintenance().await
    }

    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        self.memory.write_maintenance(body).await
    }
}

fn slow_bench(takes: Duration) -> (Arc<Slow>, Bench) {
    let slow = Arc::new(Slow { takes: Mutex::new(takes), ..Slow::default() });
    let bench = Bench::start_on(slow.memory.clone(), Arc::clone(&slow) as Arc<dyn Backend>);
    (slow, bench)
}

/// When writes began, counted from the first.
fn beginnings(slow: &Slow) -> Vec<Duration> {
    let begun = slow.begun.lock().unwrap();
    begun.iter().map(|at| at.duration_since(begun[0])).collect()
}

#[tokio::test(start_paused = true)]
async fn beats_keep_their_rhythm_however_long_a_write_takes() {
    for takes in [Duration::ZERO, MILLI * 700, MILLI * 1499] {
        let (slow, bench) = slow_bench(takes);
        pass(INTERVAL * 100 + MILLI * 1600).await;
        let expected: Vec<_> = (0..=100).map(|turn| INTERVAL * turn).collect();
        assert_eq!(beginnings(&slow), expected, "writes that take {takes:?}");
        assert_eq!(bench.state()["beats"]["landed"], 101);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_beat_comes_at_once_with_its_details() {
    let bench = Bench::start();
    pass(MILLI).await;
    let stamp = bench.stored().unwrap();
    assert_eq!(
        stamp.tick().age_at(bench.clock.now().wall),
        SignedSpan::from_ticks(10_000),
        "one millisecond ago"
    );
    let details = bench.memory.read_details(&crate::test_bench::id("a")).await.unwrap().unwrap();
    assert_eq!((details.beat_count, details.interval_ms), (1, 2000));
    assert_eq!(details.writer.0, "pod-1.7.abc");
    assert_eq!(
        details.primary.unwrap().as_str(),
        "a",
        "what this side goes by, for the other one to compare"
    );
    pass(INTERVAL * 4).await;
    let details = bench.memory.read_details(&crate::test_bench::id("a")).await.unwrap().unwrap();
    assert_eq!(details.beat_count, 5);
}

#[tokio::test(start_paused = true)]
async fn two_writes_are_never_in_flight_even_when_each_takes_for_ever() {
    let (slow, bench) = slow_bench(Duration::from_hours(1));
    pass(INTERVAL * 10 + WRITE_DEADLINE).await;
    assert_eq!(slow.most_in_flight.load(Ordering::SeqCst), 1);
    assert_eq!(beginnings(&slow).len(), 11, "the deadline frees the next turn");
    *slow.takes.lock().unwrap() = Duration::ZERO;
    pass(INTERVAL).await;
    assert_eq!(bench.state()["beats"]["landed"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_one_line_and_one_more_when_it_is_back() {
    let bench = Bench::start();
    bench.memory.plant_stamp(&crate::test_bench::id("b"), b"638975520000000000");
    pass(INTERVAL * 3 + MILLI).await;
    let lines = bench.log_lines();
    assert!(
        lines.contains(&"INFO beating".to_owned()) && lines.len() == 2,
        "and one for the peer: {lines:?}"
    );

    bench.memory.break_with(&[Operation::Beat], Fault::Unreachable);
    pass(INTERVAL * 50).await;
    let lines = bench.log_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("WARN beats fail; trying again at every interval reason=\"unreachable\" error=")
    );

    bench.memory.break_with(&[Operation::Beat], Fault::Denied);
    pass(INTERVAL * 2).await;
    bench.memory.break_with(&[Operation::Beat], Fault::Unreachable);
    pass(INTERVAL * 2).await;
    let lines = bench.log_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN beats still fail, for another reason reason=\"denied\""), "{lines:?}");

    bench.memory.heal(&[Operation::Beat]);
    pass(INTERVAL * 50).await;
    assert_eq!(bench.log_lines(), ["INFO beats land again after=108s lost=54"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_was_there_is_waited_for_and_stays_as_it_is() {
    let missing = MemoryBackend::missing();
    let bench = Bench::start_on(missing.clone(), Arc::new(missing));
    pass(INTERVAL * 5 + MILLI).await;
    assert!(bench.memory.is_empty());
    let lines = bench.log_lines();
    assert_eq!(lines.len(), 2, "one line for the beat, one for the peer: {lines:?}");
    assert!(lines[0].contains("reason=\"no_store\""), "{lines:?}");
    bench.memory.heal(&Operation::ALL);
    pass(INTERVAL).await;
    assert!(bench.stored().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_hung_store_costs_a_deadline_each_turn_and_beats_resume_with_the_next() {
    let bench = Bench::start();
    pass(INTERVAL + MILLI).await;
    bench.memory.break_with(&[Operation::Beat], Fault::Hang);
    pass(INTERVAL * 3).await;
    let before = bench.stored().unwrap();
    // Two turns have ended at their deadlines, the third has just begun and is released.
    bench.memory.heal(&[Operation::Beat]);
    pass(INTERVAL).await;
    let after = bench.stored().unwrap();
    assert_eq!(before.tick().age_at(after.tick()), SignedSpan::from_ticks(80_000_000), "four turns later");
    let lines = bench.log_lines();
    assert_eq!(
        lines.last().map(String::as_str),
        Some("INFO beats land again after=2.501s lost=2"),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_stamp_differs_from_the_one_before_also_when_the_wall_clock_stands_still() {
    let bench = Bench::start();
    pass(MILLI).await;
    let mut last = bench.stored().unwrap();
    for _ in 0..20 {
        let step = SignedSpan::from_ticks(-20_000_000);
        bench.clock.step_wall(step);
        pass(INTERVAL).await;
        let stamp = bench.stored().unwrap();
        assert_ne!(stamp, last);
        last = stamp;
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_wall_clock_is_told_once_and_followed() {
    let bench = Bench::start();
    bench.memory.plant_stamp(&crate::test_bench::id("b"), b"638975520000000000");
    pass(INTERVAL + MILLI).await;
    bench.log_lines();
    bench.clock.step_wall(SignedSpan::from_ticks(-36_000_000_000));
    pass(INTERVAL * 10).await;
    assert_eq!(bench.log_lines(), ["WARN the wall clock stepped; stamps follow it by=-3600.000s"]);
    let age = bench.stored().unwrap().tick().age_at(bench.clock.now().wall);
    assert!(!age.exceeds(INTERVAL) && age >= SignedSpan::ZERO, "{age}");
    assert!(bench.status.metrics().contains("wall_clock_steps_total{this_cluster=\"a\"} 1\n"));
}

#[tokio::test(start_paused = true)]
async fn after_a_suspended_machine_wakes_one_beat_comes_at_once_for_all_that_were_missed() {
    let bench = Bench::start();
    pass(INTERVAL + MILLI).await;
    bench.log_lines();
    bench.clock.suspend(Duration::from_mins(1));
    pass(Duration::from_secs(1)).await;
    let age = bench.stored().unwrap().tick().age_at(bench.clock.now().wall);
    assert!(!age.exceeds(Duration::from_secs(1)), "the beat is {age} old");
    let state = bench.state();
    assert_eq!((&state["beats"]["landed"], &state["beats"]["skipped"]), (&3.into(), &29.into()));
    let lines = bench.log_lines();
    assert!(lines[0].starts_with("WARN stood still: the process or its machine was paused"), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("wall clock")), "both clocks ran on: {lines:?}");
}

#[tokio::test(start_paused = true)]
async fn ready_means_that_a_beat_landed_within_three_intervals() {
    let bench = Bench::start();
    assert_eq!(bench.status.ready(), Err("no beat has landed yet".to_owned()));
    pass(MILLI).await;
    assert_eq!(bench.status.ready(), Ok(()));
    bench.memory.break_with(&[Operation::Beat], Fault::Denied);
    pass(MILLI * 5999).await;
    assert_eq!(bench.status.ready(), Ok(()));
    pass(MILLI * 2).await;
    let reason = bench.status.ready().unwrap_err();
    assert!(reason.starts_with("the last beat landed 6.0s ago: not allowed to write to memory"), "{reason}");
    bench.memory.heal(&[Operation::Beat]);
    pass(INTERVAL).await;
    assert_eq!(bench.status.ready(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_second_writer_for_the_same_cluster_does_no_harm() {
    let first = Bench::start();
    pass(MILLI * 300).await;
    let second = Bench::start_on(first.memory.clone(), Arc::new(first.memory.clone()));
    second.clock.step_wall(SignedSpan::from_ticks(36_000_000_000));
    let mut stamps = BTreeSet::new();
    for _ in 0..40 {
        pass(INTERVAL / 2).await;
        stamps.insert(first.stored().unwrap());
    }
    assert_eq!(stamps.len(), 40, "each writer's beats stay beats");
    assert_eq!((first.status.ready(), second.status.ready()), (Ok(()), Ok(())));
}
