//! The guard's right to run: what one beat of one's own cluster is worth, and for how long.

use std::collections::VecDeque;
use std::time::Duration;

use crate::seen::SeenStamps;
use crate::{ClusterId, Finding, HoldTime, LeaseTiming, Look, OwnershipRecord, RecordState};

/// What a guard does when the store cannot be read or the record is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnStoreLoss {
    /// The right runs out: a pause rather than two workloads.
    #[default]
    Stop,
    /// It goes on: two workloads rather than a pause.
    Keep,
}

/// The right of this cluster's workload to run.
///
/// It is extended by a beat of this cluster's own heart and a look at the record, *issued after* the read that
/// showed the beat, that finds this cluster the active owner. It then lasts [`LeaseTiming::hold`] from the issue
/// of the last read that did *not* yet show the beat: from before the beat was written, so that no claimant can
/// have started its watch earlier.
///
/// While the record asks this cluster to release the work, the same evidence extends the right to *finish*: a
/// workload may be given longer to drain than any claimant would wait after the handover was called off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Right {
    this: ClusterId,
    own: LeaseTiming,
    on_store_loss: OnStoreLoss,
    seen: SeenStamps,
    /// When the last read was issued that brought a stamp: the next beat was not written yet.
    not_yet_seen: Option<HoldTime>,
    /// Beats that no record has confirmed yet, the last one at the end. On a slow store the next beat is seen while the
    /// record that is to confirm the one before is still being read.
    beats: VecDeque<Beat>,
    lease: Option<Lease>,
}

/// A beat of one's own heart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Beat {
    /// A moment from before it was written.
    not_before: HoldTime,
    /// When it was seen: a record read that was issued earlier does not count.
    seen_at: HoldTime,
}

/// A confirmed right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lease {
    term: u64,
    /// A moment from before the beat was written that it rests on.
    not_before: HoldTime,
    until: HoldTime,
    /// How long a beat is worth, and how far a look that failed pushes the deadline where store loss is to be survived.
    hold: Duration,
    /// Whether it is a right to finish only.
    draining: bool,
}

impl Right {
    /// How many beats may wait for a record: one that it confirms, and as many as can be seen while it is read. Looks at
    /// the own stamp are a poll apart, and a read takes one and a half at the most.
    const UNCONFIRMED: usize = 4;

    /// No right yet. `own` is what this guard promises.
    pub fn new(this: ClusterId, own: LeaseTiming, on_store_loss: OnStoreLoss) -> Self {
        let seen = SeenStamps::default();
        Self { this, own, on_store_loss, seen, not_yet_seen: None, beats: VecDeque::new(), lease: None }
    }

    /// Takes a read of this cluster's own stamp. Reads that brought no stamp show nothing.
    pub fn handle_own(&mut self, look: Look) {
        let Finding::Stamp(stamp) = look.finding else {
            self.survive_store_loss(look.finding == Finding::Unreadable, look.completed.hold);
            return;
        };
        let not_before = self.not_yet_seen.replace(look.issued.hold);
        if self.seen.is_new(stamp)
            && let Some(not_before) = not_before
        {
            if self.beats.len() == Self::UNCONFIRMED {
                self.beats.pop_front();
            }
            self.beats.push_back(Beat { not_before, seen_at: look.completed.hold });
        }
    }

    /// Takes what a look at the record, made between these two moments, came to.
    pub fn handle_record(&mut self, state: &RecordState, issued: HoldTime, completed: HoldTime) {
        match state {
            RecordState::Found(record) if record.lets_run(&self.this) => {
                self.extend(record, issued, false);
            }
            RecordState::Found(record) if record.is_released_by(&self.this) => {
                self.extend(record, issued, true);
            }
            // A claim is no change of owner yet: nothing extends the right, and it lasts as long as it did.
            RecordState::Found(record) if record.is_claim_against(&self.this) => {
                self.drop_unless(record.term);
            }
            RecordState::Found(_) | RecordState::Absent => self.lease = None,
            RecordState::Unreadable | RecordState::Lost(_) => self.survive_store_loss(true, completed),
            RecordState::Unusable(_) | RecordState::NotRead => {}
        }
    }

    /// The term under which this cluster's workload may run at `now`, and until when.
    pub fn held(&self, now: HoldTime) -> Option<(u64, HoldTime)> {
        let lease = self.lease.filter(|lease| !lease.draining && now < lease.until)?;
        Some((lease.term, lease.until))
    }

    /// When the right that was last confirmed runs out, or ran out; `None` where there is none, or it was taken
    /// away.
    pub fn deadline(&self) -> Option<HoldTime> {
        self.lease.filter(|lease| !lease.draining).map(|lease| lease.until)
    }

    /// Until when a workload that was asked to stop may take its time, whatever drain it was given; `None` where
    /// the work is, or may be, somebody else's.
    pub fn may_finish_until(&self) -> Option<HoldTime> {
        self.lease.map(|lease| lease.until)
    }

    /// Whether a beat was seen since the record last said that this cluster may run.
    pub fn has_unconfirmed_beat(&self) -> bool {
        !self.beats.is_empty()
    }

    fn extend(&mut self, record: &OwnershipRecord, issued: HoldTime, draining: bool) {
        self.drop_unless(record.term);
        if let Some(lease) = &mut self.lease {
            lease.draining = draining;
        }
        let hold = self.own.under(record.timing).hold_time();
        let beat = self.take_confirmed(issued).map(|beat| beat.not_before);
        // The last beat is worth more under a record with slower timings: whoever claims the work claims it from that.
        let eased = || self.lease.filter(|lease| lease.hold < hold).map(|lease| lease.not_before);
        let Some(not_before) = beat.or_else(eased) else { return };
        let confirmed = not_before.after(hold);
        let until = match (self.on_store_loss, self.lease) {
            // The first beat after an outage counts from before the outage, which was to be survived.
            (OnStoreLoss::Keep, Some(lease)) => confirmed.max(lease.until),
            _ => confirmed,
        };
        self.lease = Some(Lease { term: record.term, not_before, until, hold, draining });
    }

    /// The last beat that was seen before a read of the record was issued.
    fn take_confirmed(&mut self, issued: HoldTime) -> Option<Beat> {
        let confirmed = self.beats.partition_point(|beat| beat.seen_at <= issued);
        self.beats.drain(..confirmed).next_back()
    }

    /// Another term is another right: the old one is gone, whatever time it had left.
    fn drop_unless(&mut self, term: u64) {
        self.lease = self.lease.filter(|lease| lease.term == term);
    }

    /// Pushes the deadline of a right that is still held, where the store failed and that is to be survived.
    fn survive_store_loss(&mut self, failed: bool, now: HoldTime) {
        if !failed || self.on_store_loss == OnStoreLoss::Stop {
            return;
        }
        if let Some(lease) = self.lease.as_mut().filter(|lease| now < lease.until) {
            lease.until = lease.until.max(now.after(lease.hold));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Malformed, Now, OwnershipRecord, Phase, Span, Stamp, Tick, Timing};

    fn at(millis: u64) -> HoldTime {
        HoldTime::from_boot(Duration::from_millis(millis))
    }

    fn record(term: u64) -> RecordState {
        RecordState::Found(Box::new(OwnershipRecord {
            revision: term,
            term,
            owner: "a".parse().unwrap(),
            phase: Phase::Active { previous: None },
            timing: LeaseTiming::of(&Timing::default()),
            since: Tick::UNIX_EPOCH,
            by: "me".to_owned(),
            reason: String::new(),
            primary: None,
        }))
    }

    fn right(on_store_loss: OnStoreLoss) -> Right {
        Right::new("a".parse().unwrap(), LeaseTiming::of(&Timing::default()), on_store_loss)
    }

    impl Right {
        /// A read of the own stamp between these two moments.
        fn own(&mut self, issued: u64, completed: u64, finding: Finding) {
            let now = |at| Now::in_step(Duration::from_millis(at), Tick::UNIX_EPOCH);
            self.handle_own(Look { issued: now(issued), completed: now(completed), finding });
        }

        /// A read of the record between these two moments.
        fn look(&mut self, issued: u64, completed: u64, state: &RecordState) {
            self.handle_record(state, at(issued), at(completed));
        }
    }

    fn beat(count: i64) -> Finding {
        Finding::Stamp(Stamp::new(Tick::from_count(count).unwrap()))
    }

    #[test]
    fn the_first_stamp_is_no_beat_and_the_second_counts_from_the_issue_of_the_read_before() {
        let mut right = right(OnStoreLoss::Stop);
        right.own(0, 900, beat(1));
        right.look(900, 950, &record(1));
        assert_eq!((right.deadline(), right.has_unconfirmed_beat()), (None, false));
        right.own(1000, 1900, beat(2));
        assert_eq!(
            (right.deadline(), right.has_unconfirmed_beat()),
            (None, true),
            "no record was read since"
        );
        right.look(1900, 2000, &record(1));
        assert_eq!(right.held(at(2000)), Some((1, at(6982))), "0 s + L");
        assert_eq!(right.held(at(6981)), Some((1, at(6982))));
        assert_eq!((right.held(at(6982)), right.deadline()), (None, Some(at(6982))), "over, not taken away");
    }

    #[test]
    fn a_record_read_that_was_issued_before_the_beat_was_seen_confirms_nothing() {
        let mut right = right(OnStoreLoss::Stop);
        right.own(0, 0, beat(1));
        right.own(1000, 1900, beat(2));
        right.look(1899, 2500, &record(1));
        assert_eq!((right.deadline(), right.has_unconfirmed_beat()), (None, true));
        right.look(2500, 2600, &record(1));
        assert_eq!(right.deadline(), Some(at(6982)));
    }

    #[test]
    fn a_record_read_confirms_what_was_seen_before_it_was_issued_also_where_more_was_seen_meanwhile() {
        let mut right = right(OnStoreLoss::Stop);
        right.own(0, 0, beat(1));
        for (poll, count) in (1..).zip(2..20) {
            // Each answer takes the whole poll, and each brings a beat: the record that was asked for when the one
            // before came in is answered after it.
            let issued = poll * 1000;
            right.own(issued, issued + 1000, beat(count));
            right.look(issued, issued + 1000, &record(1));
            let confirmed = (issued > 1000).then(|| at(issued - 2000 + 6982));
            assert_eq!(right.deadline(), confirmed, "{issued}");
        }
    }

    #[test]
    fn beats_that_no_record_confirms_are_forgotten_but_for_the_last_ones() {
        let mut right = right(OnStoreLoss::Stop);
        right.own(0, 0, beat(0));
        (1..100).for_each(|poll| right.own(poll * 1000, poll * 1000, beat(poll.cast_signed())));
        assert_eq!(right.beats.len(), Right::UNCONFIRMED);
        right.look(99_000, 99_000, &record(1));
        assert_eq!((right.deadline(), right.has_unconfirmed_beat()), (Some(at(98_000 + 6982)), false));
    }

    #[test]
    fn a_beat_confirms_once() {
        let mut right = right(OnStoreLoss::Stop);
        right.own(0, 0, beat(1));
        right.own(1000, 1000, beat(2));
        right.look(1000, 1000, &record(1));
        right.own(2000, 2000, beat(2));
        right.look(2000, 2000, &record(1));
        assert_eq!(right.deadline(), Some(at(6982)), "the same stamp again extends nothing");
        right.own(3000, 3000, beat(1));
        right.look(3000, 3000, &record(1));
        assert_eq!(right.deadline(), Some(at(6982)), "nor does an old one: a late write");
    }

    #[test]
    fn a_right_is_tied_to_its_term() {
        let mut right = right(OnStoreLoss::Keep);
        right.own(0, 0, beat(1));
        right.own(1000, 1000, beat(2));
        right.look(1000, 1000, &record(1));
        right.look(2000, 2000, &record(2));
        assert_eq!(right.deadline(), None, "another term, and no beat to confirm it");
        right.own(3000, 3000, beat(3));
        right.look(3000, 3000, &record(2));
        assert_eq!(right.held(at(3000)), Some((2, at(7982))));
    }

    #[test]
    fn a_guard_that_can_hold_for_no_time_at_all_gets_no_right() {
        let own = LeaseTiming { watch: Span::from_secs(1), stop: Span::from_secs(2) };
        let mut right = Right::new("a".parse().unwrap(), own, OnStoreLoss::Stop);
        right.own(0, 0, beat(1));
        right.own(1, 1, beat(2));
        right.look(1, 1, &record(1));
        assert_eq!(right.held(at(1)), None);
    }

    #[test]
    fn keep_pushes_a_right_that_is_held_and_only_for_reads_that_failed() {
        let lost = RecordState::Lost(crate::LossCause::Missing);
        let unusable = RecordState::Unusable(crate::UnusableRecord::Newer(2));
        let table = [(RecordState::Unreadable, 11_982), (lost, 11_982), (unusable, 6982)];
        for (state, until) in table {
            let mut right = right(OnStoreLoss::Keep);
            right.own(0, 0, beat(1));
            right.own(1000, 1000, beat(2));
            right.look(1000, 1000, &record(1));
            right.look(4000, 5000, &state);
            assert_eq!(right.deadline(), Some(at(until)), "{state:?}: from the end of the read, plus L");
            right.look(20_000, 20_000, &state);
            assert_eq!(right.deadline(), Some(at(until)), "what has run out is not pushed");
        }
        for (finding, until) in [
            (Finding::Unreadable, 11_982),
            (Finding::Missing, 6982),
            (Finding::Malformed(Malformed::Foreign), 6982),
        ] {
            let mut right = right(OnStoreLoss::Keep);
            right.own(0, 0, beat(1));
            right.own(1000, 1000, beat(2));
            right.look(1000, 1000, &record(1));
            right.own(4000, 5000, finding);
            assert_eq!(right.deadline(), Some(at(until)), "{finding:?}");
        }
    }
}
