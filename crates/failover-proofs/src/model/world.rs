//! The world: everything that a run consists of, and how it goes on.

use std::mem;

use super::beacon::Beacon;
use super::journal::Journal;
use super::node::{Node, Sight};
use super::operator::Operator;
use super::oracle::{Oracle, Violation};
use super::place::{Pace, Place};
use super::setting::Setting;
use super::side::{Actor, Side};
use super::slip::{Slip, SlipKind};
use super::store::Store;
use super::upset::{Event, Relief, Upset};

/// One state of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) tick: u8,
    /// The tick at which the warm-up ended.
    warm: u8,
    order: [Actor; 4],
    pub(crate) store: Store,
    pub(crate) beacons: [Beacon; 2],
    pub(crate) nodes: [Node; 2],
    operator: Option<Operator>,
    /// How many operators there were: names the next.
    operators: u8,
    upsets_left: u8,
    slips_left: u8,
    slews_left: u8,
    /// The last event of this tick.
    last_event: Option<Event>,
    pub(crate) oracle: Oracle,
}

/// What a kind of world is like from its start on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) order: [Actor; 4],
    pub(crate) gains_ppm: [i64; 2],
    pub(crate) reads_cache: [bool; 2],
}

impl World {
    /// Long enough for the first record to be written (a whole watch), and for everybody to have settled.
    const LONGEST_WARM_UP: u8 = 30;

    /// A world in which A has run the work for a while.
    pub(crate) fn warmed_up(start: Start, setting: &Setting) -> Self {
        let node = |side: Side| {
            let clock = setting.clock(start.gains_ppm[side.index()]);
            let mut node = Node::new(side, clock, start.reads_cache[side.index()], setting);
            node.ablate(setting.ablation.filter(|ablation| ablation.is_harmless_in_peace()));
            node
        };
        let mut world = Self {
            tick: 0,
            warm: 0,
            order: start.order,
            store: Store::default(),
            beacons: [Beacon::UP; 2],
            nodes: Side::ALL.map(node),
            operator: None,
            operators: 0,
            upsets_left: 0,
            slips_left: 0,
            slews_left: 0,
            last_event: None,
            oracle: Oracle::default(),
        };
        let mut journal = Journal::default();
        let mut ran_for = 0;
        while ran_for < Self::SETTLED && world.tick < Self::LONGEST_WARM_UP {
            ran_for = if world.nodes[Side::A.index()].runs() { ran_for + 1 } else { 0 };
            world.pass_tick(None, setting, &mut journal);
        }
        world.nodes.iter_mut().for_each(|node| node.ablate(setting.ablation));
        world.warm = world.tick;
        world.upsets_left = setting.upsets;
        world.slips_left = setting.slips;
        world.slews_left = setting.slews;
        world
    }

    /// A workload that has run for so many ticks was extended more than once, and everybody has seen it.
    const SETTLED: u8 = 6;

    /// Ticks since the warm-up.
    pub(crate) fn age(&self) -> u8 {
        self.tick - self.warm
    }

    /// Whether nothing may go wrong any more.
    pub(crate) fn is_quiet(&self, setting: &Setting) -> bool {
        self.age() >= setting.quiet_from
    }

    /// Whether the run is over.
    pub(crate) fn is_over(&self, setting: &Setting) -> bool {
        self.age() >= setting.horizon() || self.oracle.violation.is_some()
    }

    /// The first thing that goes wrong does so in the first tick.
    pub(crate) fn may_pass_without_slip(&self, setting: &Setting) -> bool {
        let left = (self.upsets_left, self.slips_left, self.slews_left);
        self.age() > 0 || left != (setting.upsets, setting.slips, setting.slews)
    }

    /// What can go wrong with the calls of this tick.
    pub(crate) fn possible_slips(&self, setting: &Setting) -> Vec<Slip> {
        if self.slips_left == 0 {
            return vec![];
        }
        let mut journal = Journal::for_slips();
        self.clone().take_turns(None, setting, &mut journal);
        journal.into_slips()
    }

    /// Whether that event can happen now.
    pub(crate) fn allows(&self, event: Event, setting: &Setting) -> bool {
        let in_order = self.last_event.is_none_or(|last| last < event);
        let beacon = |side: Side| self.beacons[side.index()].up;
        let node = |side: Side| &self.nodes[side.index()];
        let guard = |side: Side| node(side).guarded.is_some() && !node(side).frozen;
        in_order
            && match event {
                Event::Relief(Relief::BeaconBack(side)) => !beacon(side),
                Event::Relief(Relief::GuardBack(side)) => node(side).guarded.is_none(),
                Event::Relief(Relief::Thaws(side)) => node(side).frozen,
                Event::Relief(Relief::Reconnected(side)) => node(side).cut_off,
                Event::Relief(Relief::Interrupted) => self.operator.is_some(),
                Event::Upset(Upset::Slews(side, slew)) => {
                    self.slews_left > 0 && !node(side).clock.is_slewed(slew)
                }
                Event::Relief(Relief::ReadsAreWell(side)) => node(side).sight == Sight::Damaged,
                Event::Upset(_) if self.upsets_left == 0 => false,
                Event::Upset(Upset::ReadsAreDamaged(side)) => {
                    setting.damage.is_some() && node(side).sight == Sight::Clear
                }
                Event::Upset(Upset::BeaconDies(side)) => beacon(side),
                Event::Upset(Upset::GuardDies(side) | Upset::Freezes(side)) => guard(side),
                Event::Upset(Upset::ClusterDies(side)) => beacon(side) && guard(side),
                Event::Upset(Upset::CutOff(side)) => !node(side).cut_off,
                Event::Upset(Upset::Handover { .. }) => self.operator.is_none(),
            }
    }

    pub(crate) fn happen(&mut self, event: Event, setting: &Setting, journal: &mut Journal) {
        journal.line(format_args!("{event:?}"));
        self.last_event = Some(event);
        match event {
            Event::Relief(Relief::BeaconBack(side)) => self.beacons[side.index()].up = true,
            Event::Relief(Relief::GuardBack(side)) => self.nodes[side.index()].start(setting),
            Event::Relief(Relief::Thaws(side)) => self.nodes[side.index()].thaw(self.tick, journal),
            Event::Relief(Relief::Reconnected(side)) => self.nodes[side.index()].cut_off = false,
            Event::Relief(Relief::ReadsAreWell(side)) => self.nodes[side.index()].sight = Sight::Clear,
            Event::Relief(Relief::Interrupted) => self.operator = None,
            Event::Upset(upset) => self.suffer(upset, setting),
        }
        self.look_for_double_run();
    }

    fn suffer(&mut self, upset: Upset, setting: &Setting) {
        let left = if let Upset::Slews(..) = upset { &mut self.slews_left } else { &mut self.upsets_left };
        *left -= 1;
        match upset {
            Upset::BeaconDies(side) => self.beacons[side.index()].up = false,
            Upset::GuardDies(side) => self.nodes[side.index()].die(),
            Upset::ClusterDies(side) => {
                self.beacons[side.index()].up = false;
                self.nodes[side.index()].die();
            }
            Upset::Freezes(side) => self.nodes[side.index()].frozen = true,
            Upset::ReadsAreDamaged(side) => self.nodes[side.index()].sight = Sight::Damaged,
            Upset::CutOff(side) => self.nodes[side.index()].cut_off = true,
            Upset::Handover { to, drain } => {
                self.operators += 1;
                self.operator = Some(Operator::new(to, drain, self.operators, setting));
            }
            Upset::Slews(side, slew) => self.nodes[side.index()].clock.slew(self.tick, slew),
        }
    }

    /// Everybody takes a turn, and a tick passes.
    pub(crate) fn pass_tick(&mut self, slip: Option<Slip>, setting: &Setting, journal: &mut Journal) {
        self.slips_left -= u8::from(slip.is_some());
        let landed = self.take_turns(slip, setting, journal);
        self.oracle.tick_is_over(landed);
        self.tick += 1;
        self.last_event = None;
        for node in &mut self.nodes {
            node.live_until(self.tick, &mut self.oracle, journal);
        }
        self.look_for_double_run();
        if self.warm > 0 && self.is_quiet(setting) {
            // Budgets that nobody may use any more tell no states apart.
            (self.upsets_left, self.slips_left, self.slews_left) = (0, 0, 0);
        }
    }

    /// Says whose beats landed where the other cluster can read them.
    fn take_turns(&mut self, slip: Option<Slip>, setting: &Setting, journal: &mut Journal) -> [bool; 2] {
        let mut landed = [false; 2];
        for actor in self.order.into_iter().chain([Actor::Operator]) {
            let slip = slip.filter(|slip| slip.actor == actor).map(|slip| (slip.nth, slip.kind));
            match actor {
                Actor::Beacon(side) => landed[side.index()] = self.beat(side, slip, setting, journal),
                Actor::Guard(side) => self.let_guard_act(side, slip, setting, journal),
                Actor::Operator => self.let_operator_act(slip, setting, journal),
            }
            self.look_for_double_run();
        }
        for side in Side::ALL {
            if let Some(stamp) = self.beacons[side.index()].late.take() {
                self.store.land(side, stamp);
            }
        }
        landed
    }

    fn beat(
        &mut self,
        side: Side,
        slip: Option<(u8, SlipKind)>,
        setting: &Setting,
        journal: &mut Journal,
    ) -> bool {
        let can_be_written = !self.nodes[side.index()].cut_off;
        let beacon = &mut self.beacons[side.index()];
        if !beacon.up || !can_be_written {
            return false;
        }
        let stamp = Beacon::stamp(self.tick);
        journal.could_slip(|| {
            let actor = Actor::Beacon(side);
            SlipKind::OF_A_WRITE.map(|kind| Slip { actor, nth: 0, kind }).to_vec()
        });
        match slip {
            None => self.store.land(side, stamp),
            Some((_, SlipKind::Late)) => beacon.late = Some(stamp),
            Some(_) => return false,
        }
        let reader = &self.nodes[side.other().index()];
        let hidden = reader.sight == Sight::Damaged && setting.damage == Some(false);
        !reader.cut_off && !hidden
    }

    fn let_guard_act(
        &mut self,
        side: Side,
        slip: Option<(u8, SlipKind)>,
        setting: &Setting,
        journal: &mut Journal,
    ) {
        let node = &mut self.nodes[side.index()];
        // A cache grows old while its node is frozen, too.
        let store = setting.cache.is_some().then(|| Box::new(self.store.clone()));
        let a_tick_ago = mem::replace(&mut node.a_tick_ago, store);
        if node.frozen {
            return;
        }
        let now = node.clock.at(self.tick);
        let mut place = Place {
            actor: Actor::Guard(side),
            store: &mut self.store,
            cached: a_tick_ago.as_deref(),
            from_cache: node.reads_cache,
            reachable: !node.cut_off,
            debris: (node.sight == Sight::Damaged).then(|| setting.debris()),
            pace: if setting.slow[side.index()] { Pace::Slow } else { Pace::Prompt },
            slip,
            thorough: setting.thorough,
            oracle: &mut self.oracle,
            journal,
        };
        match &mut node.guarded {
            Some(guarded) => place.turn(guarded, &mut node.in_flight, now),
            None => place.orphan(&mut node.in_flight),
        }
    }

    fn let_operator_act(&mut self, slip: Option<(u8, SlipKind)>, setting: &Setting, journal: &mut Journal) {
        let Some(operator) = &mut self.operator else { return };
        let mut place = Place {
            actor: Actor::Operator,
            store: &mut self.store,
            cached: None,
            from_cache: false,
            reachable: true,
            debris: None,
            pace: Pace::Prompt,
            slip,
            thorough: setting.thorough,
            oracle: &mut self.oracle,
            journal,
        };
        place.turn(&mut operator.handing, &mut operator.in_flight, setting.clock(0).at(self.tick));
        if operator.handing.done {
            self.operator = None;
        }
    }

    fn look_for_double_run(&mut self) {
        if self.nodes.iter().all(Node::runs) {
            self.oracle.object(Violation::DoubleRun);
        }
    }

    /// Who runs, for people.
    pub(crate) fn running(&self) -> Vec<Side> {
        self.nodes.iter().filter(|node| node.runs()).map(|node| node.side).collect()
    }
}
