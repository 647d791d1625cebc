//! What the log says while a gate without a record is closed.

use failover_policy::BootTime;
use heartbeat_store::StoreError;

use crate::gate::classic::config::GateConfig;
use crate::heart_journal::{HeartJournal, SUMMARY_EVERY};
use crate::heart_report::seconds;
use crate::watcher::Sight;

/// A line per change of the watched heart, and a summary every 30 seconds.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) heart: HeartJournal,
    next_summary: Option<BootTime>,
}

impl Journal {
    pub(crate) fn new(standby: &GateConfig) -> Self {
        let heart = HeartJournal::new(standby.that.clone(), standby.timing, standby.rule);
        Self { heart, next_summary: None }
    }

    /// Logs what a look has changed.
    pub(crate) fn note(&mut self, sight: &Sight) {
        self.heart.note(sight);
        if !sight.assessment.verdict.is_flatlined() {
            self.summarise(sight);
        }
    }

    /// Logs why the gate opens.
    pub(crate) fn opened(&self, sight: &Sight) {
        let evidence = sight.assessment.evidence;
        tracing::info!(
            watching = %self.heart.cluster(),
            reason = sight.assessment.verdict.reason(),
            stamp = evidence.stamp.map(|stamp| stamp.to_string()),
            stamp_time = evidence.stamp.map(|stamp| stamp.tick().to_string()),
            stamp_age = evidence.stamp_age.map(|age| age.to_string()),
            silence = evidence.silence.map(seconds),
            skew = evidence.skew.map(|skew| skew.to_string()),
            looks = evidence.looks,
            failed_looks = evidence.failed_looks,
            beats = evidence.beats,
            gaps = evidence.gaps,
            "go: the watched heart is flat"
        );
    }

    fn summarise(&mut self, sight: &Sight) {
        let now = sight.look.completed.boot;
        let due = *self.next_summary.get_or_insert(now.after(SUMMARY_EVERY));
        if now < due {
            return;
        }
        self.next_summary = Some(now.after(SUMMARY_EVERY));
        let evidence = sight.assessment.evidence;
        tracing::info!(
            watching = %self.heart.cluster(),
            verdict = sight.assessment.verdict.word(),
            reason = sight.assessment.verdict.reason(),
            stamp_age = evidence.stamp_age.map(|age| age.to_string()),
            silence = evidence.silence.map(seconds),
            looks = evidence.looks,
            failed_looks = evidence.failed_looks,
            beats = evidence.beats,
            gaps = evidence.gaps,
            read_error = sight.error.as_ref().map(StoreError::reason),
            unsafe_interval = self.heart.unsafe_interval().map(|interval| interval.to_string()),
            "still blocked"
        );
    }
}
