//! What the writer knows about itself, and what it answers on `/readyz`, `/metrics` and `/state`.

mod page;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use failover_policy::{ClusterId, Now, Span, Stamp};
use flatline_shell::Clock;
use flatline_shell::endpoints::Report;
use heartbeat_store::{StoreError, WriterId};

use self::page::Page;
use crate::metrics::Metrics;
use crate::streak::{Change, Streak};

/// The one place where beacon and peer watch leave what happened, and where reports are made from.
#[derive(Debug)]
pub(crate) struct Status {
    identity: Identity,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    beats: Mutex<Beats>,
    peer: Option<Mutex<Peer>>,
}

/// What does not change while the program runs.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) cluster: ClusterId,
    /// `None` where nobody said which cluster is the primary.
    pub(crate) primary: Option<ClusterId>,
    pub(crate) peer: Option<ClusterId>,
    /// Where the store is, for people.
    pub(crate) location: String,
    pub(crate) writer: WriterId,
    pub(crate) interval: Span,
    pub(crate) write_deadline: Span,
    pub(crate) start: Now,
}

/// How the own beats went.
#[derive(Debug, Default)]
struct Beats {
    landed: u64,
    failed: u64,
    skipped: u64,
    last: Option<Seen>,
    streak: Streak,
    error: Option<StoreError>,
}

/// A stamp, and when it was written or read.
#[derive(Debug, Clone, Copy)]
struct Seen {
    stamp: Stamp,
    at: Now,
}

/// How reading the peer's stamp went.
#[derive(Debug, Default)]
struct Peer {
    last: Option<Seen>,
    streak: Streak,
    error: Option<StoreError>,
}

/// Beats that may be missing before the writer is no longer ready.
const READY_INTERVALS: u32 = 3;

impl Status {
    pub(crate) fn new(identity: Identity, clock: Arc<dyn Clock>) -> Self {
        let peer = identity.peer.as_ref();
        let metrics = Metrics::new(identity.cluster.as_str(), identity.interval, peer.map(ClusterId::as_str));
        let peer = peer.map(|_| Mutex::default());
        Self { identity, clock, metrics, beats: Mutex::default(), peer }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Beats that have landed so far.
    pub(crate) fn landed(&self) -> u64 {
        lock(&self.beats).landed
    }

    /// Takes how a beat went; `at` is when that was known.
    pub(crate) fn beat_ended(
        &self,
        stamp: Stamp,
        outcome: &Result<(), StoreError>,
        at: Now,
        took: Duration,
    ) -> Option<Change> {
        let mut beats = lock(&self.beats);
        beats.error = outcome.as_ref().err().cloned();
        match outcome {
            Ok(()) => {
                beats.landed += 1;
                beats.last = Some(Seen { stamp, at });
                self.metrics.beat_landed(at.wall, took);
                beats.streak.succeeded(at.boot)
            }
            Err(error) => {
                beats.failed += 1;
                self.metrics.beat_failed(error.reason(), took);
                beats.streak.failed(error.reason(), at.boot)
            }
        }
    }

    /// So many beats fell due while nothing ran.
    pub(crate) fn beats_skipped(&self, count: u64) {
        lock(&self.beats).skipped += count;
        self.metrics.beats_skipped(count);
    }

    /// The wall clock stepped.
    pub(crate) fn wall_clock_stepped(&self) {
        self.metrics.wall_clock_stepped();
    }

    /// Takes how a read of the peer's stamp went; `at` is when that was known.
    pub(crate) fn peer_read(&self, outcome: &Result<Stamp, StoreError>, at: Now) -> Option<Change> {
        let mut peer = lock(self.peer.as_ref()?);
        peer.error = outcome.as_ref().err().cloned();
        match outcome {
            Ok(stamp) => {
                peer.last = Some(Seen { stamp: *stamp, at });
                self.metrics.peer_read(stamp.tick(), at.wall);
                peer.streak.succeeded(at.boot)
            }
            Err(error) => {
                self.metrics.peer_unreadable(error.reason());
                peer.streak.failed(error.reason(), at.boot)
            }
        }
    }
}

impl Report for Status {
    /// Ready means that the last beat landed within three intervals.
    fn ready(&self) -> Result<(), String> {
        let beats = lock(&self.beats);
        let limit = self.identity.interval.get() * READY_INTERVALS;
        let age = beats.last.map(|last| self.clock.now().boot.since(last.at.boot));
        match age {
            Some(age) if age <= limit => Ok(()),
            Some(age) => {
                Err(with_reason(format!("the last beat landed {} ago", tenths(age)), beats.error.as_ref()))
            }
            None => Err(with_reason("no beat has landed yet".to_owned(), beats.error.as_ref())),
        }
    }

    fn metrics(&self) -> String {
        let since = lock(&self.beats).last.map_or(self.identity.start.boot, |last| last.at.boot);
        self.metrics.text(self.clock.now().boot.since(since))
    }

    fn state(&self) -> serde_json::Value {
        let ready = self.ready();
        let now = self.clock.now();
        let beats = lock(&self.beats);
        let peer = self.peer.as_ref().map(lock);
        let page = Page::of(&self.identity, &beats, peer.as_deref(), &ready, now);
        // Plain fields with text keys: nothing in them can fail to become JSON.
        serde_json::to_value(page).unwrap_or_default()
    }
}

fn with_reason(text: String, error: Option<&StoreError>) -> String {
    match error {
        Some(error) => format!("{text}: {error}"),
        None => text,
    }
}

/// Seconds with one digit, for people.
fn tenths(span: Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}

/// A report is made of plain values, so one that was interrupted by a panic left nothing half done.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use heartbeat_store::{Fault, Operation};
    use serde_json::json;

    use super::*;
    use crate::test_bench::{Bench, INTERVAL, id, pass};

    /// The whole document, since scripts and dashboards rest on its fields.
    #[tokio::test(start_paused = true)]
    async fn the_state_says_who_beats_how_often_and_what_fails() {
        let bench = Bench::start();
        bench.memory.plant_stamp(&id("b"), b"638975519990000000");
        pass(INTERVAL * 2 + Duration::from_millis(1)).await;
        bench.memory.break_with(&[Operation::Beat], Fault::NoSpace);
        pass(INTERVAL).await;
        let seen = |stamp: &str, ago: u32, age: u32| {
            json!({
                "stamp": stamp, "at": "2025-11-01T00:00:04.000Z", "ago_ms": ago, "stamp_age_ms": age,
            })
        };
        let mut expected = json!({
            "program": "heartbeat-writer",
            "version": env!("CARGO_PKG_VERSION"),
            "cluster": "a",
            "letter": "O",
            "heart_beat_count": 3,
            "info": "the last beats failed: no room to write to memory: the test says so; free space in the store",
            "store": "memory",
            "writer": "pod-1.7.abc",
            "process_start": "2025-11-01T00:00:00.000Z",
            "interval_ms": 2000,
            "write_deadline_ms": 1500,
            "beats": {
                "landed": 3,
                "failed": 1,
                "skipped": 0,
                "last": seen("638975520040000000", 2001, 0),
                "outage": {
                    "reason": "no_space",
                    "error": "no room to write to memory: the test says so; free space in the store",
                    "for_ms": 1,
                    "lost": 1,
                },
            },
            "peer": {
                "cluster": "b",
                "readable": true,
                "last": seen("638975519990000000", 1, 7000),
                "outage": null,
            },
        });
        expected["peer"]["last"]["at"] = json!("2025-11-01T00:00:06.000Z");
        assert_eq!(bench.state(), expected);

        pass(INTERVAL * 3).await;
        let silence = "heartbeat_writer_silence_seconds{this_cluster=\"a\"} 8.0";
        assert!(bench.status.metrics().contains(silence), "{}", bench.status.metrics());
        let state = bench.state();
        assert_eq!(state["letter"], serde_json::Value::Null, "no letter is a guess");
        assert!(
            state["info"].as_str().unwrap().starts_with("the last beat landed 8.0s ago: no room"),
            "{state}"
        );
    }
}
