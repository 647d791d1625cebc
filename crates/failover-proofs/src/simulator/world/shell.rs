//! The shell around a machine: carries out what it asks for, one operation of a lane at a time, and sleeps.

use failover_policy::{Finding, MaintenanceFinding, Phase, Purpose, RecordFinding, Swap, SwapOutcome};

use super::{Event, Flight, World};
use crate::simulator::clock::{MILLI, Nanos, nanos};
use crate::simulator::machine::{Answer, Errand, Next};
use crate::simulator::oracle::Violation;

/// More operations than any actor needs within a second of true time.
const SPIN: u64 = 2_000_000;

impl World {
    /// Does whatever an actor wants done next.
    pub(super) fn drive(&mut self, actor: usize) {
        loop {
            self.attend_to_child(actor);
            let Some((person, guest)) = self.people.get_mut(actor).zip(self.plan.actors.get(actor)) else {
                return;
            };
            let Some(machine) = person.machine.as_mut() else { return };
            let under_way = person.flights.iter().map(|flight| flight.errand.lane()).collect();
            match machine.poll(guest.clocks.at(self.now), under_way) {
                Some(Next::Do(errand)) => self.send(actor, errand),
                Some(Next::Sleep(until)) => return self.sleep(actor, guest.clocks.reaches(until)),
                Some(Next::Done) => {
                    person.machine = None;
                    return self.note(actor, || "is done".to_owned());
                }
                None => return,
            }
        }
    }

    /// An operation's end.
    pub(super) fn answer(&mut self, actor: usize, life: u32, id: u64) {
        let Some(person) = self.people.get_mut(actor).filter(|person| person.life == life) else { return };
        let Some(index) = person.flights.iter().position(|flight| flight.id == id) else { return };
        let flight = person.flights.swap_remove(index);
        if let Errand::Swap(swap) = &flight.errand
            && !flight.answered
            && self.dice.percent(50)
        {
            self.read_back(actor, swap.clone(), &flight);
            return;
        }
        self.hand_over(actor, flight);
        self.drive(actor);
    }

    pub(super) fn note(&mut self, actor: usize, event: impl FnOnce() -> String) {
        let (name, life) = self
            .plan
            .actors
            .get(actor)
            .map(|guest| guest.name.as_str())
            .zip(self.people.get(actor).map(|person| person.life))
            .unwrap_or_default();
        self.trace.note(self.now, || format!("{name}.{life} {}", event()));
    }

    /// Sleeps, and wakes a little late.
    fn sleep(&mut self, actor: usize, until: Nanos) {
        let number = self.number();
        let lag = self.dice.between(0, MILLI);
        let Some(person) = self.people.get_mut(actor) else { return };
        person.nap = number;
        let life = person.life;
        self.at(until.max(self.now) + lag, Event::Wake { actor, life, nap: number });
    }

    fn send(&mut self, actor: usize, errand: Errand) {
        self.oracle.tally.operations += 1;
        if self.oracle.tally.operations > SPIN {
            self.oracle.object(Violation::Spinning);
        }
        if let Errand::Swap(swap) = &errand {
            self.note(actor, || format!("swaps over {:?}: {}", swap.over, in_short(swap)));
            self.check_takeover(actor, swap);
            if swap.over.is_none() && self.people.get(actor).is_some_and(|person| person.has_read) {
                self.oracle.object(Violation::LossOverwritten);
            }
        }
        if matches!(errand, Errand::ReadOwn) {
            let before = self.now - self.dice.between(0, self.read_deadline(actor));
            if let Some(person) = self.people.get_mut(actor) {
                person.liar.note_own_read(before);
            }
        }
        let issued = self.plan.actors.get(actor).map(|guest| guest.clocks.at(self.now));
        if let Some(issued) = issued {
            self.take_off(actor, errand, issued, self.now);
        }
    }

    /// Settles an ambiguous swap by looking for it in the store.
    fn read_back(&mut self, actor: usize, swap: Box<Swap>, lost: &Flight) {
        self.take_off(actor, Errand::ReadBack(swap), lost.issued, lost.issued_at);
    }

    fn take_off(&mut self, actor: usize, errand: Errand, issued: failover_policy::Now, issued_at: Nanos) {
        let (weather, deadline, id) = (self.weather(), self.read_deadline(actor), self.number());
        let Some((person, guest)) = self.people.get_mut(actor).zip(self.plan.actors.get(actor)) else {
            return;
        };
        let trip = weather.send(&mut self.dice, &guest.cuts, self.now, deadline);
        let cache_age = guest.clocks.by_kernel(self.plan.cache_age, self.now);
        let mut shows = trip.effect.unwrap_or(self.now) - self.dice.extreme(cache_age);
        if matches!(errand, Errand::ReadRecord) {
            shows = person.liar.take_record_of().unwrap_or(shows);
        }
        let is_write = matches!(errand, Errand::Swap(_) | Errand::Announce(_) | Errand::Bump(_));
        let write = is_write.then(|| Box::new(errand.clone()));
        let life = person.life;
        let answered = trip.answered;
        person.flights.push(Flight { id, errand, issued, issued_at, shows, answered, won: None });
        if let Some((lands, write)) = trip.effect.zip(write) {
            self.at(lands, Event::WriteLands { actor, flight: id, write });
        }
        self.at(trip.ends, Event::Answer { actor, life, flight: id });
    }

    fn hand_over(&mut self, actor: usize, flight: Flight) {
        let answer = self.what_came_of(actor, &flight);
        let answer = self.damaged(actor, &flight, answer);
        if let (Errand::ReadHeart(_), Answer::Stamp(Finding::Stamp(_))) = (&flight.errand, &answer)
            && let Some(person) = self.people.get_mut(actor)
        {
            person.heart_looked = Some(flight.issued_at);
        }
        self.note(actor, || describe(&flight, &answer));
        let Some((person, guest)) = self.people.get_mut(actor).zip(self.plan.actors.get(actor)) else {
            return;
        };
        person.has_read |=
            matches!(answer, Answer::Record(RecordFinding::Found(_)) | Answer::Swap(SwapOutcome::Won));
        let completed = guest.clocks.at(self.now);
        if let Some(machine) = person.machine.as_mut() {
            person.liar.tell(machine, flight.errand, answer, (flight.issued, completed));
        }
    }

    fn what_came_of(&self, actor: usize, flight: &Flight) -> Answer {
        let answered = flight.answered;
        let stamp = |cluster| {
            let finding =
                if answered { self.store.read_stamp(cluster, flight.shows) } else { Finding::Unreadable };
            Answer::Stamp(finding)
        };
        match &flight.errand {
            Errand::ReadOwn => {
                let own = self.site_of(actor).and_then(|site| self.plan.sites.get(site));
                own.map_or(Answer::Stamp(Finding::Unreadable), |site| stamp(&site.id))
            }
            Errand::ReadHeart(cluster) => stamp(cluster),
            Errand::ReadRecord if !answered => Answer::Record(RecordFinding::Unreadable),
            Errand::ReadRecord => Answer::Record(self.store.read_record(flight.shows)),
            Errand::ReadMaintenance => Answer::Maintenance(self.read_maintenance(actor, flight)),
            Errand::Swap(_) | Errand::Bump(_) => Answer::Swap(match flight.won {
                Some(true) if answered => SwapOutcome::Won,
                Some(false) if answered => SwapOutcome::Lost,
                _ => SwapOutcome::Failed,
            }),
            Errand::ReadBack(swap) => Answer::Swap(self.settle(swap, flight)),
            Errand::Announce(_) => Answer::Announced(answered),
        }
    }

    fn settle(&self, swap: &Swap, flight: &Flight) -> SwapOutcome {
        match self.store.read_record(flight.shows) {
            RecordFinding::Found(record) if flight.answered && *record == swap.record => SwapOutcome::Won,
            RecordFinding::Found(record) if flight.answered && record.revision >= swap.record.revision => {
                SwapOutcome::Lost
            }
            _ => SwapOutcome::Failed,
        }
    }

    fn read_maintenance(&self, actor: usize, flight: &Flight) -> MaintenanceFinding {
        let Some(guest) = self.plan.actors.get(actor).filter(|_| flight.answered) else {
            return MaintenanceFinding::Unreadable;
        };
        let stored = self.store.read_maintenance(flight.shows).map(failover_policy::Maintenance::to_json);
        MaintenanceFinding::judge(stored.as_deref(), guest.clocks.at(self.now).wall)
    }

    /// Nobody may be taken over whose beats landed, and could be read, at least every `2i`.
    fn check_takeover(&mut self, actor: usize, swap: &Swap) {
        let (Purpose::Own, Phase::Active { previous: Some(victim) }) = (swap.purpose, &swap.record.phase)
        else {
            return;
        };
        let Some(looked) = self.people.get(actor).and_then(|person| person.heart_looked) else { return };
        let clocks = self.plan.actors.get(actor).map(|guest| &guest.clocks);
        let visible = looked - clocks.map_or(0, |clocks| clocks.by_kernel(self.plan.cache_age, looked));
        let beat = self.store.last_landing(victim, visible);
        let two_intervals = 2 * self.plan.longest(|timing| timing.interval);
        if beat.is_some_and(|beat| looked.saturating_sub(beat) <= two_intervals) {
            self.oracle.object(Violation::TakeoverOfABeatingHeart);
        }
    }

    fn read_deadline(&self, actor: usize) -> Nanos {
        let site = self.site_of(actor).and_then(|site| self.plan.sites.get(site));
        site.map_or(MILLI, |site| nanos(site.timing.read_deadline.get()))
    }
}

fn in_short(swap: &Swap) -> String {
    let record = &swap.record;
    let word = swap.purpose.word();
    format!("{word} → revision {} term {} {} {:?}", record.revision, record.term, record.owner, record.phase)
}

fn describe(flight: &Flight, answer: &Answer) -> String {
    let errand = match &flight.errand {
        Errand::ReadOwn => "own stamp".to_owned(),
        Errand::ReadRecord => "record".to_owned(),
        Errand::ReadHeart(cluster) => format!("heart of {cluster}"),
        Errand::ReadMaintenance => "maintenance".to_owned(),
        Errand::Swap(swap) => swap.purpose.word().to_owned(),
        Errand::ReadBack(swap) => format!("{} read back", swap.purpose.word()),
        Errand::Announce(_) => "announcement".to_owned(),
        Errand::Bump(_) => "bump".to_owned(),
    };
    let found = match answer {
        Answer::Record(RecordFinding::Found(record)) => {
            let [watch, stop] = [record.timing.watch, record.timing.stop];
            format!(
                "revision {} term {} {} {:?} watch {watch} stop {stop}",
                record.revision, record.term, record.owner, record.phase
            )
        }
        Answer::Stamp(Finding::Stamp(stamp)) => {
            format!("stamp …{}", stamp.tick().count() % 1_000_000_000_000)
        }
        other => format!("{other:?}"),
    };
    let (issued, shows) = (flight.issued_at / MILLI, flight.shows / MILLI);
    format!("reads {errand}, issued at {issued} ms and as of {shows} ms: {found}")
}
