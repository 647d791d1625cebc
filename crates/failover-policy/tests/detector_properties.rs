//! What must hold in every run of the world: no false death, and no death missed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot build its world must fail")]

mod world;

use failover_policy::{Finding, Inequality, Role, Severity, Span, Stamp, Tick, Timing};
use proptest::prelude::*;
use world::{Beacon, Dice, Nanos, Outages, SECOND, WallClock, World, span};

const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
const START: Nanos = 10 * SECOND;

/// A world without trouble, with the default timing or, for every other seed, the tightest of a random kind.
fn steady(seed: u64, slowness: u8) -> World {
    let tight = || tight_timing(&mut Dice(seed ^ 9), |line| line.severity == Severity::Refused);
    with_timing(if seed.is_multiple_of(2) { Timing::default() } else { tight() }, seed, slowness)
}

fn with_timing(timing: Timing, seed: u64, slowness: u8) -> World {
    let mut dice = Dice(seed ^ 1);
    let phase = dice.between(0, span(timing.interval.get()));
    let beacon = Beacon { clock: WallClock::default(), phase, dies: Nanos::MAX };
    World {
        timing,
        beacons: vec![beacon],
        monitor_clock: WallClock::default(),
        outages: Outages::default(),
        freezes: Outages::default(),
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
            world.freezes = freezes(&mut dice, START + 3 * MINUTE);
        }
        let run = world.run();
        let watch = span(world.timing.watch().get());
        let limit = [world.timing.flatline_after, world.timing.poll, world.timing.read_deadline];
        let limit: Nanos = limit.into_iter().map(|part| span(part.get())).sum();
        for (judged, silence) in run.iter().zip(watched_silence(&run, span(world.timing.gap()))) {
            if judged.verdict.is_flatlined() {
                prop_assert!(silence >= watch && judged.truly_silent >= watch, "{silence}: {judged:?} in {world:#?}");
            } else if matches!(judged.finding, Finding::Stamp(_)) {
                prop_assert!(silence < limit, "dead and not flat after {silence}: {judged:?} in {world:#?}");
            }
        }
        let ever_seen = run.iter().any(|judged| matches!(judged.finding, Finding::Stamp(_)));
        let last = run.last().expect("the run has looks");
        prop_assert!(!ever_seen || last.verdict.is_flatlined(), "never flat: {last:?} in {world:#?}");
    }

    #[test]
    fn a_monitor_that_freezes_sees_no_death_while_beats_land(seed: u64, slowness in 0_u8..3, skew in -HOUR..=HOUR) {
        let mut dice = Dice(seed ^ 8);
        let mut world = steady(seed, slowness);
        world.monitor_clock = WallClock::off_by(skew);
        world.freezes = freezes(&mut dice, world.ends);
        prop_assert!(false_death(&world).is_none(), "{world:#?}");
    }
}

/// What each look knows of silence by the definition, told apart from the detector: from the completion of the
/// first look that saw the present stamp, or of the first one after too long a gap, to the issue of this look.
fn watched_silence(run: &[world::Judged], gap: Nanos) -> Vec<Nanos> {
    let mut present = None;
    let mut since = 0;
    let mut last_good = None;
    let mut silences = Vec::new();
    for judged in run {
        if let Finding::Stamp(stamp) = judged.finding {
            let gapless = last_good.is_some_and(|last| judged.completed - last <= gap);
            if present != Some(stamp) || !gapless {
                since = judged.completed;
            }
            present = Some(stamp);
            last_good = Some(judged.completed);
        }
        silences.push((judged.issued - since).max(0));
    }
    silences
}

/// Spans of up to twenty seconds in which the monitor stands still, often just past the gap.
fn freezes(dice: &mut Dice, ends: Nanos) -> Outages {
    let mut spans = Vec::new();
    let mut at = START;
    while at < ends {
        at += dice.between(SECOND / 10, 15 * SECOND);
        let longest = if dice.roll().is_multiple_of(2) { 3 * SECOND } else { 20 * SECOND };
        let end = at + dice.between(SECOND / 100, longest);
        spans.push((at, end));
        at = end;
    }
    Outages(spans)
}

/// A world under outages that the watch just survives, with the tightest timing of a random kind.
fn tight_world(seed: u64, slowness: u8, skew: Nanos, counts: fn(&Inequality) -> bool) -> World {
    let mut dice = Dice(seed ^ 7);
    let timing = tight_timing(&mut dice, counts);
    let mut world = with_timing(timing, seed, slowness);
    world.monitor_clock = WallClock::off_by(skew);
    world.ends = START + 6 * span(timing.flatline_after.get());
    world.outages = outages(&mut dice, &timing, world.ends, span(timing.gap()));
    world
}

/// Random durations, with the smallest `T` that satisfies the gate's chosen inequalities.
fn tight_timing(dice: &mut Dice, counts: fn(&Inequality) -> bool) -> Timing {
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
    let budget = timing.budget();
    let lines = budget.lines(Role::Gate).filter(|line| counts(line) && line.formula.starts_with("T − p"));
    let spare = lines.map(|line| line.slack().magnitude().as_millis()).min().unwrap();
    let shortest = timing.flatline_after.get().as_millis() - spare;
    timing.flatline_after = Span::from_millis(u64::try_from(shortest).unwrap());
    timing
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
