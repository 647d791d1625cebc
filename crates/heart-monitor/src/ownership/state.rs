//! What `--listen` shows of a gate or guard that obeys the record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use failover_policy::{
    Assessment, BootTime, ClusterId, Gate, Letter, MaintenanceFinding, Now, RecordState, Span, StopCause,
    Waiting,
};
use flatline_shell::Clock;
use flatline_shell::activation::RefusedActivations;
use flatline_shell::endpoints::Report;
use heartbeat_store::StoreError;
use serde_json::{Value, json};

use crate::errand::Errand;
use crate::heart_metrics::{self, HeartMetrics};
use crate::heart_report::{HeartReport, whole_millis};
use crate::ownership::config::OwnershipConfig;
use crate::ownership::metrics::RecordMetrics;
use crate::ownership::primaries::Difference;
use crate::ownership::words;
use crate::record_report::{maintenance_value, stored_value};
use crate::watcher::Sight;

/// What is known, kept for whoever asks.
#[derive(Debug)]
pub(crate) struct OwnershipState {
    this: ClusterId,
    primary: ClusterId,
    mode: &'static str,
    longest_gap: Duration,
    flatline_after: Span,
    clock: Arc<dyn Clock>,
    metrics: RecordMetrics,
    known: Mutex<Known>,
}

/// How it stands with the workload, as far as this process goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// It does not run, and may not.
    HeldBack,
    /// It runs, or may run.
    Runs,
    /// It was told to end, and is not gone yet; why, in a sentence.
    Stops(&'static str),
}

#[derive(Debug)]
struct Known {
    workload: Workload,
    record: RecordState,
    record_error: Option<StoreError>,
    /// When the record was last read, whatever it said.
    record_read: Option<BootTime>,
    heart: Option<Heart>,
    own: Option<Assessment>,
    waiting: Option<Waiting>,
    letter: Option<Letter>,
    maintenance: Option<MaintenanceFinding>,
    /// Somebody who takes another cluster for the primary.
    primaries: Option<Difference>,
    /// Whether a rehearsal went well, or why not.
    rehearsal: Option<Result<(), String>>,
}

/// The watched heart as of the last look at it.
#[derive(Debug)]
struct Heart {
    cluster: ClusterId,
    assessment: Assessment,
    error: Option<StoreError>,
    good_look: Option<BootTime>,
    metrics: HeartMetrics,
}

impl OwnershipState {
    pub(crate) fn new(config: &OwnershipConfig, clock: Arc<dyn Clock>, refused: RefusedActivations) -> Self {
        let mut metrics = RecordMetrics::new(&config.rule.this, config.rule.lease.watch, config.rule.guarded);
        metrics.count_refused_activations(refused);
        Self {
            this: config.rule.this.clone(),
            primary: config.rule.primary.clone(),
            mode: config.mode(),
            longest_gap: config.rule.watch.gap,
            flatline_after: config.timing.flatline_after,
            clock,
            metrics,
            known: Mutex::new(Known {
                workload: Workload::HeldBack,
                record: RecordState::NotRead,
                record_error: None,
                record_read: None,
                heart: None,
                own: None,
                waiting: None,
                letter: None,
                maintenance: None,
                primaries: None,
                rehearsal: None,
            }),
        }
    }

    /// Takes what came of an errand, what the gate makes of it, and what the workload waits for.
    pub(crate) fn note(&self, errand: &Errand, gate: &Gate, waiting: Option<Waiting>, now: Now) {
        self.metrics.note_errand(errand);
        self.metrics.show_record(gate.record());
        self.metrics.show_maintenance(gate.maintenance());
        self.metrics.show_waiting(waiting.as_ref(), gate.letter());
        let mut known = self.known();
        if let Errand::Record(look) = errand {
            known.record_error.clone_from(&look.error);
            if look.error.is_none() {
                known.record_read = Some(look.answer.completed.boot);
            }
        }
        known.record.clone_from(gate.record());
        known.waiting = waiting;
        known.letter = gate.letter();
        known.own = gate.own_heart(now.boot);
        known.maintenance = gate.maintenance().cloned();
    }

    /// Takes a look at the watched heart.
    pub(crate) fn note_heart(&self, cluster: &ClusterId, sight: &Sight) {
        let mut known = self.known();
        let before = known.heart.take().filter(|heart| heart.cluster == *cluster);
        let mut heart = before.unwrap_or_else(|| Heart {
            cluster: cluster.clone(),
            assessment: sight.assessment,
            error: None,
            good_look: None,
            metrics: HeartMetrics::new(&self.this, cluster, self.flatline_after),
        });
        // What counts as a good look is the detector's to say.
        let failed = sight.assessment.evidence.failed_looks;
        let is_first = sight.assessment.evidence.looks == 1;
        if if is_first { failed == 0 } else { failed == heart.assessment.evidence.failed_looks } {
            heart.good_look = Some(sight.look.completed.boot);
        }
        heart.assessment = sight.assessment;
        heart.error.clone_from(&sight.error);
        heart.metrics.note(sight);
        known.heart = Some(heart);
    }

    /// Takes that no heart is watched.
    pub(crate) fn note_no_heart(&self) {
        self.known().heart = None;
    }

    /// Takes how it stands with the workload.
    pub(crate) fn note_workload(&self, workload: Workload) {
        self.metrics.show_blocked(workload != Workload::Runs);
        self.known().workload = workload;
    }

    /// Takes that a guard stops its workload.
    pub(crate) fn note_stop(&self, cause: StopCause) {
        self.metrics.count_stop(cause);
    }

    /// Takes what a rehearsal came to.
    pub(crate) fn note_rehearsal(&self, rehearsed: Result<(), String>) {
        self.metrics.show_rehearsed(rehearsed.is_ok());
        self.known().rehearsal = Some(rehearsed);
    }

    /// Takes who says otherwise of the primary, if anybody does.
    pub(crate) fn note_primaries(&self, difference: Option<Difference>) {
        self.metrics.show_primary_differs(difference.is_some());
        self.known().primaries = difference;
    }

    /// Why the last rehearsal failed, where it did.
    pub(crate) fn rehearsal_failure(&self) -> Option<String> {
        self.known().rehearsal.as_ref()?.as_ref().err().cloned()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for OwnershipState {
    /// Ready means obeying: the record and, where one is watched, the heart were read no longer ago than the longest
    /// gap that counts as a watch, the record can be used, and whoever stands by could take over.
    fn ready(&self) -> Result<(), String> {
        let (known, now) = (self.known(), self.clock.now().boot);
        let recent = |read: Option<BootTime>| read.is_some_and(|read| now.since(read) <= self.longest_gap);
        let why = |error: &Option<StoreError>, none: &str| {
            Err(error.as_ref().map_or_else(|| none.to_owned(), ToString::to_string))
        };
        if let Some(fault) = words::fault(&known.record) {
            return Err(fault);
        }
        if let Some(Waiting::Exhausted(why)) = &known.waiting {
            return Err(why.to_string());
        }
        // Where nothing is recorded, each side waits for whom it takes for the primary.
        if let (Some(difference), RecordState::Absent) = (&known.primaries, &known.record) {
            return Err(difference.to_string());
        }
        if !recent(known.record_read) {
            return why(&known.record_error, "the ownership record was not read yet");
        }
        match &known.heart {
            Some(heart) if !recent(heart.good_look) => why(&heart.error, "no stamp was read yet"),
            _ => could_take_over(&known),
        }
    }

    fn metrics(&self) -> String {
        let (known, mut text) = (self.known(), String::new());
        self.metrics.encode(&mut text);
        if let Some(heart) = &known.heart {
            heart.metrics.encode(&mut text, heart.assessment.evidence.stamp, self.clock.now().wall);
        }
        heart_metrics::finished(text)
    }

    fn state(&self) -> Value {
        let (known, now) = (self.known(), self.clock.now().boot);
        let heart = known.heart.as_ref().map(|heart| self.heart_report(&known, heart));
        let beats = known.heart.as_ref().map(|heart| heart.assessment.evidence.beats);
        json!({
            "program": "heart-monitor",
            "version": env!("CARGO_PKG_VERSION"),
            "cluster": self.this,
            "letter": known.letter.map(Letter::as_str),
            "ownership": self.mode,
            "blocked": known.workload != Workload::Runs,
            "heart_beat_count": beats,
            "info": info(&known, now),
            "waiting": known.waiting.as_ref().map(|waiting| waiting_value(waiting, now)),
            "record": record_value(&known),
            "primary_difference": known.primaries.as_ref().map(Difference::to_string),
            "maintenance": known.maintenance.as_ref().map(maintenance_value),
            "rehearsal": known.rehearsal.as_ref().map(|rehearsed| match rehearsed {
                Ok(()) => json!({"well": true, "error": null}),
                Err(error) => json!({"well": false, "error": error}),
            }),
            "own_heart": known.own.map(|own| json!({
                "verdict": own.verdict.word(),
                "silence_ms": own.evidence.silence.map(whole_millis),
            })),
            "watching": heart,
        })
    }
}

impl OwnershipState {
    fn heart_report(&self, known: &Known, heart: &Heart) -> HeartReport {
        let primary = Some(&self.primary);
        let report = HeartReport::new(&heart.cluster, primary, &heart.assessment, heart.error.as_ref(), None);
        let letter = Letter::by(&known.record, &heart.cluster, &self.primary, heart.assessment.verdict);
        HeartReport { letter: letter.map(Letter::as_str), ..report }
    }
}

/// A workload that runs goes on serving: whoever owns the work need not write the record to keep it.
fn could_take_over(known: &Known) -> Result<(), String> {
    match &known.rehearsal {
        Some(Err(failure)) if known.workload != Workload::Runs => {
            Err(format!("this monitor could not take the work over: {failure}"))
        }
        _ => Ok(()),
    }
}

fn info(known: &Known, now: BootTime) -> String {
    let fault = words::fault(&known.record).or_else(|| known.record_error.as_ref().map(ToString::to_string));
    let waits = match (known.workload, &known.waiting) {
        (Workload::Runs, waiting) => words::running(waiting.as_ref()).to_owned(),
        (Workload::Stops(why), _) => why.to_owned(),
        (Workload::HeldBack, Some(waiting)) => words::sentence(waiting, now),
        (Workload::HeldBack, None) => "about to act".to_owned(),
    };
    match fault {
        Some(fault) => format!("{waits}; {fault}"),
        None => waits,
    }
}

fn waiting_value(waiting: &Waiting, now: BootTime) -> Value {
    json!({
        "for": words::waiting(waiting),
        "cluster": words::waited_for(waiting),
        "within_ms": waiting.until().map(|until| whole_millis(until.since(now))),
    })
}

fn record_value(known: &Known) -> Value {
    let state = words::record_state(&known.record);
    let Some(record) = known.record.record() else { return json!({"state": state}) };
    stored_value(record)
}
