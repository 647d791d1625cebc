//! What the log says of a heart under watch: a line per change of state.

use std::time::Duration;

use failover_policy::{BootTime, ClusterId, Role, Span, Timing, UnknownCause, Verdict, WatchRule};
use heartbeat_store::{BeatDetails, StoreError};

use crate::heart_report::{seconds, sentence};
use crate::owner_heart;
use crate::read_journal::{ReadJournal, ReadNews};
use crate::strangers::Stranger;
use crate::watcher::{NOTABLE_SKEW, Sight};

/// Time from one summary to the next: often enough to see a life sign in `kubectl logs`, seldom enough to read
/// a night of it.
pub(crate) const SUMMARY_EVERY: Duration = Duration::from_secs(30);

/// The log of one heart.
#[derive(Debug)]
pub(crate) struct HeartJournal {
    that: ClusterId,
    timing: Timing,
    rule: WatchRule,
    heart: Option<HeartState>,
    reads: ReadJournal,
    gaps: u64,
    skewed: bool,
    /// The beacon's interval by its details; `None` before any were read.
    interval: Option<Span>,
    next_details: Option<BootTime>,
    /// Whether it was said which clusters do beat, where this one never did.
    introduced: bool,
}

/// What of a heart is worth a line when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeartState {
    Known(Verdict),
    /// Beating by the verdict, but silent for half the threshold: something may be coming.
    Quiet,
}

impl HeartJournal {
    pub(crate) fn new(that: ClusterId, timing: Timing, rule: WatchRule) -> Self {
        Self {
            that,
            timing,
            rule,
            heart: None,
            reads: ReadJournal::Fine,
            gaps: 0,
            skewed: false,
            interval: None,
            next_details: None,
            introduced: false,
        }
    }

    /// Logs what a look has changed.
    pub(crate) fn note(&mut self, sight: &Sight) {
        self.note_reads(sight);
        self.note_gap(sight);
        self.note_heart(sight);
        self.note_skew(sight);
    }

    /// Whose heart it is.
    pub(crate) fn cluster(&self) -> &ClusterId {
        &self.that
    }

    /// Whether the beat details are to be looked at: with the first stamp, once more an interval later where there
    /// were none yet (a beacon writes them after its stamp), and then with every summary, since another beacon may
    /// have taken over. Never with every look, since a classic writer has none.
    pub(crate) fn wants_details(&self, sight: &Sight) -> bool {
        let due = self.next_details.is_none_or(|due| sight.look.completed.boot >= due);
        sight.assessment.evidence.beats > 0 && due
    }

    /// Whether it has to be said, once, which clusters beat here, since this one never did.
    pub(crate) fn wants_clusters(&self, sight: &Sight) -> bool {
        !self.introduced && sight.assessment.verdict == Verdict::Unknown(UnknownCause::NeverSeen)
    }

    /// Says of a cluster that never beat here which ones did.
    pub(crate) fn note_stranger(&mut self, stranger: &Stranger) {
        self.introduced = true;
        if stranger.has_come() {
            return;
        }
        tracing::warn!(
            watching = %self.that,
            nearest = stranger.nearest().map(ClusterId::as_str),
            "{stranger}"
        );
    }

    /// Says so where the beacon beats at an interval that makes this monitor's timing unsafe.
    pub(crate) fn note_details(&mut self, details: Option<&BeatDetails>, sight: &Sight) {
        let missed_at_first = details.is_none() && self.next_details.is_none();
        let pause = if missed_at_first { self.timing.interval.get() } else { SUMMARY_EVERY };
        self.next_details = Some(sight.look.completed.boot.after(pause));
        let Some(interval) = details.and_then(BeatDetails::interval) else { return };
        if self.interval.replace(interval) == Some(interval) || interval == self.timing.interval {
            return;
        }
        match self.timing.with_interval(interval).check(Role::Gate) {
            Ok(()) => {
                tracing::info!(watching = %self.that, %interval, "the beacon beats at an interval of its own");
            }
            Err(error) => tracing::warn!(
                watching = %self.that, %interval, assumed = %self.timing.interval, %error,
                "the beacon's interval makes false alarms possible"
            ),
        }
    }

    /// Before the first good look there is no watch to be endangered, but somebody to be told.
    fn note_reads(&mut self, sight: &Sight) {
        let (issued, now) = (sight.look.issued.boot, sight.look.completed.boot);
        let never_seen = sight.assessment.evidence.beats == 0;
        let tolerated = if never_seen { Duration::ZERO } else { self.timing.poll.get() };
        let reason = sight.error.as_ref().map(StoreError::reason);
        match (self.reads.note(reason, issued, now, tolerated), &sight.error) {
            (ReadNews::Fails, Some(error)) => {
                // One that nobody ever saw well is not mended by waiting.
                let is_for_good = never_seen && matches!(error, StoreError::Malformed { .. });
                let advice = is_for_good.then(owner_heart::a_beat_or_another);
                tracing::warn!(watching = %self.that, reason = error.reason(), %error, advice, "no stamp to be read");
            }
            (ReadNews::Works(after), _) => {
                tracing::info!(watching = %self.that, after = seconds(after), "the stamp can be read");
            }
            (ReadNews::Fails | ReadNews::Nothing, _) => {}
        }
    }

    fn note_gap(&mut self, sight: &Sight) {
        let gaps = sight.assessment.evidence.gaps;
        if gaps > self.gaps {
            self.gaps = gaps;
            let longest = seconds(self.rule.gap);
            tracing::warn!(
                watching = %self.that, gaps, longest,
                "the watch starts over: good looks were too far apart"
            );
        }
    }

    fn note_heart(&mut self, sight: &Sight) {
        let verdict = sight.assessment.verdict;
        let silence = sight.assessment.evidence.silence.unwrap_or_default();
        let state = match verdict {
            Verdict::Beating if silence >= self.quiet_after() => HeartState::Quiet,
            _ => HeartState::Known(verdict),
        };
        if self.heart.replace(state) == Some(state) {
            return;
        }
        // Why a read failed has a line of its own.
        let (watching, info) = (&self.that, sentence(&sight.assessment, None));
        match state {
            HeartState::Known(Verdict::Beating) => tracing::info!(%watching, info, "beating"),
            HeartState::Known(Verdict::Flatlined(_)) => tracing::warn!(%watching, info, "flatlined"),
            HeartState::Known(Verdict::Unknown(cause)) => {
                let reason = Verdict::Unknown(cause).reason();
                tracing::info!(%watching, reason, info, "unknown");
            }
            HeartState::Quiet => {
                let left = self.timing.flatline_after.get().saturating_sub(silence);
                tracing::warn!(%watching, silence = seconds(silence), flat_within = seconds(left), "gone quiet");
            }
        }
    }

    /// The beacon's interval where it makes this monitor's timing unsafe.
    pub(crate) fn unsafe_interval(&self) -> Option<Span> {
        self.interval.filter(|interval| self.timing.with_interval(*interval).check(Role::Gate).is_err())
    }

    /// Half the threshold, or longer where one lost beat is no news.
    fn quiet_after(&self) -> Duration {
        let interval = self.interval.unwrap_or(self.timing.interval);
        let one_lost_beat = 2 * interval.get() + self.timing.write_deadline.get();
        one_lost_beat.max(self.timing.flatline_after.get() / 2)
    }

    fn note_skew(&mut self, sight: &Sight) {
        let Some(skew) = sight.assessment.evidence.skew else { return };
        let skewed =
            sight.certain_skew(self.timing.poll).is_some_and(|certain| certain.magnitude() > NOTABLE_SKEW);
        if skewed == std::mem::replace(&mut self.skewed, skewed) {
            return;
        }
        let watching = &self.that;
        match (skewed, self.rule.confirm == Span::ZERO) {
            (true, false) => tracing::warn!(
                %watching, %skew, "the beacon's clock and this one are apart; no decision rests on it, but mend it"
            ),
            (true, true) => tracing::warn!(
                %watching, %skew, "the beacon's clock and this one are apart, and --confirm 0s believes them: mend it"
            ),
            (false, _) => {
                tracing::info!(%watching, %skew, "the beacon's clock and this one are in step again");
            }
        }
    }
}
