//! All runs of a setting, as the checker wants to have them.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use stateright::{Model, Path, Property};

use super::journal::{Happening, Journal};
use super::promise::Promise;
use super::setting::{Setting, orders};
use super::slip::Slip;
use super::upset::Event;
use super::world::{Start, World};

/// All runs of a setting.
pub(crate) struct Runs {
    setting: Setting,
    happened: [AtomicU64; Happening::ALL.len()],
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Event(Event),
    Tick(Option<Slip>),
}

impl Runs {
    pub(crate) fn of(setting: Setting) -> Self {
        Self { setting, happened: Default::default() }
    }

    /// How often each thing happened.
    pub(crate) fn happened(&self) -> Vec<(Happening, u64)> {
        let count = |happening: Happening| self.happened[happening as usize].load(Ordering::Relaxed);
        Happening::ALL.into_iter().map(|happening| (happening, count(happening))).collect()
    }

    /// A run as people can follow it: each tick with everything that happened in it.
    pub(crate) fn retell(&self, path: Path<World, Action>) -> String {
        let mut told = String::new();
        for (world, action) in path.into_vec() {
            let (tick, running) = (world.age(), world.running());
            let Some(action) = action else {
                told += &format!("  tick {tick}, {running:?} runs: the end, {:?}", world.oracle.violation);
                continue;
            };
            let mut journal = Journal::for_people();
            self.step(&world, &action, &mut journal);
            told += &format!("  tick {tick}, {running:?} runs:\n");
            journal.into_lines().iter().for_each(|line| told += &format!("    {line}\n"));
        }
        told
    }

    fn step(&self, world: &World, action: &Action, journal: &mut Journal) -> World {
        let mut world = world.clone();
        match action {
            Action::Event(event) => world.happen(*event, &self.setting, journal),
            Action::Tick(slip) => world.pass_tick(*slip, &self.setting, journal),
        }
        world
    }

    fn keeps(&self, promise: Promise, world: &World) -> bool {
        promise.is_kept(world, &self.setting)
    }
}

impl Model for Runs {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let caches = self.setting.cache.clone().unwrap_or_else(|| vec![[false; 2]]);
        let mut worlds = vec![];
        let Range { start, end } = self.setting.orders;
        for order in &orders()[start..end] {
            for gains_ppm in &self.setting.drifts {
                for reads_cache in &caches {
                    let start = Start { order: *order, gains_ppm: *gains_ppm, reads_cache: *reads_cache };
                    worlds.push(World::warmed_up(start, &self.setting));
                }
            }
        }
        worlds
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.is_over(&self.setting) {
            return;
        }
        if world.is_quiet(&self.setting) {
            actions.push(Action::Tick(None));
            return;
        }
        let events = Event::all(self.setting.drain).filter(|event| world.allows(*event, &self.setting));
        actions.extend(events.map(Action::Event));
        if world.may_pass_without_slip(&self.setting) {
            actions.push(Action::Tick(None));
        }
        let slips = world.possible_slips(&self.setting).into_iter();
        actions.extend(slips.map(|slip| Action::Tick(Some(slip))));
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut journal = Journal::default();
        let next = self.step(world, &action, &mut journal);
        for happening in journal.happenings() {
            self.happened[*happening as usize].fetch_add(1, Ordering::Relaxed);
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        use Promise::{
            LivingHeart, NeverTwo, NoClaimAfterRefusal, NothingOpen, Sleeps, SomebodyRuns, TermForOne,
        };
        vec![
            Property::always(NeverTwo.text(), |runs: &Self, world| runs.keeps(NeverTwo, world)),
            Property::always(LivingHeart.text(), |runs: &Self, world| runs.keeps(LivingHeart, world)),
            Property::always(NoClaimAfterRefusal.text(), |runs: &Self, world| {
                runs.keeps(NoClaimAfterRefusal, world)
            }),
            Property::always(TermForOne.text(), |runs: &Self, world| runs.keeps(TermForOne, world)),
            Property::always(Sleeps.text(), |runs: &Self, world| runs.keeps(Sleeps, world)),
            Property::always(SomebodyRuns.text(), |runs: &Self, world| runs.keeps(SomebodyRuns, world)),
            Property::always(NothingOpen.text(), |runs: &Self, world| runs.keeps(NothingOpen, world)),
        ]
    }
}
