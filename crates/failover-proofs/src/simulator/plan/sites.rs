//! Who is there: clusters with their settings, beacons and guards.

use std::time::Duration;

use failover_policy::{
    ClusterId, GateRule, LeaseTiming, OwnershipRecord, Phase, Role as Concern, SignedSpan, Span, Timing,
};

use super::super::clock::{Clocks, MILLI, Nanos, SECOND, duration, nanos, tick};
use super::super::dice::Dice;
use super::super::rule::{Rule, Setting};
use super::super::weather::{Cuts, Pace, Weather};
use super::{Actor, Beacon, Plan, Role, Site};

/// Clusters with their beacons and guards, and nothing that befalls them yet.
pub(super) fn throw(dice: &mut Dice, setting: Setting) -> Plan {
    let cached = setting.is_about(Rule::WaitForCaches) || (setting.about.is_none() && dice.percent(25));
    let cache_age = if cached { dice.between(200 * MILLI, 2 * SECOND) } else { 0 };
    let weather = throw_weather(dice);
    let sites = throw_sites(dice, setting, (cache_age, weather.pace));
    let believed = if setting.breaks(Rule::WaitForCaches) { 0 } else { cache_age };
    let record = dice.percent(85).then(|| first_record(&sites, dice));
    let mut plan = Plan {
        setting,
        sites,
        cache_age,
        believed_cache_age: GateRule::in_true_time(span(believed)),
        weather,
        record,
        beacons: Vec::new(),
        actors: Vec::new(),
        deeds: Vec::new(),
        heals: 0,
        finale: None,
        atomic: match setting.about {
            Some(Rule::BlindClaimsStand | Rule::RefusalsShowLife) => false,
            Some(Rule::AtomicWritesLeaveNoDebris) => true,
            _ => dice.percent(50),
        },
        loses_record: false,
    };
    for site in 0..plan.sites.len() {
        populate(&mut plan, site, dice);
    }
    plan
}

fn throw_sites(dice: &mut Dice, setting: Setting, store: (Nanos, Pace)) -> Vec<Site> {
    let count = if dice.percent(25) { 3 } else { 2 };
    let differ = setting.is_about(Rule::TimingFromTheRecord) || dice.percent(40);
    loop {
        let base = throw_timing(dice, store);
        let timings: Vec<Timing> =
            (0..count).map(|_| if differ { variation(base, dice, store) } else { base }).collect();
        if fit_together(&timings, store.1) {
            let ids = cluster_ids();
            let site = |(timing, id)| Site { id, timing, survives: true };
            return timings.into_iter().zip(ids).map(site).collect();
        }
    }
}

/// `a`, `b` and `c`.
fn cluster_ids() -> Vec<ClusterId> {
    ["a", "b", "c"].iter().filter_map(|id| id.parse().ok()).collect()
}

/// The defaults every fourth time; otherwise the tightest legal durations around some beat, poll and grace, with a
/// little slack. Beats and records are each seen late by the age of a cache, which is
/// no part of the budget.
fn throw_timing(dice: &mut Dice, (cache_age, pace): (Nanos, Pace)) -> Timing {
    if dice.percent(25) && cache_age == 0 && pace != Pace::Slow {
        return Timing::default();
    }
    let interval = dice.between(600 * MILLI, 2 * SECOND);
    let poll = dice.between(600 * MILLI, 1200 * MILLI);
    let timing = Timing {
        flatline_after: Span::ZERO,
        poll: span(poll),
        read_deadline: span(dice.between(100 * MILLI, poll + poll / 2)),
        interval: span(interval),
        write_deadline: span(dice.between(100 * MILLI, interval.min(1500 * MILLI))),
        stop_grace: span(dice.between(0, 1500 * MILLI)),
    };
    with_least_threshold(timing, pace, 2 * cache_age + dice.between(0, 1500 * MILLI))
}

/// The same durations with the least `T` that a guard accepts, and some slack. Where every answer is slow, the least with
/// which answers within their deadlines stop nothing.
fn with_least_threshold(timing: Timing, pace: Pace, slack: Nanos) -> Timing {
    let step = 50 * MILLI;
    let mut threshold = nanos(timing.poll.get());
    loop {
        threshold += step;
        let tight = Timing { flatline_after: span(threshold), ..timing };
        let survives = pace != Pace::Slow || tight.hold() >= survives_slow_answers(&tight);
        if tight.check(Concern::Guard).is_ok() && survives {
            return Timing { flatline_after: span(threshold + slack), ..timing };
        }
    }
}

/// What `L` has to be by the budget, so that no answer within its deadline stops a workload; and a quarter more, for a node
/// whose clock is slewed, which holds for a tenth less and looks after a tenth more.
fn survives_slow_answers(timing: &Timing) -> SignedSpan {
    let budget = timing.budget();
    let line = budget.lines(Concern::Guard).find(|line| line.formula == "L ≥ i + w + 2·max(p, r) + 3r");
    let needs = line.map_or(0, |line| line.right.ticks());
    SignedSpan::from_ticks(needs + needs / 4)
}

/// What another cluster may be configured with while a change of settings is rolled out. The beat is the same.
fn variation(base: Timing, dice: &mut Dice, (cache_age, pace): (Nanos, Pace)) -> Timing {
    let poll = dice.between(600 * MILLI, 1200 * MILLI);
    let varied = Timing {
        poll: span(poll),
        read_deadline: span(dice.between(100 * MILLI, poll + poll / 2)),
        stop_grace: span(dice.between(0, 1500 * MILLI)),
        ..base
    };
    let slack = if dice.percent(50) { 10 * SECOND } else { SECOND };
    with_least_threshold(varied, pace, 2 * cache_age + dice.between(0, slack))
}

/// Whether each guard can hold a right under each record: nobody could run otherwise, which is safe and useless.
fn fit_together(timings: &[Timing], pace: Pace) -> bool {
    let needs = |timing: &Timing| match pace {
        Pace::Slow => survives_slow_answers(timing).magnitude(),
        Pace::Brisk | Pace::Any | Pace::Edges => {
            2 * timing.interval.get() + timing.poll.get() + timing.read_deadline.get()
        }
    };
    timings.iter().all(|own| {
        timings.iter().all(|other| {
            let hold = LeaseTiming::of(own).under(LeaseTiming::of(other)).hold();
            hold.exceeds(needs(own))
        })
    })
}

fn first_record(sites: &[Site], dice: &mut Dice) -> OwnershipRecord {
    let owner = dice.below(sites.len());
    let id = sites.get(owner).map_or_else(|| cluster_ids().swap_remove(0), |site| site.id.clone());
    // A rollout may have changed what the owner is configured with since.
    let timing = sites.get(dice.below(sites.len())).map_or_else(Timing::default, |site| site.timing);
    let count = u64::try_from(dice.between(1, 9)).unwrap_or(1);
    OwnershipRecord {
        revision: 2 * count,
        term: count,
        owner: id,
        phase: Phase::Active { previous: None },
        timing: LeaseTiming::of(&timing),
        since: tick(0, 0),
        by: "history".to_owned(),
        reason: "before the world began".to_owned(),
        primary: None,
    }
}

fn throw_weather(dice: &mut Dice) -> Weather {
    let pace = match dice.below(5) {
        0 => Pace::Brisk,
        1 => Pace::Any,
        2 => Pace::Slow,
        _ => Pace::Edges,
    };
    Weather { pace, losses: if dice.percent(50) { 0 } else { 4 } }
}

fn populate(plan: &mut Plan, site: usize, dice: &mut Dice) {
    let Some(Site { id, timing, .. }) = plan.sites.get(site) else { return };
    let (id, interval) = (id.clone(), nanos(timing.interval.get()));
    for _ in 0..=usize::from(dice.percent(25)) {
        let phase = dice.between(0, interval);
        plan.beacons.push(Beacon {
            site,
            clocks: Clocks::throw(dice, plan.setting),
            cuts: Cuts::default(),
            phase,
        });
    }
    let takeover_delay = span(if dice.percent(20) { dice.between(0, 2 * SECOND) } else { 0 });
    for pod in 0..=usize::from(dice.percent(40)) {
        let role = Role::Guard { takeover_delay };
        plan.actors.push(actor(role, site, format!("guard-{id}{pod}"), plan.setting, dice));
    }
    if dice.percent(10) {
        plan.actors.push(actor(Role::Gate, site, format!("gate-{id}"), plan.setting, dice));
    }
}

pub(super) fn actor(role: Role, site: usize, name: String, setting: Setting, dice: &mut Dice) -> Actor {
    Actor {
        role,
        site,
        clocks: Clocks::throw(dice, setting),
        cuts: Cuts::default(),
        damage: Vec::new(),
        name,
    }
}

pub(super) fn span(nanos: Nanos) -> Span {
    let span: Duration = duration(nanos);
    Span::try_from(span).unwrap_or(Span::MAX)
}
