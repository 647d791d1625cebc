//! What befalls the clusters: five to seven episodes, which may overlap, and then everything heals.

use failover_policy::Timing;

use super::super::clock::{MILLI, Nanos, SECOND, nanos};
use super::super::dice::Dice;
use super::super::rule::Setting;
use super::sites::{actor, span};
use super::{Damage, Deed, Plan, Role};

/// Adds the episodes, and what is left when they are over.
pub(super) fn throw(plan: &mut Plan, dice: &mut Dice, setting: Setting) {
    start_everybody(plan, dice);
    let threshold = plan.longest(|timing| timing.flatline_after);
    let mut start = 4 * SECOND + dice.between(0, 3 * SECOND);
    plan.heals = start;
    for _ in 0..5 + dice.below(3) {
        let site = most_likely_owner(plan, dice);
        let begun = Episode { site, start, lasts: length(plan, site, dice) };
        let hides = setting.is_about_damage() && dice.percent(50);
        let ends = if hides { begun.is_hidden_from_others(plan, dice) } else { begun.add(plan, dice) };
        plan.heals = plan.heals.max(ends);
        start += dice.between(0, threshold + 4 * SECOND);
    }
    if setting.about.is_none() && plan.sites_agree() && dice.percent(5) {
        lose_record(plan, start, dice);
    }
    bury(plan, dice);
    plan.deeds.push((plan.heals, Deed::MaintenanceEnds));
    add_finale(plan, dice);
    plan.deeds.sort_by_key(|(time, _)| *time);
}

/// A span of time in which something is wrong with a cluster.
#[derive(Debug, Clone, Copy)]
struct Episode {
    site: usize,
    start: Nanos,
    lasts: Nanos,
}

impl Episode {
    /// Adds it, and says when it is over.
    fn add(self, plan: &mut Plan, dice: &mut Dice) -> Nanos {
        let ends = self.start + self.lasts;
        match dice.below(38) {
            0..=5 => self.heart_stops(plan, dice),
            6..=10 => self.cluster_is_cut_off(plan),
            11 | 12 => self.pod_is_cut_off(plan, dice),
            13 => self.store_is_away(plan),
            14 | 15 => self.pod_freezes(plan, dice),
            16..=18 => self.cluster_freezes(plan, dice),
            19..=21 => self.cluster_dies(plan, dice),
            22 => self.pod_dies(plan, dice),
            23..=31 => return self.handover(plan, dice),
            32 => self.maintenance(plan, dice),
            33 => self.clocks_step(plan, dice),
            _ => return self.reads_are_damaged(plan, dice),
        }
        ends
    }

    /// All beacons of the cluster stand still, or do not reach the store.
    fn heart_stops(self, plan: &mut Plan, dice: &mut Dice) {
        let cut = dice.percent(50);
        for beacon in plan.beacons_of(self.site) {
            let jitter = dice.between(0, self.lasts.min(500 * MILLI));
            if cut {
                self.cut_beacon(plan, beacon);
            } else {
                plan.deeds.push((self.start + jitter, Deed::BeaconDies(beacon)));
                plan.deeds.push((self.start + self.lasts, Deed::BeaconReturns(beacon)));
            }
        }
    }

    fn cluster_is_cut_off(self, plan: &mut Plan) {
        for beacon in plan.beacons_of(self.site) {
            self.cut_beacon(plan, beacon);
        }
        for actor in plan.actors_of(self.site) {
            self.cut_actor(plan, actor);
        }
    }

    fn pod_is_cut_off(self, plan: &mut Plan, dice: &mut Dice) {
        let pod = any_of(&plan.actors_of(self.site), dice);
        self.cut_actor(plan, pod);
    }

    fn store_is_away(self, plan: &mut Plan) {
        for site in 0..plan.sites.len() {
            Self { site, ..self }.cluster_is_cut_off(plan);
        }
    }

    fn pod_freezes(self, plan: &mut Plan, dice: &mut Dice) {
        let pod = any_of(&plan.actors_of(self.site), dice);
        self.freeze(plan, pod);
    }

    /// A hypervisor's pause of everything.
    fn cluster_freezes(self, plan: &mut Plan, dice: &mut Dice) {
        for pod in plan.actors_of(self.site) {
            self.freeze(plan, pod);
        }
        self.heart_stops(plan, dice);
    }

    fn cluster_dies(self, plan: &mut Plan, dice: &mut Dice) {
        for pod in plan.actors_of(self.site) {
            self.restart(plan, pod);
        }
        self.heart_stops(plan, dice);
    }

    fn pod_dies(self, plan: &mut Plan, dice: &mut Dice) {
        let pod = any_of(&plan.actors_of(self.site), dice);
        self.restart(plan, pod);
    }

    /// An operator hands the work to some cluster. Says when fate is done with it; the handover may go on.
    fn handover(self, plan: &mut Plan, dice: &mut Dice) -> Nanos {
        let to = dice.below(plan.sites.len());
        let ends = self.operate(plan, to, dice);
        let soon = self.start + dice.between(0, 4 * SECOND);
        match dice.below(6) {
            // The successor dies, so that the work is taken back.
            0 => {
                let death = Self { site: to, start: soon, ..self };
                death.heart_stops(plan, dice);
                ends.max(death.start + death.lasts)
            }
            // The operator thinks better of it.
            1 => Self { start: soon, ..self }.operate(plan, self.site, dice).max(ends),
            _ => ends,
        }
    }

    /// An operator's handover; every third one is interrupted, and half of those run again.
    fn operate(self, plan: &mut Plan, to: usize, dice: &mut Dice) -> Nanos {
        let Some(id) = plan.sites.get(to).map(|site| site.id.clone()) else { return self.start };
        let drain = if dice.percent(60) { 0 } else { dice.between(0, 20 * SECOND) };
        let name = format!("operator{}-to-{id}", plan.actors.len());
        let role = Role::Handover { to: id, drain: span(drain) };
        let operator = plan.actors.len();
        let stands_at = dice.below(plan.sites.len());
        plan.actors.push(actor(role, stands_at, name, plan.setting, dice));
        plan.deeds.push((self.start, Deed::Start(operator)));
        if !dice.percent(33) {
            return self.start + dice.between(0, self.lasts);
        }
        let interrupted = self.start + dice.between(0, 4 * SECOND + self.lasts + drain);
        plan.deeds.push((interrupted, Deed::Crash(operator)));
        if dice.percent(50) {
            plan.deeds.push((interrupted + dice.between(0, 4 * SECOND), Deed::Start(operator)));
        }
        interrupted
    }

    fn maintenance(self, plan: &mut Plan, dice: &mut Dice) {
        let operator = plan.actors.len();
        let role = Role::Maintenance { lasts: self.lasts + dice.between(0, 20 * SECOND) };
        plan.actors.push(actor(
            role,
            self.site,
            format!("operator{operator}-maintenance"),
            plan.setting,
            dice,
        ));
        plan.deeds.push((self.start, Deed::Start(operator)));
    }

    /// What somebody reads of stamps is damaged for up to several watches; others read what is stored.
    fn reads_are_damaged(self, plan: &mut Plan, dice: &mut Dice) -> Nanos {
        let everybody: Vec<_> = (0..plan.actors.len()).collect();
        let (reader, lasts) = (any_of(&everybody, dice), dice.between(self.lasts / 2, 3 * self.lasts));
        let damage = Damage::throw(self.start, self.start + lasts, dice);
        if let Some(actor) = plan.actors.get_mut(reader) {
            actor.damage.push(damage);
        }
        self.start + lasts
    }

    /// The same at everybody who does not stand there, as thoroughly as it gets.
    fn is_hidden_from_others(self, plan: &mut Plan, dice: &mut Dice) -> Nanos {
        let ends = self.start + 3 * self.lasts;
        for actor in plan.actors.iter_mut().filter(|actor| actor.site != self.site) {
            actor.damage.push(Damage::throw(self.start, ends, dice).complete());
        }
        ends
    }

    /// Wall clocks step, which must not matter.
    fn clocks_step(self, plan: &mut Plan, dice: &mut Dice) {
        for beacon in plan.beacons_of(self.site) {
            if let Some(beacon) = plan.beacons.get_mut(beacon) {
                beacon.clocks.step(self.start, dice.between(-30 * SECOND, 30 * SECOND));
            }
        }
        for actor in &mut plan.actors {
            if dice.percent(40) {
                actor.clocks.step(self.start, dice.between(-30 * SECOND, 30 * SECOND));
            }
        }
    }

    fn cut_actor(self, plan: &mut Plan, actor: usize) {
        if let Some(actor) = plan.actors.get_mut(actor) {
            actor.cuts.add(self.start, self.start + self.lasts);
        }
    }

    fn cut_beacon(self, plan: &mut Plan, beacon: usize) {
        if let Some(beacon) = plan.beacons.get_mut(beacon) {
            beacon.cuts.add(self.start, self.start + self.lasts);
        }
    }

    fn freeze(self, plan: &mut Plan, actor: usize) {
        plan.deeds.push((self.start, Deed::Freeze(actor)));
        plan.deeds.push((self.start + self.lasts, Deed::Thaw(actor)));
    }

    fn restart(self, plan: &mut Plan, actor: usize) {
        plan.deeds.push((self.start, Deed::Crash(actor)));
        plan.deeds.push((self.start + self.lasts, Deed::Start(actor)));
    }
}

fn start_everybody(plan: &mut Plan, dice: &mut Dice) {
    for actor in 0..plan.actors.len() {
        plan.deeds.push((dice.between(0, 2 * SECOND), Deed::Start(actor)));
    }
}

/// Trouble befalls the owner more often than others.
fn most_likely_owner(plan: &Plan, dice: &mut Dice) -> usize {
    let owner = plan.record.as_ref().map_or(Plan::PRIMARY, |record| {
        plan.sites.iter().position(|site| site.id == record.owner).unwrap_or(Plan::PRIMARY)
    });
    if dice.percent(60) { owner } else { dice.below(plan.sites.len()) }
}

/// How long something lasts: mostly about as long as some limit of the protocol, so that it ends just before or after.
fn length(plan: &Plan, site: usize, dice: &mut Dice) -> Nanos {
    let timing = plan.sites.get(site).map_or_else(Timing::default, |site| site.timing);
    let threshold = nanos(timing.flatline_after.get());
    let poll = nanos(timing.poll.get());
    match dice.below(10) {
        0 => dice.between(0, nanos(timing.gap())),
        1 => (threshold / 2 + dice.between(0, threshold / 2)).max(poll),
        2..=5 => threshold + dice.between(-3 * poll, 4 * poll),
        _ => threshold + dice.between(0, threshold + 4 * SECOND),
    }
}

/// When all is well again, an operator moves the work in some worlds, which must succeed.
fn add_finale(plan: &mut Plan, dice: &mut Dice) {
    let to = dice.below(plan.sites.len());
    if let Some(site) = plan.sites.get(to).filter(|site| site.survives && dice.percent(20)) {
        let role = Role::Handover { to: site.id.clone(), drain: span(dice.between(0, 2 * SECOND)) };
        plan.finale = Some(plan.actors.len());
        plan.actors.push(actor(role, to, "finale".to_owned(), plan.setting, dice));
    }
}

/// The record vanishes, and some know nothing of it, since they start only then.
fn lose_record(plan: &mut Plan, time: Nanos, dice: &mut Dice) {
    plan.loses_record = true;
    plan.deeds.push((time, Deed::RecordVanishes));
    plan.heals = plan.heals.max(time);
    for site in 0..plan.sites.len() {
        let knows = dice.percent(50);
        for actor in guards_of(plan, site).into_iter().filter(|_| !knows) {
            let restart = Episode { site, start: time - SECOND, lasts: dice.between(SECOND, 4 * SECOND) };
            restart.restart(plan, actor);
            plan.heals = plan.heals.max(restart.start + restart.lasts);
        }
    }
}

/// Some clusters never come back: beacons, and mostly guards as well, are gone for good by the time the world heals.
fn bury(plan: &mut Plan, dice: &mut Dice) {
    let count = plan.sites.len();
    let spared = dice.below(count);
    for site in (0..count).filter(|site| *site != spared) {
        if !dice.percent(25) {
            continue;
        }
        let dies = plan.heals - dice.between(0, 8 * SECOND.min(plan.heals / 8));
        let actors = if dice.percent(60) { guards_of(plan, site) } else { Vec::new() };
        let beacons = plan.beacons_of(site);
        plan.deeds.retain(|(time, deed)| match deed {
            Deed::Start(actor) | Deed::Freeze(actor) => *time < dies || !actors.contains(actor),
            Deed::BeaconReturns(beacon) => *time < dies || !beacons.contains(beacon),
            _ => true,
        });
        plan.deeds.extend(actors.into_iter().map(|actor| (dies, Deed::Crash(actor))));
        plan.deeds.extend(beacons.into_iter().map(|beacon| (dies, Deed::BeaconDies(beacon))));
        if let Some(site) = plan.sites.get_mut(site) {
            site.survives = false;
        }
    }
}

fn guards_of(plan: &Plan, site: usize) -> Vec<usize> {
    let is_guard = |actor: &usize| {
        plan.actors.get(*actor).is_some_and(|actor| matches!(actor.role, Role::Guard { .. } | Role::Gate))
    };
    plan.actors_of(site).into_iter().filter(is_guard).collect()
}

fn any_of(indices: &[usize], dice: &mut Dice) -> usize {
    indices.get(dice.below(indices.len())).copied().unwrap_or(0)
}
