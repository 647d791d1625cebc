//! The randomised proof: many schedules keep every promise, and each rule that safety rests on is needed.
//!
//! `FLATLINE_SCHEDULES=N` runs that many instead of the number that CI has time for, `FLATLINE_BASE_SEED=N` another
//! selection. A failure names its seed: `FLATLINE_SEED=N cargo test -p failover-proofs --test randomised one_schedule
//! -- --nocapture` repeats it and tells all that happened. `FLATLINE_RETELL=1` tells how each broken rule was found out.

#![expect(clippy::panic, reason = "a schedule that fails is told of in words")]

use std::time::Instant;

use failover_proofs::simulator::{Failure, Rule, Setting, Tally, retell, run_many, run_one};

/// Schedules of a CI run.
const SCHEDULES: u64 = 100_000;
/// Schedules within which a broken rule must be found out: most need some hundred.
const SCHEDULES_OF_A_BROKEN_RULE: u64 = 20_000;
/// The first of them, which must keep all promises while the rule is obeyed.
const SCHEDULES_OF_A_RULE: u64 = 2000;
/// The selection of schedules of a CI run.
const BASE_SEED: u64 = 0x000F_1A71_13E0;
/// How much of a failed run is told, in seconds.
const LAST_SECONDS: i64 = 40;

#[test]
fn every_schedule_keeps_every_promise() {
    let tally = expect_no_failure(number("FLATLINE_SCHEDULES").unwrap_or(SCHEDULES), Setting::default());
    assert!(tally.changes_of_owner() >= tally.schedules, "the world is too kind: {tally}");
    assert!(tally.damaged >= tally.schedules, "too few reads are damaged: {tally}");
}

#[test]
fn each_rule_is_needed_and_with_it_the_same_worlds_are_safe() {
    for rule in Rule::ALL {
        expect_no_failure(SCHEDULES_OF_A_RULE, Setting::testing(rule));
        let started = Instant::now();
        let (tally, failure) =
            run_many(base_seed(), SCHEDULES_OF_A_BROKEN_RULE, Setting::without(rule), threads());
        let failure = failure.unwrap_or_else(|| panic!("{rule:?} was broken in {tally}, and nobody noticed"));
        println!("without {rule:?}: {failure:?} in {:.1?}", started.elapsed());
        if number("FLATLINE_RETELL").is_some() {
            println!("{}", retell(failure.seed, Setting::without(rule), LAST_SECONDS));
        }
    }
}

#[test]
fn one_schedule_can_be_repeated_by_its_seed() {
    let Some(seed) = number("FLATLINE_SEED") else {
        assert_eq!(run_one(base_seed(), Setting::default()), run_one(base_seed(), Setting::default()));
        return;
    };
    let (tally, violation) = run_one(seed, Setting::default());
    println!("{}", retell(seed, Setting::default(), i64::MAX));
    println!("seed {seed}: {violation:?}; {tally}");
}

fn expect_no_failure(schedules: u64, setting: Setting) -> Tally {
    let started = Instant::now();
    let (tally, failure) = run_many(base_seed(), schedules, setting, threads());
    println!("base seed {}, {setting:?}, {:.1?}: {tally}", base_seed(), started.elapsed());
    if let Some(Failure { seed, number, violation }) = failure {
        println!("{}", retell(seed, setting, LAST_SECONDS));
        panic!("schedule {number}, FLATLINE_SEED={seed}: {violation}");
    }
    tally
}

fn base_seed() -> u64 {
    number("FLATLINE_BASE_SEED").unwrap_or(BASE_SEED)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}={value} is not a number")))
}
