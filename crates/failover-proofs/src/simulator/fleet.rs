//! Many schedules, on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::clock::SECOND;
use super::dice::Dice;
use super::oracle::Violation;
use super::plan::Plan;
use super::rule::Setting;
use super::tally::Tally;
use super::world::World;

/// A schedule that broke a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The seed that repeats it.
    pub seed: u64,
    /// Which of the schedules it was.
    pub number: u64,
    /// What happened.
    pub violation: Violation,
}

/// The seed of the schedule with this number.
pub fn seed_of(base: u64, number: u64) -> u64 {
    Dice::new(base ^ number.wrapping_mul(0x2545_F491_4F6C_DD1D)).roll()
}

/// Runs one schedule.
pub fn run_one(seed: u64, setting: Setting) -> (Tally, Option<Violation>) {
    let plan = Plan::throw(seed, setting);
    let (tally, violation, _) = World::new(plan, seed, setting, false).run();
    (tally, violation)
}

/// Runs one schedule, and tells what happened in its last `seconds`.
pub fn retell(seed: u64, setting: Setting, seconds: i64) -> String {
    let plan = Plan::throw(seed, setting);
    let (_, _, trace) = World::new(plan, seed, setting, true).run();
    trace.last(seconds.saturating_mul(SECOND))
}

/// Runs schedules on `threads` threads until all are done or one fails; says how much happened, and how the first
/// one failed.
pub fn run_many(base: u64, schedules: u64, setting: Setting, threads: usize) -> (Tally, Option<Failure>) {
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let outcome = Mutex::new((Tally::default(), None::<Failure>));
    let work = || {
        let mut tally = Tally::default();
        let mut failure = None;
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= schedules {
                break;
            }
            let seed = seed_of(base, number);
            let (counts, violation) = run_one(seed, setting);
            tally += counts;
            if let Some(violation) = violation {
                failed.store(true, Ordering::Relaxed);
                failure = Some(Failure { seed, number, violation });
            }
        }
        let mut outcome = outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcome.0 += tally;
        outcome.1 = earlier(outcome.1, failure);
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn earlier(one: Option<Failure>, other: Option<Failure>) -> Option<Failure> {
    [one, other].into_iter().flatten().min_by_key(|failure| failure.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_does_not_depend_on_the_number_of_threads() {
        let alone = run_many(1, 50, Setting::default(), 1);
        assert_eq!(run_many(1, 50, Setting::default(), 4), alone);
        assert_eq!((alone.0.schedules, alone.1), (50, None));
    }

    #[test]
    fn a_failure_can_be_told_from_its_seed() {
        let broken = Setting::without(crate::simulator::Rule::CountFromBeforeTheBeat);
        let (_, failure) = run_many(1, 5000, broken, 1);
        let seed = failure.unwrap().seed;
        assert!(retell(seed, broken, 5).ends_with("guarded workloads of two clusters run at once\n"));
    }
}
