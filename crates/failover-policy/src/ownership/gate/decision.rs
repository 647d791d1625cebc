//! What a gate makes of everything it knows: a pure function of its state and `now`.

use std::time::Duration;

use super::{Gate, HeartWatch, Mode, Opening, Waiting};
use crate::ownership::record::Signature;
use crate::{
    BootTime, ClusterId, Exhausted, Now, OwnershipRecord, Phase, Purpose, RecordState, Span, Swap, Verdict,
};

/// What is to be done as far as the gate knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Let the workload go.
    Open(Opening),
    /// Change the record.
    Swap {
        /// The change.
        swap: Box<Swap>,
        /// Whether it is an automatic takeover, which maintenance forbids.
        for_takeover: bool,
    },
    /// Go on looking.
    Wait(Waiting),
}

impl Gate {
    pub(super) fn decide(&self, now: Now) -> Decision {
        match &self.state {
            RecordState::NotRead | RecordState::Unreadable => self.decide_without_the_store(now.boot),
            RecordState::Lost(_) => Decision::Wait(Waiting::Lost),
            RecordState::Unusable(_) => Decision::Wait(Waiting::Unusable),
            RecordState::Absent if self.rule.this == self.rule.primary => self.decide_first_record(now),
            RecordState::Absent => self.decide_takeover(&self.implied(now), self.rule.lease.watch.get(), now),
            RecordState::Found(record) => self.decide_by_record(record, now),
        }
    }

    /// Only the primary's gate, and only without a guard, ever goes without the record: its region returns from a
    /// disaster with pods that start before the network is whole.
    fn decide_without_the_store(&self, now: BootTime) -> Decision {
        let knows_better = self.memory.has_read_a_record();
        let may_go = self.rule.mode == Mode::Prefer && !self.rule.guarded && !knows_better;
        if !may_go || self.rule.this != self.rule.primary {
            return Decision::Wait(Waiting::Record);
        }
        let goes_at = self.started.unwrap_or(now).after(self.rule.store_grace.get());
        if now >= goes_at {
            return Decision::Open(Opening::StoreGrace);
        }
        Decision::Wait(Waiting::StoreGrace(goes_at))
    }

    /// The primary without a record. A record that is not there may have vanished, and a guard elsewhere may still
    /// hold the right that it read there; so the first record is written when any such right has run out.
    fn decide_first_record(&self, now: Now) -> Decision {
        if self.rule.mode == Mode::Prefer && !self.rule.guarded {
            return Decision::Open(Opening::NoRecord);
        }
        let settled = self.stands_since(now.boot).after(self.settle(self.rule.lease.settle(Span::ZERO)));
        if now.boot < settled {
            return Decision::Wait(Waiting::FirstRecord(settled));
        }
        self.becoming_owner(now, Purpose::Create, false, self.implied(now).written_down(self.sign(now)))
    }

    fn decide_by_record(&self, record: &OwnershipRecord, now: Now) -> Decision {
        let this = &self.rule.this;
        let watch = self.rule.lease.watch.max(record.timing.watch).get();
        match &record.phase {
            Phase::Active { .. } if record.owner == *this && self.rule.guarded => {
                self.decide_owned(record, now)
            }
            Phase::Active { .. } if record.owner == *this => {
                Decision::Open(Opening::Owner(Box::new(record.clone())))
            }
            Phase::Active { .. } => self.decide_takeover(record, Duration::ZERO, now),
            Phase::Pending { .. } if record.owner == *this => self.decide_own_claim(record, watch, now),
            Phase::Pending { previous } if previous == this => self.decide_claim_against_us(record, now),
            Phase::Pending { .. } => self.decide_takeover(record, self.left_behind(record, watch), now),
            Phase::Releasing { successor, drain } => {
                let settled = self.settle(record.timing.settle(*drain));
                if record.owner == *this {
                    self.decide_own_release(record, successor, settled + 2 * watch, now)
                } else if successor == this {
                    self.decide_succession(record, settled, now)
                } else {
                    self.decide_takeover(record, settled + watch, now)
                }
            }
        }
    }

    /// A takeover's first step, once the heart is flat and the record has stood still for `standstill`: longer
    /// than whoever is at work on it would leave it, and long enough that what maintenance says is newer.
    fn decide_takeover(&self, record: &OwnershipRecord, standstill: Duration, now: Now) -> Decision {
        // Whoever can never claim says so while there is time to mend it.
        if let Some(why) = record.exhausted() {
            return Decision::Wait(Waiting::Exhausted(why));
        }
        let victim = record.last_that_may_run();
        let Some(flat_since) = self.flat_since(now.boot) else {
            return Decision::Wait(Waiting::Heart(victim.clone()));
        };
        let stood = self.stands_since(now.boot).after(self.rule.cache_age.get().max(standstill));
        if now.boot < stood {
            return Decision::Wait(Waiting::Claim(record.owner.clone(), stood));
        }
        let delayed = flat_since.after(self.rule.takeover_delay.get());
        if now.boot < delayed {
            return Decision::Wait(Waiting::TakeoverDelay(delayed));
        }
        self.becoming_owner(now, Purpose::Claim, true, record.claimed_by(&self.rule.this, self.sign(now)))
    }

    /// A takeover's last step. A claim that another process of this cluster left behind is left alone until it
    /// has stood still for a whole watch.
    fn decide_own_claim(&self, record: &OwnershipRecord, watch: Duration, now: Now) -> Decision {
        let is_ours = record.by == self.rule.by;
        if self.heart_beat_since_revision(now.boot) {
            let record = record.refused_to_claimant(OwnershipRecord::GIVEN_BACK, self.sign(now));
            return self.swap(Purpose::GiveBack, false, record);
        }
        let since = self.stands_since(now.boot);
        let stood = since.after(if is_ours { Duration::ZERO } else { watch });
        if now.boot < stood {
            return Decision::Wait(Waiting::Claim(record.owner.clone(), stood));
        }
        let [sighted, blind] = self.verifiable(record, since);
        let verified = self.heart.as_ref().is_some_and(|heart| heart.verifies(sighted, blind));
        if !verified || self.flat_since(now.boot).is_none() {
            let is_blind = self.heart.as_ref().is_some_and(HeartWatch::is_looked_at_blindly);
            return Decision::Wait(Waiting::Verify(if is_blind { blind } else { sighted }));
        }
        self.becoming_owner(now, Purpose::Own, !is_ours, record.owned(self.rule.lease, self.sign(now)))
    }

    /// When a claim that was first seen at `since` can be verified: by a look that brings a stamp, and by one that does
    /// not. The owner's beats may be hidden from a look without a stamp. But its guard extends no right over a claim;
    /// so such a claim must have stood for as long as a right can last that was extended right before it, as in a
    /// handover. In that time the owner contests it, if it lives.
    pub(super) fn verifiable(&self, claim: &OwnershipRecord, since: BootTime) -> [BootTime; 2] {
        let watch = self.rule.lease.watch.max(claim.timing.watch).get();
        let sighted = since.after(2 * self.rule.cache_age.get());
        [sighted, since.after(self.settle(watch)).max(sighted)]
    }

    /// How long the claim of another cluster stands still until it must have been left behind: a `watch` longer than its
    /// claimant waits to verify it, or rivals would go on taking each other's claims, and nobody would come to own the work.
    fn left_behind(&self, claim: &OwnershipRecord, watch: Duration) -> Duration {
        let start = BootTime::from_boot(Duration::ZERO);
        let [sighted, blind] = self.verifiable(claim, start);
        let is_blind = self.heart.as_ref().is_some_and(HeartWatch::saw_no_stamp);
        watch + if is_blind { blind } else { sighted }.since(start)
    }

    /// A claim against this cluster is taken back as soon as its heart beats.
    fn decide_claim_against_us(&self, record: &OwnershipRecord, now: Now) -> Decision {
        if !self.heart_beat_since_revision(now.boot) {
            return Decision::Wait(Waiting::OwnBeat);
        }
        let record = record.refused_to_claimant(OwnershipRecord::CONTESTED, self.sign(now));
        self.swap(Purpose::Contest, false, record)
    }

    /// The successor of a handover that nobody completed.
    fn decide_succession(&self, record: &OwnershipRecord, settled: Duration, now: Now) -> Decision {
        let stopped = self.stands_since(now.boot).after(settled);
        if now.boot < stopped {
            return Decision::Wait(Waiting::Release(stopped));
        }
        let next = record.handed_to(&self.rule.this, self.rule.lease, self.sign(now));
        self.becoming_owner(now, Purpose::Complete, false, next)
    }

    /// The owner that was asked to stop takes the work back when its successor is silent, and when the handover has
    /// been left alone for so long that nobody is there to complete it: a beacon can beat where nothing waits to run.
    fn decide_own_release(
        &self,
        record: &OwnershipRecord,
        successor: &ClusterId,
        left_alone: Duration,
        now: Now,
    ) -> Decision {
        let is_left_alone = now.boot >= self.stands_since(now.boot).after(left_alone);
        let reason = match self.flat_since(now.boot) {
            Some(_) => "handover called off: the successor is silent",
            None if is_left_alone => OwnershipRecord::NOT_COMPLETED,
            None => return Decision::Wait(Waiting::Successor(successor.clone())),
        };
        self.becoming_owner(now, Purpose::CallOff, false, record.kept(reason, self.sign(now)))
    }

    /// The owner's guard waits for nothing but its own heart. It may need a longer watch than was recorded: after a
    /// rollout with a longer grace it could not hold the work at all.
    fn decide_owned(&self, record: &OwnershipRecord, now: Now) -> Decision {
        if self.rule.lease.watch <= record.timing.watch {
            return Decision::Wait(if self.own_heart_beats(now.boot) {
                Waiting::Nothing
            } else {
                Waiting::OwnBeat
            });
        }
        self.swap(Purpose::Lengthen, false, record.lengthened(self.rule.lease, self.sign(now)))
    }

    /// A swap that makes this cluster the owner or its claimant: under a guard only while its own heart beats,
    /// since nothing could run otherwise.
    fn becoming_owner(
        &self,
        now: Now,
        purpose: Purpose,
        for_takeover: bool,
        record: Result<OwnershipRecord, Exhausted>,
    ) -> Decision {
        if self.rule.guarded && !self.own_heart_beats(now.boot) {
            return Decision::Wait(Waiting::OwnBeat);
        }
        if for_takeover && self.maintenance_is_known(now.boot) && !self.takeover_is_allowed() {
            return Decision::Wait(Waiting::Maintenance);
        }
        self.swap(purpose, for_takeover, record)
    }

    fn own_heart_beats(&self, now: BootTime) -> bool {
        self.own_heart(now).is_some_and(|own| own.verdict == Verdict::Beating)
    }

    fn swap(
        &self,
        purpose: Purpose,
        for_takeover: bool,
        record: Result<OwnershipRecord, Exhausted>,
    ) -> Decision {
        let record = match record {
            Ok(record) => record,
            Err(why) => return Decision::Wait(Waiting::Exhausted(why)),
        };
        let over = self.state.record().map(|record| record.revision);
        Decision::Swap { swap: Box::new(Swap { over, record, purpose }), for_takeover }
    }

    /// Since when the watched heart has been silent for long enough to be flat; `None` where it is not flat.
    fn flat_since(&self, now: BootTime) -> Option<BootTime> {
        let heart = self.heart.as_ref()?;
        let assessment = heart.assess(now);
        let silence = assessment.evidence.silence.filter(|_| assessment.verdict.is_flatlined())?;
        Some(heart.last_good_look()?.before(silence.saturating_sub(heart.confirm().get())))
    }

    fn heart_beat_since_revision(&self, now: BootTime) -> bool {
        let own = self.own.as_ref();
        self.heart.as_ref().is_some_and(|heart| {
            let own = own.filter(|_| *heart.cluster() == self.rule.this);
            heart.beat_since_revision(now, own)
        })
    }

    /// When the current record, or its absence, was first seen.
    pub(super) fn stands_since(&self, now: BootTime) -> BootTime {
        self.stands.map_or(now, |(_, since)| since)
    }

    /// How long a record must have stood for its effect to have reached everybody: readers may see it `c` late.
    fn settle(&self, settle: Duration) -> Duration {
        settle + self.rule.cache_age.get()
    }

    fn implied(&self, now: Now) -> OwnershipRecord {
        OwnershipRecord::implied(&self.rule.primary, self.rule.lease, now.wall)
    }

    fn sign(&self, now: Now) -> Signature<'_> {
        Signature { by: &self.rule.by, since: now.wall, primary: Some(&self.rule.primary) }
    }
}
