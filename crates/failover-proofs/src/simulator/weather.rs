//! The way from a process to the store: how long it takes, when it is cut, and what gets lost on it.

use super::clock::{MILLI, Nanos, SECOND};
use super::dice::Dice;

/// Spans of true time in which somebody does not reach the store. They may overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts(Vec<(Nanos, Nanos)>);

impl Cuts {
    /// Adds a span.
    pub(super) fn add(&mut self, from: Nanos, to: Nanos) {
        self.0.push((from, to));
    }

    fn meet(&self, from: Nanos, to: Nanos) -> bool {
        self.0.iter().any(|(start, end)| from < *end && *start <= to)
    }
}

/// How long operations take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// A few milliseconds.
    Brisk,
    /// Anything up to the deadline.
    Any,
    /// Mostly next to nothing or nearly the whole deadline.
    Edges,
    /// Nearly the whole deadline, each and every one, for as long as the world lasts.
    Slow,
}

/// What the way to the store is like at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// How long operations take.
    pub(super) pace: Pace,
    /// How many of a hundred answers get lost, although the operation was or will be carried out.
    pub(super) losses: u64,
}

/// One operation under way, as fate has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    /// When it takes effect; `None` where it never does. A write that timed out may land later than `ends`.
    pub(super) effect: Option<Nanos>,
    /// When the caller has its answer, or has given up.
    pub(super) ends: Nanos,
    /// Whether there is an answer.
    pub(super) answered: bool,
}

impl Weather {
    /// A world that has healed.
    pub(super) const FAIR: Self = Self { pace: Pace::Brisk, losses: 0 };

    /// What becomes of this weather once the world has healed: a slow store stays slow.
    pub(super) fn healed(self) -> Self {
        match self.pace {
            Pace::Slow => Self { losses: 0, ..self },
            Pace::Brisk | Pace::Any | Pace::Edges => Self::FAIR,
        }
    }

    /// How much later than its deadline a write can land that timed out.
    const LATEST: Nanos = 4 * SECOND;

    /// Sends an operation at `now` that is given up after `deadline`.
    pub(super) fn send(self, dice: &mut Dice, cuts: &Cuts, now: Nanos, deadline: Nanos) -> Trip {
        let takes = self.latency(dice, deadline);
        let effect = now
            + match dice.below(3) {
                0 => 0,
                1 => takes,
                _ => dice.between(0, takes),
            };
        let given_up = now + deadline;
        if cuts.meet(now, effect) {
            // A refused connection fails at once, a silent one at the deadline.
            let ends = if dice.percent(25) { now + takes } else { given_up };
            return Trip { effect: None, ends, answered: false };
        }
        if dice.percent(self.losses) {
            let late = dice.between(effect, given_up + Self::LATEST);
            return Trip { effect: Some(late), ends: given_up, answered: false };
        }
        let ends = now + takes;
        let answered = !cuts.meet(effect, ends);
        Trip { effect: Some(effect), ends: if answered { ends } else { given_up }, answered }
    }

    fn latency(self, dice: &mut Dice, deadline: Nanos) -> Nanos {
        let brisk = deadline.min(5 * MILLI);
        match (self.pace, dice.below(4)) {
            (Pace::Brisk, _) | (Pace::Edges, 0 | 1) => dice.between(brisk / 5, brisk),
            (Pace::Edges, 2) | (Pace::Slow, _) => dice.between(deadline - deadline / 8, deadline),
            (Pace::Any | Pace::Edges, _) => dice.between(0, deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Nanos = SECOND;

    fn trips(weather: Weather, cuts: &Cuts) -> Vec<Trip> {
        let mut dice = Dice::new(1);
        (0..1000).map(|_| weather.send(&mut dice, cuts, SECOND, DEADLINE)).collect()
    }

    #[test]
    fn an_operation_takes_effect_between_its_issue_and_its_answer_which_comes_within_the_deadline() {
        for pace in [Pace::Brisk, Pace::Any, Pace::Edges, Pace::Slow] {
            for trip in trips(Weather { pace, losses: 0 }, &Cuts::default()) {
                let effect = trip.effect.unwrap();
                assert!(trip.answered && (SECOND..=trip.ends).contains(&effect), "{trip:?}");
                assert!(trip.ends <= SECOND + DEADLINE, "{trip:?}");
            }
        }
    }

    #[test]
    fn whoever_is_cut_off_changes_nothing_and_hears_nothing() {
        let mut cuts = Cuts::default();
        cuts.add(SECOND, 2 * SECOND);
        for trip in trips(Weather::FAIR, &cuts) {
            assert_eq!((trip.effect, trip.answered), (None, false));
        }
    }

    #[test]
    fn a_lost_answer_comes_at_the_deadline_and_the_write_may_land_after_it() {
        let lost = trips(Weather { pace: Pace::Any, losses: 100 }, &Cuts::default());
        assert!(lost.iter().all(|trip| !trip.answered && trip.ends == SECOND + DEADLINE));
        assert!(lost.iter().any(|trip| trip.effect > Some(trip.ends)));
        assert!(lost.iter().any(|trip| trip.effect < Some(trip.ends)));
    }
}
