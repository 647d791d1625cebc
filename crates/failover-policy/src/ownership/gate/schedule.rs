//! When a gate looks at what, and until when it may sleep.

use std::time::Duration;

use super::decision::Decision;
use super::watch::HeartWatch;
use super::{Asked, Gate, Waiting};
use crate::{BootTime, ClusterId, Lane, MaintenanceFinding, Phase, Span, Step, UnderWay, WatchRule};

impl Gate {
    /// What is to be done about the record and the workload, where that may be done now.
    pub(super) fn act(&self, decision: &Decision, now: BootTime, under_way: UnderWay) -> Option<Step> {
        if under_way.has(Lane::Record) || !self.may_act_on_what_was_read(now, under_way) {
            return None;
        }
        match decision {
            Decision::Open(opening) => Some(Step::Open(opening.clone())),
            Decision::Swap { swap, .. } => {
                let may_swap = self.may_swap(now) && !self.wants_maintenance(decision, now);
                may_swap.then(|| Step::Swap(swap.clone()))
            }
            Decision::Wait(_) => None,
        }
    }

    /// What is due to be read comes before anything that rests on it. But an answer that has just come in comes before
    /// the next read of the same, or a store whose reads take as long as a poll would let nobody come to a decision. What
    /// was asked for before a freeze is asked for again.
    fn may_act_on_what_was_read(&self, now: BootTime, under_way: UnderWay) -> bool {
        let due = |lane, is_due: bool| is_due && !under_way.has(lane);
        let record_comes_first = due(Lane::Own, self.own_is_due(now)) || self.record_is_due(now);
        let heart_comes_first = due(Lane::Heart, self.heart_due(now).is_some());
        let is_fresh = self.record_read.is_some_and(|record| now.since(record.issued) <= self.rule.watch.gap);
        is_fresh && (self.record_is_news || !record_comes_first) && (self.heart_is_news || !heart_comes_first)
    }

    pub(super) fn own_is_due(&self, now: BootTime) -> bool {
        self.own.is_some() && is_due(self.own_read, self.rule.watch.poll, now)
    }

    /// Whether the record has to be read: once a poll, or, under a guard, after each look at the own stamp. Whatever is
    /// read that was asked for before that look had its answer says nothing about the beat in it.
    pub(super) fn record_is_due(&self, now: BootTime) -> bool {
        if self.own.is_none() {
            return is_due(self.record_read, self.rule.watch.poll, now);
        }
        let Some(own) = self.own_read else { return false };
        self.record_read.is_none_or(|record| record.issued < own.answered)
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

    /// When something is due next: later than `now`. What is under way has to come back first.
    pub(super) fn wake(&self, decision: &Decision, now: BootTime, under_way: UnderWay) -> BootTime {
        let poll = self.rule.watch.poll.get();
        let next = |read: Option<Asked>| read.map(|read| read.issued.after(poll));
        let record = if self.own.is_some() { None } else { next(self.record_read) };
        let maintenance = self.maintenance.as_ref().map(|(issued, _)| issued.after(poll));
        let awaited = match decision {
            Decision::Wait(waiting) => waiting.until(),
            Decision::Swap { .. } | Decision::Open(_) => self.no_swap_before,
        };
        let free = |lane| move |_: &BootTime| !under_way.has(lane);
        let wakes = [
            next(self.own_read).filter(free(Lane::Own)),
            record.filter(free(Lane::Record)),
            self.heart_to_read().and_then(HeartWatch::wake).filter(free(Lane::Heart)),
            maintenance.filter(|_| matches!(decision, Decision::Wait(Waiting::Maintenance))),
            awaited,
        ];
        let wake = wakes.into_iter().flatten().filter(|wake| *wake > now).min();
        wake.unwrap_or_else(|| now.after(poll))
    }
}

fn is_due(last: Option<Asked>, poll: Span, now: BootTime) -> bool {
    last.is_none_or(|last| now >= last.issued.after(poll.get()))
}
