//! When a gate looks at what, and until when it may sleep.

use std::time::Duration;

use super::decision::Decision;
use super::watch::HeartWatch;
use super::{Gate, Waiting};
use crate::{BootTime, ClusterId, MaintenanceFinding, Phase, Span, WatchRule};

impl Gate {
    pub(super) fn own_is_due(&self, now: BootTime) -> bool {
        self.own.is_some() && is_due(self.own_issued, self.rule.watch.poll, now)
    }

    /// Under a guard each look at the own stamp is followed by one at the record, never the other way round.
    pub(super) fn record_is_due(&self, now: BootTime) -> bool {
        match (self.own_issued, self.record_issued) {
            (_, None) => true,
            (Some(own), Some(record)) => own > record,
            (None, Some(_)) => is_due(self.record_issued, self.rule.watch.poll, now),
        }
    }

    pub(super) fn heart_due(&self, now: BootTime) -> Option<ClusterId> {
        let heart = self.heart_to_read()?;
        heart.is_due(now, self.verify_due()).then(|| heart.cluster().clone())
    }

    /// The watched heart, unless it is this cluster's own under a guard, which is read as such.
    fn heart_to_read(&self) -> Option<&HeartWatch> {
        let read_as_own = |cluster: &ClusterId| self.rule.guarded && *cluster == self.rule.this;
        self.heart.as_ref().filter(|heart| !read_as_own(heart.cluster()))
    }

    /// When the read that verifies a pending claim of this cluster may be issued at the earliest.
    fn verify_due(&self) -> Option<BootTime> {
        let record = self.state.record()?;
        let (_, since) = self.stands?;
        let pending = record.owner == self.rule.this && matches!(record.phase, Phase::Pending { .. });
        pending.then(|| since.after(2 * self.rule.cache_age.get()))
    }

    /// Whether the maintenance record has to be read now: before a takeover, and a little ahead of one, so that
    /// the takeover need not wait for the answer.
    pub(super) fn wants_maintenance(&self, decision: &Decision, now: BootTime) -> bool {
        let imminent = match decision {
            Decision::Swap { for_takeover, .. } => *for_takeover,
            Decision::Wait(Waiting::Heart(_)) => self.takeover_is_near(now),
            Decision::Wait(_) | Decision::Open(_) => false,
        };
        imminent && !self.maintenance_is_known(now)
    }

    fn takeover_is_near(&self, now: BootTime) -> bool {
        let Some(heart) = self.heart_to_read() else { return false };
        let ahead = 2 * self.rule.watch.poll.get();
        let near = |silence: Duration| silence + ahead >= heart.confirm().get();
        now >= self.maintenance_counts_from(now) && heart.assess(now).evidence.silence.is_some_and(near)
    }

    /// Switching maintenance on gives the record another revision, so that a reading from before that one was seen
    /// is out of date. Where there is no record to tell, no reading lasts.
    pub(super) fn maintenance_is_known(&self, now: BootTime) -> bool {
        let Some((issued, finding)) = &self.maintenance else { return false };
        let WatchRule { flatline_after, poll, gap, .. } = self.rule.watch;
        let lasts = match (finding.allows_takeover(), self.state.record()) {
            (true, Some(_)) => flatline_after.get(),
            // Longer than any read takes.
            (true, None) => gap,
            (false, _) => poll.get(),
        };
        *issued >= self.maintenance_counts_from(now) && now.since(*issued) < lasts
    }

    /// A reading that was issued earlier may be from before the record changed.
    fn maintenance_counts_from(&self, now: BootTime) -> BootTime {
        self.stands_since(now).after(self.rule.cache_age.get())
    }

    pub(super) fn takeover_is_allowed(&self) -> bool {
        self.maintenance().is_some_and(MaintenanceFinding::allows_takeover)
    }

    /// When something is due next: later than `now`.
    pub(super) fn wake(&self, decision: &Decision, now: BootTime) -> BootTime {
        let poll = self.rule.watch.poll.get();
        let next = |issued: Option<BootTime>| issued.map(|issued| issued.after(poll));
        let record = if self.own.is_some() { None } else { next(self.record_issued) };
        let maintenance = self.maintenance.as_ref().map(|(issued, _)| issued.after(poll));
        let awaited = match decision {
            Decision::Wait(waiting) => waiting.until(),
            Decision::Swap { .. } | Decision::Open(_) => self.no_swap_before,
        };
        let wakes = [
            next(self.own_issued),
            record,
            self.heart_to_read().and_then(HeartWatch::wake),
            maintenance.filter(|_| matches!(decision, Decision::Wait(Waiting::Maintenance))),
            awaited,
        ];
        let wake = wakes.into_iter().flatten().filter(|wake| *wake > now).min();
        wake.unwrap_or_else(|| now.after(poll))
    }
}

fn is_due(issued: Option<BootTime>, poll: Span, now: BootTime) -> bool {
    issued.is_none_or(|issued| now >= issued.after(poll.get()))
}
