//! A turn: one actor at the store.

use std::mem;

use failover_policy::{
    Finding, MaintenanceFinding, Malformed, Now, OwnershipRecord, Phase, Purpose, RecordFinding, Swap,
    SwapOutcome,
};

use super::call::{Answer, Call, InFlight, Machine};
use super::journal::{Happening, Journal};
use super::oracle::{Oracle, Violation};
use super::side::{Actor, Side};
use super::slip::{Slip, SlipKind};
use super::store::Store;

/// The store as one actor finds it in one turn.
pub(crate) struct Place<'w> {
    pub(crate) actor: Actor,
    pub(crate) store: &'w mut Store,
    /// The store as the cache knows it, where there is one.
    pub(crate) cached: Option<&'w Store>,
    /// Whether reads come out of the cache.
    pub(crate) from_cache: bool,
    pub(crate) reachable: bool,
    /// What is read in place of the other cluster's stamp.
    pub(crate) debris: Option<Malformed>,
    pub(crate) pace: Pace,
    /// The call of this turn that goes wrong.
    pub(crate) slip: Option<(u8, SlipKind)>,
    /// Whether the rarer slips count as possible.
    pub(crate) thorough: bool,
    pub(crate) oracle: &'w mut Oracle,
    pub(crate) journal: &'w mut Journal,
}

/// How long reads take where nothing goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// No time.
    Prompt,
    /// Until the next tick.
    Slow,
}

/// What becomes of a call.
enum Outcome {
    /// It is answered within the tick.
    Now(Answer),
    /// It comes back in the next one, with this answer or with what is there then.
    Later(Option<Answer>),
}

impl Place<'_> {
    /// More calls than any machine makes before it sleeps.
    const RESTLESS: u8 = 40;

    /// Lets a machine act until it sleeps, perhaps with calls under way that come back in the next turn.
    pub(crate) fn turn(&mut self, machine: &mut impl Machine, in_flight: &mut Vec<InFlight>, now: Now) {
        for InFlight { call, issued, answer } in mem::take(in_flight) {
            let answer = answer.unwrap_or_else(|| self.answer(&call, self.from_cache));
            self.tell(&call, &answer, " (issued a tick ago)");
            machine.take(call, answer, issued, now);
        }
        for nth in 0..Self::RESTLESS {
            let under_way = in_flight.iter().map(|flight| flight.call.lane()).collect();
            let Some(call) = machine.next_call(now, under_way) else { return };
            self.list_slips(&call, nth);
            let slip = self.slip.filter(|(slips, _)| *slips == nth).map(|(_, kind)| kind);
            match self.carry_out(&call, slip) {
                Outcome::Now(answer) => machine.take(call, answer, now, now),
                Outcome::Later(answer) => in_flight.push(InFlight { call, issued: now, answer }),
            }
        }
        self.oracle.object(Violation::Restless);
    }

    /// Calls that nobody waits for any more.
    pub(crate) fn orphan(&mut self, in_flight: &mut Vec<InFlight>) {
        for InFlight { call, answer, .. } in mem::take(in_flight) {
            if matches!(call, Call::Swap(_)) && answer.is_none() {
                let answer = self.answer(&call, false);
                self.tell(&call, &answer, " (of a process that died)");
            }
        }
    }

    fn carry_out(&mut self, call: &Call, slip: Option<SlipKind>) -> Outcome {
        let is_slow = self.pace == Pace::Slow && call.is_read();
        let (answer, remark) = match slip {
            None if is_slow => return self.answers_late(call),
            None => (self.answer(call, self.from_cache), ""),
            Some(SlipKind::OtherAge) => (self.answer(call, !self.from_cache), " (of another age)"),
            Some(SlipKind::Fails) => (failure(call), ""),
            Some(SlipKind::AnswerLost) => {
                let answer = self.answer(call, false);
                self.tell(call, &answer, " (nobody learns of it)");
                (failure(call), "")
            }
            Some(SlipKind::AnswerLate) => return self.answers_late(call),
            Some(SlipKind::Late) => {
                self.journal.line(format_args!("{:?}: {} is late", self.actor, text(call)));
                return Outcome::Later(None);
            }
        };
        self.tell(call, &answer, remark);
        Outcome::Now(answer)
    }

    fn answers_late(&mut self, call: &Call) -> Outcome {
        let answer = self.answer(call, self.from_cache);
        self.journal.line(format_args!("{:?}: {} answers late", self.actor, text(call)));
        Outcome::Later(Some(answer))
    }

    fn answer(&mut self, call: &Call, from_cache: bool) -> Answer {
        if !self.reachable {
            return failure(call);
        }
        let read = self.cached.filter(|_| from_cache).unwrap_or(self.store);
        match call {
            Call::Own => Answer::Stamp(read.stamp(self.side())),
            Call::Heart(side) => Answer::Stamp(match (read.stamp(*side), self.debris) {
                (Finding::Stamp(_), Some(debris)) => Finding::Malformed(debris),
                (finding, _) => finding,
            }),
            Call::Record => Answer::Record(read.record_finding()),
            Call::Maintenance => Answer::Maintenance(MaintenanceFinding::Off),
            Call::Swap(swap) => Answer::Swap(self.swap(swap)),
        }
    }

    fn swap(&mut self, swap: &Swap) -> SwapOutcome {
        let over = self.store.record().cloned();
        if !self.store.swap(swap) {
            self.journal.note(Happening::SwapLost);
            return SwapOutcome::Lost;
        }
        self.oracle.swapped(swap, over.as_ref());
        if let Some(happening) = happening(swap, over.as_ref(), self.actor) {
            self.journal.note(happening);
        }
        SwapOutcome::Won
    }

    fn side(&self) -> Side {
        match self.actor {
            Actor::Beacon(side) | Actor::Guard(side) => side,
            Actor::Operator => Side::A,
        }
    }

    fn list_slips(&mut self, call: &Call, nth: u8) {
        let (actor, cached, thorough) = (self.actor, self.cached.is_some(), self.thorough);
        self.journal.could_slip(|| {
            let kinds = SlipKind::of(call, cached, thorough).into_iter();
            kinds.map(|kind| Slip { actor, nth, kind }).collect()
        });
    }

    fn tell(&mut self, call: &Call, answer: &Answer, remark: &str) {
        let answer = match answer {
            Answer::Record(RecordFinding::Found(record)) => describe(record),
            Answer::Stamp(Finding::Stamp(stamp)) => format!("{}", stamp.tick().to_utc().format("%M:%S")),
            other => format!("{other:?}"),
        };
        self.journal.line(format_args!("{:?}: {} → {answer}{remark}", self.actor, text(call)));
    }
}

fn failure(call: &Call) -> Answer {
    match call {
        Call::Own | Call::Heart(_) => Answer::Stamp(Finding::Unreadable),
        Call::Record => Answer::Record(RecordFinding::Unreadable),
        Call::Maintenance => Answer::Maintenance(MaintenanceFinding::Unreadable),
        Call::Swap(_) => Answer::Swap(SwapOutcome::Failed),
    }
}

fn happening(swap: &Swap, over: Option<&OwnershipRecord>, actor: Actor) -> Option<Happening> {
    let left_behind = over.is_some_and(|over| over.by != swap.record.by);
    match swap.purpose {
        Purpose::Own if left_behind => Some(Happening::ClaimTakenUp),
        Purpose::Own => Some(Happening::Takeover),
        Purpose::GiveBack => Some(Happening::GivenBack),
        Purpose::Contest => Some(Happening::Contested),
        Purpose::Release => Some(Happening::Released),
        Purpose::Complete if actor == Actor::Operator => Some(Happening::HandedOver),
        Purpose::Complete => Some(Happening::CompletedByGate),
        Purpose::CallOff => Some(Happening::CalledOff),
        Purpose::Create | Purpose::Claim | Purpose::Lengthen | Purpose::Activate => None,
    }
}

fn text(call: &Call) -> String {
    match call {
        Call::Swap(swap) => format!("{} {}", swap.purpose.word(), describe(&swap.record)),
        other => format!("{other:?}"),
    }
}

fn describe(record: &OwnershipRecord) -> String {
    let OwnershipRecord { revision, term, owner, phase, by, .. } = record;
    let phase = match phase {
        Phase::Active { .. } => "active".to_owned(),
        Phase::Pending { previous } => format!("pending over {previous}"),
        Phase::Releasing { successor, drain } => format!("releasing to {successor} after {drain}"),
    };
    format!("#{revision} term {term} {owner} {phase} by {by}")
}
