//! What `--listen` shows of a closed gate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use failover_policy::{Assessment, BootTime, ClusterId, Evidence, UnknownCause, Verdict};
use flatline_shell::Clock;
use flatline_shell::endpoints::Report;
use heartbeat_store::StoreError;
use serde_json::{Value, json};

use crate::gate::classic::config::GateConfig;
use crate::heart_metrics::{self, HeartMetrics};
use crate::heart_report::HeartReport;
use crate::watcher::Sight;

/// The last look, kept for whoever asks.
#[derive(Debug)]
pub(crate) struct GateState {
    this: ClusterId,
    that: ClusterId,
    primary: ClusterId,
    longest_gap: Duration,
    clock: Arc<dyn Clock>,
    metrics: HeartMetrics,
    last: Mutex<Last>,
}

#[derive(Debug, Clone)]
struct Last {
    assessment: Assessment,
    error: Option<StoreError>,
    good_look: Option<BootTime>,
}

impl GateState {
    pub(crate) fn new(standby: &GateConfig, clock: Arc<dyn Clock>) -> Self {
        let nothing =
            Assessment { verdict: Verdict::Unknown(UnknownCause::NotLooked), evidence: Evidence::default() };
        Self {
            this: standby.this.clone(),
            that: standby.that.clone(),
            primary: standby.primary.clone(),
            longest_gap: standby.rule.gap,
            clock,
            metrics: HeartMetrics::new(&standby.this, &standby.that, standby.timing.flatline_after)
                .of_a_closed_gate(),
            last: Mutex::new(Last { assessment: nothing, error: None, good_look: None }),
        }
    }

    /// Takes what a look found.
    pub(crate) fn note(&self, sight: &Sight) {
        self.metrics.note(sight);
        let mut last = self.last();
        // What counts as a good look is the detector's to say.
        if sight.assessment.evidence.failed_looks == last.assessment.evidence.failed_looks {
            last.good_look = Some(sight.look.completed.boot);
        }
        last.assessment = sight.assessment;
        last.error.clone_from(&sight.error);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for GateState {
    /// Ready means watching: the last good look is no longer ago than the longest gap that counts as a watch.
    fn ready(&self) -> Result<(), String> {
        let last = self.last();
        match last.good_look {
            Some(good_look) if self.clock.now().boot.since(good_look) <= self.longest_gap => Ok(()),
            _ => Err(match &last.error {
                Some(error) => error.to_string(),
                None => "no stamp was read yet".to_owned(),
            }),
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        self.metrics.encode(&mut text, self.last().assessment.evidence.stamp, self.clock.now().wall);
        heart_metrics::finished(text)
    }

    fn state(&self) -> Value {
        let last = self.last().clone();
        let primary = Some(&self.primary);
        let heart = HeartReport::new(&self.that, primary, &last.assessment, last.error.as_ref(), None);
        let info = format!("blocked until the heart of cluster {} is flat; {}", self.that, heart.info);
        json!({
            "program": "heart-monitor",
            "version": env!("CARGO_PKG_VERSION"),
            "cluster": self.this,
            "letter": "S",
            "ownership": "off",
            "blocked": true,
            "heart_beat_count": last.assessment.evidence.beats,
            "info": info,
            "watching": heart,
        })
    }
}
