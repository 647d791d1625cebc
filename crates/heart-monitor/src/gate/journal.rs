//! What the log says while a gate is closed: a line per change of state, and a summary every 30 seconds.

use std::time::Duration;

use failover_policy::{BootTime, ClusterId, Role, Timing, Verdict};
use heartbeat_store::BeatDetails;

use crate::gate::config::GateConfig;
use crate::heart_report::sentence;
use crate::watcher::Sight;

/// Time from one summary to the next: often enough to see a life sign in `kubectl logs`, seldom enough to read
/// a night of it.
const SUMMARY_EVERY: Duration = Duration::from_secs(30);
/// Skew that is worth a line.
const NOTABLE_SKEW: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Journal {
    that: ClusterId,
    timing: Timing,
    heart: Option<HeartState>,
    reads: ReadState,
    skew_logged: bool,
    details_wanted: bool,
    next_summary: Option<BootTime>,
}

/// What of a heart is worth a line when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeartState {
    Known(Verdict),
    /// Beating by the verdict, but silent for half the threshold: something may be coming.
    Quiet,
}

/// How reading goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadState {
    Fine,
    Failing { reason: &'static str, since: BootTime },
}

impl Journal {
    pub(crate) fn new(standby: &GateConfig) -> Self {
        Self {
            that: standby.that.clone(),
            timing: standby.timing,
            heart: None,
            reads: ReadState::Fine,
            skew_logged: false,
            details_wanted: true,
            next_summary: None,
        }
    }

    /// Logs what a look has changed.
    pub(crate) fn note(&mut self, sight: &Sight) {
        self.note_reads(sight);
        self.note_heart(sight);
        self.note_skew(sight);
        self.summarise(sight);
    }

    /// Logs why the gate opens.
    pub(crate) fn opened(&self, sight: &Sight) {
        let evidence = sight.assessment.evidence;
        tracing::info!(
            watching = %self.that,
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

    /// Whether the beat details are still to be looked at: once, when the first stamp was seen.
    pub(crate) fn wants_details(&self) -> bool {
        self.details_wanted
    }

    /// Says so where the beacon beats at an interval that makes this monitor's timing unsafe.
    pub(crate) fn note_details(&mut self, details: Option<&BeatDetails>) {
        self.details_wanted = false;
        let Some(interval) = details.and_then(BeatDetails::interval) else { return };
        if interval == self.timing.interval {
            return;
        }
        let timing =
            Timing { interval, write_deadline: Timing::default_write_deadline(interval), ..self.timing };
        match timing.check(Role::Gate) {
            Ok(()) => {
                tracing::info!(watching = %self.that, %interval, "the beacon beats at an interval of its own");
            }
            Err(error) => tracing::warn!(
                watching = %self.that, %interval, assumed = %self.timing.interval, %error,
                "the beacon's interval makes false alarms possible"
            ),
        }
    }

    fn note_reads(&mut self, sight: &Sight) {
        let now = sight.look.completed.boot;
        match (self.reads, &sight.error) {
            (ReadState::Fine, None) => {}
            (ReadState::Failing { reason, .. }, Some(error)) if reason == error.reason() => {}
            (previous, Some(error)) => {
                let since = match previous {
                    ReadState::Fine => now,
                    ReadState::Failing { since, .. } => since,
                };
                self.reads = ReadState::Failing { reason: error.reason(), since };
                tracing::warn!(watching = %self.that, reason = error.reason(), %error, "no stamp to be read");
            }
            (ReadState::Failing { since, .. }, None) => {
                self.reads = ReadState::Fine;
                tracing::info!(watching = %self.that, after = seconds(now.since(since)), "the stamp can be read");
            }
        }
    }

    fn note_heart(&mut self, sight: &Sight) {
        let verdict = sight.assessment.verdict;
        let silence = sight.assessment.evidence.silence.unwrap_or_default();
        let state = match verdict {
            Verdict::Beating if silence >= self.timing.flatline_after.get() / 2 => HeartState::Quiet,
            _ => HeartState::Known(verdict),
        };
        if self.heart.replace(state) == Some(state) {
            return;
        }
        let (watching, info) = (&self.that, sentence(&sight.assessment, sight.error.as_ref()));
        match state {
            HeartState::Known(Verdict::Beating) => tracing::info!(%watching, info, "beating"),
            HeartState::Known(Verdict::Flatlined(_)) => tracing::warn!(%watching, info, "flatlined"),
            HeartState::Known(Verdict::Unknown(cause)) => {
                let reason = Verdict::Unknown(cause).reason();
                tracing::info!(%watching, reason, info, "unknown");
            }
            HeartState::Quiet => {
                let left = self.timing.flatline_after.get().saturating_sub(silence);
                tracing::warn!(%watching, silence = seconds(silence), flat_in = seconds(left), "gone quiet");
            }
        }
    }

    fn note_skew(&mut self, sight: &Sight) {
        let Some(skew) = sight.assessment.evidence.skew else { return };
        if !self.skew_logged && skew.magnitude() > NOTABLE_SKEW {
            self.skew_logged = true;
            tracing::warn!(
                watching = %self.that, %skew,
                "the beacon's clock and this one are apart; no decision rests on it, but mend it"
            );
        }
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
            watching = %self.that,
            verdict = sight.assessment.verdict.word(),
            reason = sight.assessment.verdict.reason(),
            stamp_age = evidence.stamp_age.map(|age| age.to_string()),
            silence = evidence.silence.map(seconds),
            looks = evidence.looks,
            failed_looks = evidence.failed_looks,
            beats = evidence.beats,
            gaps = evidence.gaps,
            "still blocked"
        );
    }
}

/// Seconds with milliseconds, as every duration in the log that was measured.
fn seconds(span: Duration) -> String {
    format!("{:.3}s", span.as_secs_f64())
}
