//! Every metric of a heart under watch, with its name, unit and meaning.
//!
//! The label for whose monitor this is is `this_cluster`: most Prometheus installations give every series a `cluster` of
//! their own.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use failover_policy::{ClusterId, SignedSpan, Span, Stamp, Tick, UnknownCause, Verdict};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::watcher::Sight;

type FloatGauge = Gauge<f64, AtomicU64>;
type Labels = [(&'static str, String); 1];

/// What dashboards and alerts see of one heart.
pub(crate) struct HeartMetrics {
    registry: Registry,
    verdict: Family<Labels, Gauge>,
    flatline_after: FloatGauge,
    silence: FloatGauge,
    stamp_age: FloatGauge,
    skew: FloatGauge,
    looks: Counter,
    failed_reads: Family<Labels, Counter>,
    beats: Counter,
    gaps: Counter,
    read_seconds: Histogram,
}

impl HeartMetrics {
    /// `flatline_after` is the threshold that silence is measured against.
    pub(crate) fn new(this: &ClusterId, that: &ClusterId, flatline_after: Span) -> Self {
        let labels =
            [("this_cluster".into(), this.to_string().into()), ("watching".into(), that.to_string().into())];
        let registry = Registry::with_labels(labels.into_iter());
        let metrics = Self {
            verdict: Family::default(),
            flatline_after: FloatGauge::default(),
            silence: FloatGauge::default(),
            stamp_age: FloatGauge::default(),
            skew: FloatGauge::default(),
            looks: Counter::default(),
            failed_reads: Family::default(),
            beats: Counter::default(),
            gaps: Counter::default(),
            read_seconds: Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
            registry,
        };
        metrics.show_verdict(Verdict::Unknown(UnknownCause::NotLooked));
        metrics.flatline_after.set(flatline_after.get().as_secs_f64());
        for gauge in [&metrics.silence, &metrics.stamp_age, &metrics.skew] {
            gauge.set(f64::NAN);
        }
        metrics.registered()
    }

    /// The same, for a gate that is closed for as long as it lives.
    pub(crate) fn of_a_closed_gate(mut self) -> Self {
        let blocked = Gauge::<i64>::default();
        blocked.set(1);
        self.registry.register("heart_monitor_blocked", "1 while the gate is closed", blocked);
        self
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "heart_monitor_verdict",
            "1 for the verdict on the watched heart: beating, flatlined or unknown",
            self.verdict.clone(),
        );
        registry.register(
            "heart_monitor_flatline_after_seconds",
            "Silence after which the watched heart counts as flat",
            self.flatline_after.clone(),
        );
        registry.register(
            "heart_monitor_silence_seconds",
            "How long the watched heart had been silent under watch at the last good look; NaN before",
            self.silence.clone(),
        );
        registry.register(
            "heart_monitor_stamp_age_seconds",
            "Age of the last stamp by the local wall clock, now; negative in the future, NaN where none was seen",
            self.stamp_age.clone(),
        );
        registry.register(
            "heart_monitor_skew_seconds",
            "Smallest age of the last 16 beats when they came in, signed: clock skew plus the way here; NaN before",
            self.skew.clone(),
        );
        registry.register("heart_monitor_looks", "Reads of the stamp", self.looks.clone());
        registry.register(
            "heart_monitor_failed_reads",
            "Reads that brought no stamp, by reason",
            self.failed_reads.clone(),
        );
        registry.register("heart_monitor_beats", "Beats seen", self.beats.clone());
        registry.register(
            "heart_monitor_gaps",
            "How often silence started over because good looks were too far apart",
            self.gaps.clone(),
        );
        registry.register("heart_monitor_read_seconds", "Duration of reads", self.read_seconds.clone());
        self
    }

    pub(crate) fn note(&self, sight: &Sight) {
        let evidence = sight.assessment.evidence;
        self.show_verdict(sight.assessment.verdict);
        self.silence.set(evidence.silence.map_or(f64::NAN, |silence| silence.as_secs_f64()));
        self.skew.set(evidence.skew.map_or(f64::NAN, SignedSpan::as_seconds));
        // The detector counts already; the counters only show its totals.
        self.looks.inner().store(evidence.looks, Ordering::Relaxed);
        self.beats.inner().store(evidence.beats, Ordering::Relaxed);
        self.gaps.inner().store(evidence.gaps, Ordering::Relaxed);
        if let Some(error) = &sight.error {
            self.failed_reads.get_or_create(&[("reason", error.reason().to_owned())]).inc();
        }
        self.read_seconds.observe(sight.took().as_secs_f64());
    }

    fn show_verdict(&self, verdict: Verdict) {
        for word in Verdict::WORDS {
            self.verdict
                .get_or_create(&[("verdict", word.to_owned())])
                .set(i64::from(word == verdict.word()));
        }
    }

    /// Adds all of it in the `OpenMetrics` text format. The age is that of the last stamp now, so that it grows while
    /// the store is away.
    pub(crate) fn encode(&self, text: &mut String, stamp: Option<Stamp>, now: Tick) {
        self.stamp_age.set(stamp.map_or(f64::NAN, |stamp| stamp.tick().age_at(now).as_seconds()));
        // Writing to a string cannot fail.
        let _ = encode_registry(text, &self.registry);
    }
}

/// The text of all registries as one document.
pub(crate) fn finished(mut text: String) -> String {
    // Writing to a string cannot fail.
    let _ = encode_eof(&mut text);
    text
}

impl fmt::Debug for HeartMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeartMetrics").finish_non_exhaustive()
    }
}
