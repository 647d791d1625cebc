//! The handover: an operator moves the work to another cluster, one side stopping before the other starts.

use crate::ownership::record::Signature;
use crate::{
    BootTime, ClusterId, Detector, Exhausted, Lane, LeaseTiming, Look, Now, OwnershipRecord, Phase, Purpose,
    RecordFinding, RecordLook, RecordMemory, RecordState, Span, Swap, SwapOutcome, UnderWay, UnusableRecord,
    Verdict, WatchRule,
};

/// What a handover is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HandoverRule {
    /// The cluster that is to own the work.
    pub to: ClusterId,
    /// How long the workload may finish in peace.
    pub drain: Span,
    /// Names this process, unlike any other.
    pub by: String,
    /// When the successor counts as beating or silent.
    pub watch: WatchRule,
    /// What this handover writes into the record when it completes: nobody holds the work by what was promised before.
    pub lease: LeaseTiming,
    /// `c`: how old the answer of a guard's read can be on this place, [in true time](crate::GateRule::in_true_time).
    pub cache_age: Span,
}

/// The next thing to carry out, as [`crate::Step`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HandoverStep {
    /// Read the record and hand it to `handle_record`.
    ReadRecord,
    /// Read the successor's stamp and hand it to `handle_heart`.
    ReadHeart(ClusterId),
    /// Swap the record and hand the outcome to `handle_swap`.
    Swap(Box<Swap>),
    /// Sleep until then.
    Sleep(BootTime),
    /// There is nothing left to do.
    Done(HandoverEnd),
}

impl HandoverStep {
    /// As [`crate::Step::lane`].
    pub fn lane(&self) -> Option<Lane> {
        match self {
            Self::ReadRecord | Self::Swap(_) => Some(Lane::Record),
            Self::ReadHeart(_) => Some(Lane::Heart),
            Self::Sleep(_) | Self::Done(_) => None,
        }
    }
}

/// How a handover ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HandoverEnd {
    /// The successor owns the work.
    HandedOver(Box<OwnershipRecord>),
    /// It did so before this handover began.
    AlreadyOwner(Box<OwnershipRecord>),
    /// The handover to somebody else was called off: the owner keeps the work.
    CalledOff(Box<OwnershipRecord>),
    /// The successor's heart does not beat. Nothing was changed, or the old owner has the work back.
    SuccessorSilent,
    /// Somebody else ended this handover: the record is now this one.
    Overtaken(Box<OwnershipRecord>),
    /// A takeover is under way; it has to end first.
    TakeoverUnderWay(Box<OwnershipRecord>),
    /// A handover to another cluster is under way; it has to be called off first.
    OtherHandover(Box<OwnershipRecord>),
    /// There is no record, and whether there ever was one this process cannot know.
    NoRecord,
    /// The record was read before and is lost.
    Lost,
    /// The record cannot be used.
    Unusable(UnusableRecord),
    /// The record cannot count further.
    Exhausted(Exhausted),
}

/// What a handover waits for, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HandoverWait {
    /// For the record to be read.
    Record,
    /// For a beat of the successor.
    SuccessorBeat,
    /// For the old side to have stopped, at that moment for certain.
    OldSideStops(BootTime),
}

/// One handover, from a fresh start or from where another left off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handover {
    rule: HandoverRule,
    memory: RecordMemory,
    state: RecordState,
    stands: Option<(Option<u64>, BootTime)>,
    record_issued: Option<BootTime>,
    /// Whether nothing was decided yet on what the last read of the record showed.
    record_is_news: bool,
    /// The same of the successor's heart.
    heart_is_news: bool,
    no_swap_before: Option<BootTime>,
    successor: Detector,
    /// When the looks at the successor began that go on without a gap.
    watched_since: Option<BootTime>,
    /// Whether the record was seen releasing to the successor.
    releasing_seen: bool,
    /// The revision by which this process called a handover off, and why.
    called_off: Option<(u64, CallOff)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CallOff {
    Asked,
    SuccessorSilent,
}

impl Handover {
    /// A handover that has read nothing yet.
    pub fn new(rule: HandoverRule) -> Self {
        let successor = Detector::new(rule.watch);
        Self {
            rule,
            memory: RecordMemory::default(),
            state: RecordState::NotRead,
            stands: None,
            record_issued: None,
            record_is_news: false,
            heart_is_news: false,
            no_swap_before: None,
            successor,
            watched_since: None,
            releasing_seen: false,
            called_off: None,
        }
    }

    /// What to do next, while that is under way. What is due to be read comes before a decision, but an answer that has
    /// just come in before the next read of the same, as in the gate.
    pub fn poll_step(&mut self, now: Now, under_way: UnderWay) -> HandoverStep {
        let free = |lane| !under_way.has(lane);
        let is_due = |due: Option<BootTime>| due.is_none_or(|due| now.boot >= due);
        let record_due = self.record_issued.map(|issued| issued.after(self.rule.watch.poll.get()));
        let heart_due = self.successor.poll_wake();
        let record_is_due = is_due(record_due);
        let heart_is_due = self.needs_heart() && free(Lane::Heart) && is_due(heart_due);
        let decides = free(Lane::Record)
            && self.record_issued.is_some()
            && (self.record_is_news || !record_is_due)
            && (self.heart_is_news || !heart_is_due);
        let awaited = match self.decide(now) {
            Ok(swap) if decides && self.may_swap(now.boot) => return HandoverStep::Swap(Box::new(swap)),
            Err(Pause::Done(end)) if decides => return HandoverStep::Done(end),
            Ok(_) | Err(Pause::Done(_)) => self.no_swap_before,
            Err(Pause::Wait(HandoverWait::OldSideStops(until))) => Some(until),
            Err(Pause::Wait(HandoverWait::Record | HandoverWait::SuccessorBeat)) => None,
        };
        if free(Lane::Record) && record_is_due {
            return HandoverStep::ReadRecord;
        }
        if heart_is_due {
            return HandoverStep::ReadHeart(self.rule.to.clone());
        }
        (self.record_is_news, self.heart_is_news) = (false, false);
        let record_due = record_due.filter(|_| free(Lane::Record));
        let heart_due = heart_due.filter(|_| self.needs_heart() && free(Lane::Heart));
        let wakes = [record_due, heart_due, awaited];
        let wake = wakes.into_iter().flatten().filter(|wake| *wake > now.boot).min();
        HandoverStep::Sleep(wake.unwrap_or_else(|| now.boot.after(self.rule.watch.poll.get())))
    }

    /// Takes a read of the record.
    pub fn handle_record(&mut self, look: RecordLook) {
        self.record_issued = Some(look.issued.boot);
        self.record_is_news = true;
        let completed = look.completed.boot;
        self.state = self.memory.take(look, self.rule.cache_age);
        let found = match &self.state {
            RecordState::Found(record) => Some(record.revision),
            RecordState::Absent => None,
            RecordState::NotRead
            | RecordState::Unreadable
            | RecordState::Lost(_)
            | RecordState::Unusable(_) => return,
        };
        if self.stands.is_none_or(|(revision, _)| revision != found) {
            self.stands = Some((found, completed));
        }
        self.releasing_seen |= self.is_releasing_to_successor();
    }

    /// Takes a read of the successor's stamp.
    pub fn handle_heart(&mut self, look: Look) {
        // Nobody looked while the store was away, or while somebody thought the plan over: that was no silence.
        let goes_on = |last: BootTime| look.issued.boot.since(last) <= self.rule.watch.gap;
        if !self.successor.last_look_issued().is_some_and(goes_on) {
            self.watched_since = Some(look.completed.boot);
        }
        self.successor.handle_look(look);
        self.heart_is_news = true;
    }

    /// Takes what came of a swap.
    pub fn handle_swap(&mut self, swap: Swap, outcome: SwapOutcome, issued: Now, completed: Now) {
        if swap.purpose == Purpose::CallOff {
            let asked = swap.record.owner == self.rule.to;
            let why = if asked { CallOff::Asked } else { CallOff::SuccessorSilent };
            self.called_off = Some((swap.record.revision, why));
        }
        if outcome == SwapOutcome::Won {
            let finding = RecordFinding::Found(Box::new(swap.record));
            self.handle_record(RecordLook { issued, completed, finding });
            return;
        }
        self.record_issued = None;
        self.no_swap_before = Some(completed.boot.after(self.rule.watch.poll.get()));
    }

    /// What the last look at the record came to.
    pub fn record(&self) -> &RecordState {
        &self.state
    }

    /// What this handover waits for; `None` while it is about to act, and at its end.
    pub fn waiting(&self, now: Now) -> Option<HandoverWait> {
        match self.decide(now) {
            Err(Pause::Wait(wait)) => Some(wait),
            _ => None,
        }
    }

    /// Whether the last swap that failed is long enough ago.
    fn may_swap(&self, now: BootTime) -> bool {
        self.no_swap_before.is_none_or(|before| now >= before)
    }

    fn is_releasing_to_successor(&self) -> bool {
        let phase = self.state.record().map(|record| &record.phase);
        matches!(phase, Some(Phase::Releasing { successor, .. }) if *successor == self.rule.to)
    }

    /// The successor's heart matters until it owns the work.
    fn needs_heart(&self) -> bool {
        match &self.state {
            RecordState::Found(record) => record.owner != self.rule.to,
            _ => false,
        }
    }

    fn decide(&self, now: Now) -> Result<Swap, Pause> {
        let record = match &self.state {
            RecordState::NotRead | RecordState::Unreadable => return Err(Pause::Wait(HandoverWait::Record)),
            RecordState::Lost(_) => return Err(Pause::Done(HandoverEnd::Lost)),
            RecordState::Unusable(why) => return Err(Pause::Done(HandoverEnd::Unusable(why.clone()))),
            // It may be lost. Then nobody can tell who owns the work, and whoever hands it over starts the count of
            // terms again.
            RecordState::Absent => return Err(Pause::Done(HandoverEnd::NoRecord)),
            RecordState::Found(record) => record.as_ref(),
        };
        match &record.phase {
            Phase::Active { .. } => self.decide_active(record, now),
            Phase::Pending { .. } => {
                Err(Pause::Done(HandoverEnd::TakeoverUnderWay(Box::new(record.clone()))))
            }
            Phase::Releasing { successor, drain } if *successor == self.rule.to => {
                self.decide_releasing(record, *drain, now)
            }
            Phase::Releasing { .. } if record.owner == self.rule.to => {
                self.swap(Purpose::CallOff, record.kept("handover called off by hand", self.sign(now)))
            }
            Phase::Releasing { .. } => Err(Pause::Done(HandoverEnd::OtherHandover(Box::new(record.clone())))),
        }
    }

    fn decide_active(&self, record: &OwnershipRecord, now: Now) -> Result<Swap, Pause> {
        let at =
            |end: fn(Box<OwnershipRecord>) -> HandoverEnd| Err(Pause::Done(end(Box::new(record.clone()))));
        // It may have been called off by a swap that nobody could tell the end of.
        let is_ours =
            |(revision, _): &(u64, CallOff)| *revision == record.revision && record.by == self.rule.by;
        match self.called_off.filter(is_ours) {
            Some((_, CallOff::Asked)) => return at(HandoverEnd::CalledOff),
            Some((_, CallOff::SuccessorSilent)) => return Err(Pause::Done(HandoverEnd::SuccessorSilent)),
            None => {}
        }
        match (record.owner == self.rule.to, self.releasing_seen) {
            (true, true) => at(HandoverEnd::HandedOver),
            (true, false) => at(HandoverEnd::AlreadyOwner),
            (false, true) => at(HandoverEnd::Overtaken),
            (false, false) => self.decide_release(record, now),
        }
    }

    /// The work is released only to a heart that beats, and only where a term is left for it.
    fn decide_release(&self, record: &OwnershipRecord, now: Now) -> Result<Swap, Pause> {
        if let Some(why) = record.exhausted() {
            return Err(Pause::Done(HandoverEnd::Exhausted(why)));
        }
        if self.successor.assess(now.boot).verdict == Verdict::Beating {
            let next = record.released_to(&self.rule.to, self.rule.drain, self.sign(now));
            return self.swap(Purpose::Release, next);
        }
        // Only looks watch: the next one may come long after the last, as when somebody thought the plan over.
        let looks = self.watched_since.zip(self.successor.last_look_issued());
        let watched = looks.map_or(std::time::Duration::ZERO, |(first, last)| last.since(first));
        if watched >= self.rule.watch.flatline_after.get() {
            return Err(Pause::Done(HandoverEnd::SuccessorSilent));
        }
        Err(Pause::Wait(HandoverWait::SuccessorBeat))
    }

    fn decide_releasing(&self, record: &OwnershipRecord, drain: Span, now: Now) -> Result<Swap, Pause> {
        let verdict = self.successor.assess(now.boot).verdict;
        if verdict.is_flatlined() {
            let next = record.kept("handover called off: the successor is silent", self.sign(now));
            return self.swap(Purpose::CallOff, next);
        }
        let since = self.stands.map_or(now.boot, |(_, since)| since);
        let stopped = since.after(record.timing.settle(drain) + self.rule.cache_age.get());
        if now.boot < stopped {
            return Err(Pause::Wait(HandoverWait::OldSideStops(stopped)));
        }
        if verdict != Verdict::Beating {
            return Err(Pause::Wait(HandoverWait::SuccessorBeat));
        }
        let next = record.handed_to(&self.rule.to, self.rule.lease, self.sign(now));
        self.swap(Purpose::Complete, next)
    }

    fn swap(&self, purpose: Purpose, record: Result<OwnershipRecord, Exhausted>) -> Result<Swap, Pause> {
        let record = record.map_err(|why| Pause::Done(HandoverEnd::Exhausted(why)))?;
        Ok(Swap { over: self.state.record().map(|record| record.revision), record, purpose })
    }

    fn sign(&self, now: Now) -> Signature<'_> {
        Signature { by: &self.rule.by, since: now.wall, primary: None }
    }
}

/// Why there is nothing to swap.
#[derive(Debug)]
enum Pause {
    Wait(HandoverWait),
    Done(HandoverEnd),
}
