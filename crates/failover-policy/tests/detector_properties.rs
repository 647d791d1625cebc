//! What must hold in every run of the world: no false death, and no death missed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot build its world must fail")]

mod world;

use failover_policy::{Finding, Inequality, Role, Severity, Span, Stamp, Tick, Timing};
use proptest::prelude::*;
use world::{Beacon, Dice, Nanos, Outages, SECOND, WallClock, World, span};

const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
const START: Nanos = 10 * SECOND;

fn steady(seed: u64, slowness: u8) -> World {
    let mut dice = Dice(seed ^ 1);
    let beacon = Beacon { clock: WallClock::default(), phase: dice.between(0, 2 * SECOND), dies: Nanos::MAX };
    World {
        timing: Timing::default(),
        beacons: vec![beacon],
        monitor_clock: WallClock::default(),
        outages: Outages::default(),
        late_writes: Vec::new(),
        starts: START + dice.between(0, SECOND),
        ends: START + 2 * MINUTE,
        slowness,
        seed,
        judge_at_completion: false,
    }
}

fn false_death(world: &World) -> Option<world::Judged> {
    world.run().into_iter().find(|judged| judged.verdict.is_flatlined())
}

/// A wall clock with a constant offset and a few steps, all within an hour.
fn wild_clock(dice: &mut Dice) -> WallClock {
    let mut steps = vec![(Nanos::MIN, dice.between(-HOUR, HOUR))];
    let mut at = START;
    for _ in 0..dice.between(0, 4) {
        at += dice.between(0, MINUTE);
        steps.push((at, dice.between(-HOUR, HOUR)));
    }
    WallClock(steps)
}

/// Shared outages of up to `longest`, as close together as the contract allows: `i + w + p + r`.
fn outages(dice: &mut Dice, timing: &Timing, ends: Nanos, longest: Nanos) -> Outages {
    let apart = [timing.interval, timing.write_deadline, timing.poll, timing.read_deadline];
    let apart: Nanos = apart.into_iter().map(|part| span(part.get())).sum();
    let mut spans = Vec::new();
    let mut at = dice.between(0, START + MINUTE);
    while at < ends {
        let end = at + dice.between(SECOND / 100, longest);
        spans.push((at, end));
        at = end + apart + if dice.roll().is_multiple_of(2) { 0 } else { dice.between(0, MINUTE) };
    }
    Outages(spans)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn constant_skew_is_no_death(seed: u64, slowness in 0_u8..3, writer in -HOUR..=HOUR, reader in -HOUR..=HOUR) {
        let mut world = steady(seed, slowness);
        world.beacons[0].clock = WallClock::off_by(writer);
        world.monitor_clock = WallClock::off_by(reader);
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn steps_of_either_clock_are_no_death(seed: u64, slowness in 0_u8..3) {
        let mut dice = Dice(seed ^ 2);
        let mut world = steady(seed, slowness);
        world.beacons[0].clock = wild_clock(&mut dice);
        world.monitor_clock = wild_clock(&mut dice);
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn two_beacons_that_disagree_are_no_death(seed: u64, slowness in 0_u8..3) {
        let mut dice = Dice(seed ^ 3);
        let mut world = steady(seed, slowness);
        let phase = dice.between(0, 2 * SECOND);
        world.beacons[0].clock = wild_clock(&mut dice);
        world.beacons.push(Beacon { clock: wild_clock(&mut dice), phase, dies: Nanos::MAX });
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn a_far_future_stamp_and_late_writes_are_no_death(seed: u64, slowness in 0_u8..3, late in 0..=Tick::MAX.count()) {
        let mut dice = Dice(seed ^ 4);
        let mut world = steady(seed, slowness);
        let stamps = [late, late / 2, Tick::MAX.count(), 0].map(|count| Stamp::new(Tick::from_count(count).unwrap()));
        world.late_writes = stamps.map(|stamp| (dice.between(0, world.ends), stamp)).to_vec();
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn shared_outages_are_no_death_while_clocks_are_in_step(seed: u64, slowness in 0_u8..3, longest in SECOND..30 * SECOND) {
        let mut world = steady(seed, slowness);
        world.outages = outages(&mut Dice(seed ^ 5), &world.timing, world.ends, longest);
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn shared_outages_are_no_death_with_the_tightest_timing_that_starts_and_any_skew(
        seed: u64,
        slowness in 0_u8..3,
        skew in -HOUR..=HOUR,
    ) {
        let world = tight_world(seed, slowness, skew, |line| line.severity == Severity::Refused);
        prop_assert_eq!(world.timing.check(Role::Gate), Ok(()));
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }

    #[test]
    fn a_dead_writer_is_flat_within_t_plus_p_plus_r_of_watched_silence_and_never_before_t_minus_p(
        seed: u64,
        slowness in 0_u8..3,
        wild: bool,
        life in 0..30 * SECOND,
        longest in SECOND..30 * SECOND,
    ) {
        let mut dice = Dice(seed ^ 6);
        let mut world = steady(seed, slowness);
        world.ends = START + 4 * MINUTE;
        world.beacons[0].dies = START + life;
        if wild {
            world.beacons[0].clock = wild_clock(&mut dice);
            world.monitor_clock = wild_clock(&mut dice);
            world.outages = outages(&mut dice, &world.timing, START + 3 * MINUTE, longest);
        }
        let timing = world.timing;
        let limit = timing.flatline_after.get() + timing.poll.get() + timing.read_deadline.get();
        let run = world.run();
        let ever_seen = run.iter().any(|judged| matches!(judged.finding, Finding::Stamp(_)));
        for judged in &run {
            if judged.verdict.is_flatlined() {
                prop_assert!(judged.silence >= timing.watch().get(), "flat without a watch: {judged:?} in {world:#?}");
            } else if judged.finding != Finding::Unreadable {
                prop_assert!(judged.silence < limit, "dead and not flat: {judged:?} in {world:#?}");
            }
        }
        let last = run.last().expect("the run has looks");
        prop_assert!(!ever_seen || last.verdict.is_flatlined(), "never flat: {last:?} in {world:#?}");
    }
}

/// A world of random durations, `T` the smallest that satisfies the gate's chosen inequalities, under outages
/// that the watch just survives.
fn tight_world(seed: u64, slowness: u8, skew: Nanos, counts: fn(&Inequality) -> bool) -> World {
    let mut dice = Dice(seed ^ 7);
    let mut millis = |low, high| u64::try_from(dice.between(low, high)).unwrap();
    let poll = 2 * millis(50, 1000);
    let interval = millis(100, 5000);
    let mut timing = Timing {
        flatline_after: Span::MAX,
        poll: Span::from_millis(poll),
        read_deadline: Span::from_millis(millis(10, 100).max(poll * millis(0, 15) / 10)),
        interval: Span::from_millis(interval),
        write_deadline: Span::from_millis(millis(10, 100).max(interval * millis(1, 10) / 10)),
        ..Timing::default()
    };
    let spare = timing
        .budget()
        .lines(Role::Gate)
        .filter(|line| counts(line) && line.formula.starts_with("T − p"))
        .map(|line| line.slack().magnitude().as_millis())
        .min()
        .unwrap();
    let shortest = timing.flatline_after.get().as_millis() - spare;
    timing.flatline_after = Span::from_millis(u64::try_from(shortest).unwrap());
    let mut world = steady(seed, slowness);
    world.timing = timing;
    world.monitor_clock = WallClock::off_by(skew);
    world.ends = START + 6 * span(timing.flatline_after.get());
    world.outages = outages(&mut dice, &timing, world.ends, span(timing.gap()));
    world
}

/// Runs worlds until one shows a false death; a check that cannot fail is no check.
fn some_world_dies_falsely(counts: fn(&Inequality) -> bool, judge_at_completion: bool) -> bool {
    (0..200_000).any(|seed| {
        let mut world = tight_world(seed, 2, HOUR, counts);
        world.judge_at_completion = judge_at_completion;
        false_death(&world).is_some()
    })
}

#[test]
fn without_the_inequality_for_slow_writes_a_shared_outage_kills() {
    assert!(some_world_dies_falsely(|line| line.formula == "T − p > 2i + g + r", false));
}

#[test]
fn counting_silence_up_to_the_completion_of_a_slow_read_kills() {
    assert!(some_world_dies_falsely(|line| line.formula == "T − p ≥ ⌈(i + w + g)/i⌉·i + w", true));
}

#[test]
fn with_that_inequality_alone_and_silence_counted_up_to_the_issue_nobody_dies() {
    let slow_writes: fn(&Inequality) -> bool = |line| line.formula == "T − p ≥ ⌈(i + w + g)/i⌉·i + w";
    assert!((0..20_000).all(|seed| false_death(&tight_world(seed, 2, HOUR, slow_writes)).is_none()));
}
