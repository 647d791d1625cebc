//! When a gate looks at what, and until when it may sleep.

use std::time::Duration;

use super::decision::Decision;
use super::watch::HeartWatch;
use super::{Gate, Waiting};
use crate::{BootTime, ClusterId, MaintenanceFinding, Now, Phase, Span, WatchRule};

impl Gate {
    pub(super) fn own_is_due(&self, now: BootTime) -> bool {
        self.own.is_some() && is_due(self.own_issued, self.rule.watch.poll, now)
    }

    /// Whether a poll is over since the record was last read. Under a guard, looks at the own stamp are what is due.
    pub(super) fn record_is_due(&self, now: BootTime) -> bool {
        self.own.is_none() && is_due(self.record_issued, self.rule.watch.poll, now)
    }

    /// Whether the record has to be read in this round: under a guard each look at the own stamp is followed by one
    /// at the record, never the other way round.
    pub(super) fn record_is_left(&self) -> bool {
        match (self.own_issued, self.record_issued) {
            (Some(own), Some(record)) => own > record,
            (Some(_), None) => true,
            (None, _) => self.own.is_none() && self.record_issued.is_none(),
        }
    }

    /// Whether something of this round is left to do: reading the record, looking at the watched heart, or acting on
    /// both. It comes before the next round, or a store whose reads take as long as a poll would let nobody come to
    /// a decision. A round that a freeze cut short is not taken up again.
    pub(super) fn round_is_unfinished(&self, now: Now) -> bool {
        let Some(began) = self.own_issued.or(self.record_issued) else { return false };
        let last_read = self.record_issued.map_or(began, |record| record.max(began));
        if self.round_is_over || now.boot.since(last_read) > self.rule.watch.gap {
            return false;
        }
        let looked = |heart: &HeartWatch| heart.last_look_issued() >= Some(began);
        let heart_is_left =
            || self.heart_due(now.boot).is_some() && !self.heart_to_read().is_some_and(looked);
        self.record_is_left() || heart_is_left() || self.is_about_to_act(now)
    }

    fn is_about_to_act(&self, now: Now) -> bool {
        match self.decide(now) {
            Decision::Open(_) => true,
            Decision::Swap { .. } => self.may_swap(now.boot),
            Decision::Wait(_) => false,
        }
    }

    /// Whether the last swap that failed is long enough ago.
    pub(super) fn may_swap(&self, now: BootTime) -> bool {
        self.no_swap_before.is_none_or(|before| now >= before)
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
        let [sighted, blind] = self.verifiable(record, since);
        let is_blind = self.heart_to_read().is_some_and(HeartWatch::is_looked_at_blindly);
        pending.then_some(if is_blind { blind } else { sighted })
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
