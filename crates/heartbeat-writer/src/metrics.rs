//! Every metric of the writer. This file is the manual of its dashboard: name, unit, meaning.
//!
//! All names start with `heartbeat_writer_`; counters end in `_total`. Times are seconds; moments are Unix
//! times by the local wall clock. `reason` is one of `StoreError::REASONS`, each of which counts from zero, so that a
//! first failure shows as a rise. The `peer_` metrics exist only with `--that-cluster`. `this_cluster` is whose heart this
//! is; it is not called `cluster`, since most Prometheus installations give every series a `cluster` of their own.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use failover_policy::{SignedSpan, Span, Tick};
use heartbeat_store::StoreError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

type Seconds = Gauge<f64, AtomicU64>;

/// The metrics, and the registry that prints them.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    beats: Counter,
    beat_failures: Family<Reason, Counter>,
    beats_skipped: Counter,
    last_beat: Seconds,
    silence: Seconds,
    write_duration: Histogram,
    wall_clock_steps: Counter,
    peer: Option<PeerMetrics>,
}

#[derive(Debug)]
struct PeerMetrics {
    readable: Gauge,
    read_failures: Family<Reason, Counter>,
    last_read: Seconds,
    stamp: Seconds,
    stamp_age: Seconds,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// Upper ends of the write durations, in seconds: a local disk takes less than the first, a blob in another
/// region some tenths, and 1.5 is the default deadline.
const WRITE_DURATIONS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5];

impl Metrics {
    /// All metrics at zero. `peer` is the cluster whose stamp is watched.
    pub(crate) fn new(cluster: &str, interval: Span, peer: Option<&str>) -> Self {
        let label = ("this_cluster".into(), cluster.to_owned().into());
        let mut registry =
            Registry::with_prefix_and_labels("heartbeat_writer".to_owned(), std::iter::once(label));
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        registry.register("build", "The program's version", Info::new(version));
        let metrics = Self {
            beats: Counter::default(),
            beat_failures: all_at_zero(),
            beats_skipped: Counter::default(),
            last_beat: Seconds::default(),
            silence: Seconds::default(),
            write_duration: Histogram::new(WRITE_DURATIONS),
            wall_clock_steps: Counter::default(),
            peer: peer.map(|peer| PeerMetrics::new(&mut registry, peer)),
            registry: Registry::default(),
        };
        metrics.registered(registry, interval)
    }

    fn registered(mut self, mut registry: Registry, interval: Span) -> Self {
        let every = Seconds::default();
        every.set(interval.get().as_secs_f64());
        let seconds = || Unit::Seconds;
        registry.register_with_unit("interval", "Time from one beat to the next", seconds(), every);
        registry.register("beats", "Beats that landed", self.beats.clone());
        registry.register("beat_failures", "Beats that did not land", self.beat_failures.clone());
        let skipped = "Beats that fell due while the process or its machine stood still";
        registry.register("beats_skipped", skipped, self.beats_skipped.clone());
        let last = "When the last beat landed; 0 before the first";
        registry.register_with_unit("last_beat_timestamp", last, seconds(), self.last_beat.clone());
        let silence = "Time since the last beat landed, or since the start before the first; no wall clock has a part in it";
        registry.register_with_unit("silence", silence, seconds(), self.silence.clone());
        let took = "How long a beat took to land or to fail";
        registry.register_with_unit("write_duration", took, seconds(), self.write_duration.clone());
        let steps = "Steps of the wall clock by more than a second";
        registry.register("wall_clock_steps", steps, self.wall_clock_steps.clone());
        self.registry = registry;
        self
    }

    /// A beat landed at `wall`, which took this long.
    pub(crate) fn beat_landed(&self, wall: Tick, took: Duration) {
        self.beats.inc();
        self.last_beat.set(unix_seconds(wall));
        self.write_duration.observe(took.as_secs_f64());
    }

    /// A beat failed for a reason of this kind, which took this long.
    pub(crate) fn beat_failed(&self, reason: &'static str, took: Duration) {
        self.beat_failures.get_or_create(&Reason { reason }).inc();
        self.write_duration.observe(took.as_secs_f64());
    }

    /// So many beats fell due while nothing ran.
    pub(crate) fn beats_skipped(&self, count: u64) {
        self.beats_skipped.inc_by(count);
    }

    /// The wall clock stepped.
    pub(crate) fn wall_clock_stepped(&self) {
        self.wall_clock_steps.inc();
    }

    /// The peer's stamp was read at `wall`.
    pub(crate) fn peer_read(&self, stamp: Tick, wall: Tick) {
        let Some(peer) = &self.peer else { return };
        peer.readable.set(1);
        peer.last_read.set(unix_seconds(wall));
        peer.stamp.set(unix_seconds(stamp));
        peer.stamp_age.set(stamp.age_at(wall).as_seconds());
    }

    /// The peer's stamp could not be read for a reason of this kind.
    pub(crate) fn peer_unreadable(&self, reason: &'static str) {
        let Some(peer) = &self.peer else { return };
        peer.readable.set(0);
        peer.read_failures.get_or_create(&Reason { reason }).inc();
    }

    /// Everything in the `OpenMetrics` text format. `silence` is that of this process's own beats, now.
    pub(crate) fn text(&self, silence: Duration) -> String {
        self.silence.set(silence.as_secs_f64());
        let mut text = String::new();
        // Writing into a string cannot fail; a cut-off page would lack its end mark and be refused.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl PeerMetrics {
    fn new(registry: &mut Registry, peer: &str) -> Self {
        let labels = [("peer".into(), peer.to_owned().into())];
        let registry = registry.sub_registry_with_labels(labels.into_iter()).sub_registry_with_prefix("peer");
        let metrics = Self {
            readable: Gauge::default(),
            read_failures: all_at_zero(),
            last_read: Seconds::default(),
            stamp: Seconds::default(),
            stamp_age: Seconds::default(),
        };
        let readable = "Whether this cluster could read the peer's stamp at the last try: 1 or 0";
        registry.register("readable", readable, metrics.readable.clone());
        let failures = "Reads of the peer's stamp that failed";
        registry.register("read_failures", failures, metrics.read_failures.clone());
        let last = "When the peer's stamp was last read; 0 before the first time";
        registry.register_with_unit("last_read_timestamp", last, Unit::Seconds, metrics.last_read.clone());
        let stamp = "The peer's stamp as it was last read, by the peer's wall clock";
        registry.register_with_unit("stamp_timestamp", stamp, Unit::Seconds, metrics.stamp.clone());
        let age = "How old the peer's stamp was when it was last read; negative where its clock is ahead";
        registry.register_with_unit("stamp_age", age, Unit::Seconds, metrics.stamp_age.clone());
        metrics
    }
}

/// A counter for each reason that there is.
fn all_at_zero() -> Family<Reason, Counter> {
    let family = Family::default();
    for reason in StoreError::REASONS {
        let _ = family.get_or_create(&Reason { reason });
    }
    family
}

fn unix_seconds(tick: Tick) -> f64 {
    let since: SignedSpan = Tick::UNIX_EPOCH.age_at(tick);
    since.as_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole page, since names and units are what dashboards rest on.
    #[test]
    fn the_page_has_every_metric_under_its_documented_name() {
        let metrics = Metrics::new("a", Span::from_secs(2), Some("b"));
        let wall = Tick::from_unix(Duration::from_secs(1_000)).unwrap();
        let stamp = Tick::from_unix(Duration::from_millis(1_001_500)).unwrap();
        metrics.beat_landed(wall, Duration::from_millis(30));
        metrics.beat_failed("denied", Duration::from_millis(1500));
        metrics.beats_skipped(4);
        metrics.wall_clock_stepped();
        metrics.peer_unreadable("not_found");
        metrics.peer_read(stamp, wall);
        let text = metrics.text(Duration::from_millis(4500));
        for line in [
            "# TYPE heartbeat_writer_build info",
            concat!(
                "heartbeat_writer_build_info{this_cluster=\"a\",version=\"",
                env!("CARGO_PKG_VERSION"),
                "\"} 1"
            ),
            "heartbeat_writer_interval_seconds{this_cluster=\"a\"} 2.0",
            "# UNIT heartbeat_writer_interval_seconds seconds",
            "heartbeat_writer_beats_total{this_cluster=\"a\"} 1",
            "heartbeat_writer_beat_failures_total{this_cluster=\"a\",reason=\"denied\"} 1",
            "heartbeat_writer_beats_skipped_total{this_cluster=\"a\"} 4",
            "heartbeat_writer_last_beat_timestamp_seconds{this_cluster=\"a\"} 1000.0",
            "heartbeat_writer_beat_failures_total{this_cluster=\"a\",reason=\"no_space\"} 0",
            "heartbeat_writer_silence_seconds{this_cluster=\"a\"} 4.5",
            "heartbeat_writer_write_duration_seconds_count{this_cluster=\"a\"} 2",
            "heartbeat_writer_write_duration_seconds_bucket{this_cluster=\"a\",le=\"0.05\"} 1",
            "heartbeat_writer_wall_clock_steps_total{this_cluster=\"a\"} 1",
            "heartbeat_writer_peer_readable{this_cluster=\"a\",peer=\"b\"} 1",
            "heartbeat_writer_peer_read_failures_total{this_cluster=\"a\",peer=\"b\",reason=\"not_found\"} 1",
            "heartbeat_writer_peer_last_read_timestamp_seconds{this_cluster=\"a\",peer=\"b\"} 1000.0",
            "heartbeat_writer_peer_stamp_timestamp_seconds{this_cluster=\"a\",peer=\"b\"} 1001.5",
            "heartbeat_writer_peer_stamp_age_seconds{this_cluster=\"a\",peer=\"b\"} -1.5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn without_a_peer_there_are_no_metrics_of_one() {
        let metrics = Metrics::new("a", Span::from_secs(2), None);
        metrics.peer_unreadable("denied");
        assert!(!metrics.text(Duration::ZERO).contains("peer"));
    }
}
