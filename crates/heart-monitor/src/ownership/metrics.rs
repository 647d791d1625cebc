//! Every metric of a gate or guard that obeys the record, with its name, unit and meaning. Those of the watched heart
//! are in `heart_metrics`.

use std::fmt;
use std::sync::atomic::AtomicU64;

use failover_policy::{
    ClusterId, Letter, MaintenanceFinding, Purpose, RecordState, Span, StopCause, SwapOutcome, Waiting,
};
use flatline_shell::activation::RefusedActivations;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::errand::Errand;
use crate::ownership::words;

type FloatGauge = Gauge<f64, AtomicU64>;
type Labels<const N: usize> = [(&'static str, String); N];

/// What dashboards and alerts see of the record and of what this process does with it.
pub(crate) struct RecordMetrics {
    registry: Registry,
    blocked: Gauge,
    record: Family<Labels<1>, Gauge>,
    owner: Family<Labels<2>, Gauge>,
    term: Gauge,
    revision: Gauge,
    recorded_watch: FloatGauge,
    own_watch: FloatGauge,
    letter: Family<Labels<1>, Gauge>,
    waiting: Family<Labels<1>, Gauge>,
    maintenance: Gauge,
    primary_differs: Gauge,
    reads: Counter,
    own_looks: Counter,
    failed_reads: Family<Labels<1>, Counter>,
    swaps: Family<Labels<2>, Counter>,
    takeovers: Counter,
    stops: Family<Labels<1>, Counter>,
    rehearsed: FloatGauge,
}

impl RecordMetrics {
    /// All metrics as they are before anything was read, for a monitor that watches for `own_watch`. Only a guard has
    /// something to stop.
    pub(crate) fn new(this: &ClusterId, own_watch: Span, is_guard: bool) -> Self {
        let label = ("this_cluster".into(), this.to_string().into());
        let mut metrics = Self {
            registry: Registry::with_labels(std::iter::once(label)),
            blocked: Gauge::default(),
            record: Family::default(),
            owner: Family::default(),
            term: Gauge::default(),
            revision: Gauge::default(),
            recorded_watch: FloatGauge::default(),
            own_watch: FloatGauge::default(),
            letter: Family::default(),
            waiting: Family::default(),
            maintenance: Gauge::default(),
            primary_differs: Gauge::default(),
            reads: Counter::default(),
            own_looks: Counter::default(),
            failed_reads: Family::default(),
            swaps: Family::default(),
            takeovers: Counter::default(),
            stops: Family::default(),
            rehearsed: FloatGauge::default(),
        };
        metrics.blocked.set(1);
        metrics.rehearsed.set(f64::NAN);
        metrics.own_watch.set(own_watch.get().as_secs_f64());
        metrics.show_record(&RecordState::NotRead);
        // A first one shows as a rise only where its series was at zero before.
        for purpose in Purpose::ALL {
            let _ = metrics.swaps.get_or_create(&swap_labels(purpose, SwapOutcome::Won));
        }
        if is_guard {
            metrics.register_stops();
        }
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("heart_monitor_blocked", "1 while the workload may not run", self.blocked.clone());
        registry.register(
            "heart_monitor_record",
            "1 for the state of the ownership record: found, absent, unreadable, lost, unusable or not_read",
            self.record.clone(),
        );
        registry.register(
            "heart_monitor_owner",
            "1 for the owner by the record and its phase: active, pending or releasing",
            self.owner.clone(),
        );
        registry.register(
            "heart_monitor_term",
            "The record's term; 0 where there is no record",
            self.term.clone(),
        );
        registry.register(
            "heart_monitor_revision",
            "The record's revision; 0 where there is no record",
            self.revision.clone(),
        );
        registry.register(
            "heart_monitor_recorded_watch_seconds",
            "Silence that the record asks of claimants; NaN where there is no record. They watch the longer of this and their own",
            self.recorded_watch.clone(),
        );
        registry.register(
            "heart_monitor_own_watch_seconds",
            "Silence that this monitor is configured to watch before it claims",
            self.own_watch.clone(),
        );
        registry.register(
            "heart_monitor_letter",
            "1 for this cluster's classic letter: O owns, S stands by, N tried and refused; never D, since it runs; none while the \
             record does not tell",
            self.letter.clone(),
        );
        registry.register("heart_monitor_waiting", "1 for what is waited for", self.waiting.clone());
        registry.register(
            "heart_monitor_maintenance",
            "1 while maintenance forbids takeovers, or may",
            self.maintenance.clone(),
        );
        registry.register(
            "heart_monitor_primary_differs",
            "1 while a beacon or the record takes another cluster for the primary than this monitor does",
            self.primary_differs.clone(),
        );
        self.with_deeds_registered()
    }

    /// What this process did, as opposed to what it sees.
    fn with_deeds_registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("heart_monitor_record_reads", "Reads of the record", self.reads.clone());
        registry.register(
            "heart_monitor_own_looks",
            "Reads of this cluster's own stamp, by a guard",
            self.own_looks.clone(),
        );
        registry.register(
            "heart_monitor_failed_record_reads",
            "Reads of the record that failed, by reason",
            self.failed_reads.clone(),
        );
        registry.register(
            "heart_monitor_swaps",
            "Changes of the record that this process tried, by purpose and outcome",
            self.swaps.clone(),
        );
        registry.register(
            "heart_monitor_takeovers",
            "Takeovers that this process completed, by activation too",
            self.takeovers.clone(),
        );
        registry.register(
            "heart_monitor_rehearsed",
            "1 where this monitor could change the ownership record, 0 where it could not; NaN before it tried",
            self.rehearsed.clone(),
        );
        self
    }

    fn register_stops(&mut self) {
        for cause in StopCause::ALL {
            let _ = self.stops.get_or_create(&[("reason", cause.word().to_owned())]);
        }
        self.registry.register(
            "heart_monitor_workload_stops",
            "How often this guard stopped its workload, by reason: expired, owner_changed, releasing or term_changed",
            self.stops.clone(),
        );
    }

    /// Counts the requests to activate that were refused for want of the right key.
    pub(crate) fn count_refused_activations(&mut self, refused: RefusedActivations) {
        self.registry.register_collector(Box::new(Refused(refused)));
    }

    pub(crate) fn note_errand(&self, errand: &Errand) {
        match errand {
            Errand::Record(look) => {
                self.reads.inc();
                if let Some(error) = &look.error {
                    self.failed_reads.get_or_create(&[("reason", error.reason().to_owned())]).inc();
                }
            }
            Errand::Swap(swap, swapped) => {
                let outcome = swapped.answer.outcome;
                self.swaps.get_or_create(&swap_labels(swap.purpose, outcome)).inc();
                if outcome == SwapOutcome::Won && matches!(swap.purpose, Purpose::Own | Purpose::Activate) {
                    self.takeovers.inc();
                }
            }
            Errand::Own(_) => {
                self.own_looks.inc();
            }
            // The watched heart has metrics of its own; of maintenance counts what the gate makes of it.
            Errand::Heart(..) | Errand::Maintenance(..) => {}
        }
    }

    pub(crate) fn show_maintenance(&self, finding: Option<&MaintenanceFinding>) {
        self.maintenance.set(i64::from(finding.is_some_and(|finding| *finding != MaintenanceFinding::Off)));
    }

    pub(crate) fn show_record(&self, state: &RecordState) {
        one_of(&self.record, "state", &words::RECORD_STATES, words::record_state(state));
        // What cannot be read now is still what was read last.
        if *state == RecordState::Unreadable {
            return;
        }
        self.owner.clear();
        let record = state.record();
        if let Some(record) = record {
            let labels = [("owner", record.owner.to_string()), ("phase", record.phase.word().to_owned())];
            self.owner.get_or_create(&labels).set(1);
        }
        let count = |count: Option<u64>| i64::try_from(count.unwrap_or(0)).unwrap_or(i64::MAX);
        self.term.set(count(record.map(|record| record.term)));
        self.revision.set(count(record.map(|record| record.revision)));
        let watch = record.map(|record| record.timing.watch.get().as_secs_f64());
        self.recorded_watch.set(watch.unwrap_or(f64::NAN));
    }

    pub(crate) fn show_waiting(&self, waiting: Option<&Waiting>, letter: Option<Letter>) {
        one_of(&self.letter, "letter", &["D", "O", "S", "N"], letter.map_or("", Letter::as_str));
        one_of(&self.waiting, "for", &words::WAITS, waiting.map_or("", words::waiting));
    }

    pub(crate) fn show_primary_differs(&self, differs: bool) {
        self.primary_differs.set(i64::from(differs));
    }

    pub(crate) fn show_blocked(&self, blocked: bool) {
        self.blocked.set(i64::from(blocked));
    }

    pub(crate) fn show_rehearsed(&self, well: bool) {
        self.rehearsed.set(if well { 1.0 } else { 0.0 });
    }

    pub(crate) fn count_stop(&self, cause: StopCause) {
        self.stops.get_or_create(&[("reason", cause.word().to_owned())]).inc();
    }

    pub(crate) fn encode(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = encode_registry(text, &self.registry);
    }
}

fn swap_labels(purpose: Purpose, outcome: SwapOutcome) -> Labels<2> {
    [("purpose", purpose.word().to_owned()), ("outcome", words::outcome(outcome).to_owned())]
}

fn one_of(family: &Family<Labels<1>, Gauge>, label: &'static str, words: &[&str], now: &str) {
    for word in words {
        family.get_or_create(&[(label, (*word).to_owned())]).set(i64::from(*word == now));
    }
}

impl fmt::Debug for RecordMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordMetrics").finish_non_exhaustive()
    }
}

/// The desk counts already; the counter only shows its total.
#[derive(Debug)]
struct Refused(RefusedActivations);

impl prometheus_client::collector::Collector for Refused {
    fn encode(
        &self,
        mut encoder: prometheus_client::encoding::DescriptorEncoder<'_>,
    ) -> Result<(), fmt::Error> {
        use prometheus_client::encoding::EncodeMetric;
        let counter = ConstCounter::new(self.0.total());
        let help = "Requests to activate that were refused for want of the right key";
        let encoder = encoder.encode_descriptor(
            "heart_monitor_refused_activations",
            help,
            None,
            counter.metric_type(),
        )?;
        counter.encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(metrics: &RecordMetrics) -> String {
        let mut text = String::new();
        metrics.encode(&mut text);
        text
    }

    #[test]
    fn what_alerts_count_the_rise_of_is_at_zero_from_the_start() {
        let cluster = "a".parse().unwrap();
        let guard = RecordMetrics::new(&cluster, Span::from_secs(9), true);
        guard.count_stop(StopCause::Expired);
        let text = page(&guard);
        for line in [
            "heart_monitor_workload_stops_total{this_cluster=\"a\",reason=\"expired\"} 1",
            "heart_monitor_workload_stops_total{this_cluster=\"a\",reason=\"owner_changed\"} 0",
            "heart_monitor_workload_stops_total{this_cluster=\"a\",reason=\"releasing\"} 0",
            "heart_monitor_workload_stops_total{this_cluster=\"a\",reason=\"term_changed\"} 0",
            "heart_monitor_swaps_total{this_cluster=\"a\",purpose=\"contest\",outcome=\"won\"} 0",
            "heart_monitor_swaps_total{this_cluster=\"a\",purpose=\"give_back\",outcome=\"won\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
        let gate = page(&RecordMetrics::new(&cluster, Span::from_secs(9), false));
        assert!(!gate.contains("workload_stops"), "a gate has nothing to stop: {gate}");
    }
}
