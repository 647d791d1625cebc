//! How large a world is, and what can go wrong in it.

use std::cmp::Ordering;
use std::ops::Range;

use failover_policy::{
    Fingerprint, GateRule, GuardRule, HandoverRule, LeaseTiming, Malformed, Mode, OnStoreLoss, Span, Timing,
    WatchRule, Witness,
};

use super::ablation::Ablation;
use super::clock::Clock;
use super::side::{Actor, Side};

/// One family of worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is about, for the report.
    pub name: &'static str,
    /// How many upsets a run may have.
    pub upsets: u8,
    /// How many slips a run may have, at most one a tick.
    pub slips: u8,
    /// How often a run may change how a clock is slewed: by up to 10 % either way, on either node.
    pub slews: u8,
    /// From this tick on nothing happens any more.
    pub quiet_from: u8,
    /// How many quiet ticks the survivors have to find their way.
    pub quiet_ticks: u8,
    /// Which of the [`Setting::ORDERS`] orders in which everybody takes turns are tried.
    pub orders: Range<usize>,
    /// The drifts of the two clusters' clocks, in millionths.
    pub drifts: Vec<[i64; 2]>,
    /// The silence that each cluster is configured to watch, in seconds.
    pub watches: [u64; 2],
    /// Which clusters' reads come out of a cache that is a tick old; `None`: there is no cache.
    pub cache: Option<Vec<[bool; 2]>>,
    /// Whose guards' reads take a whole tick each, which is a poll and about the read deadline.
    pub slow: [bool; 2],
    /// Whether handovers let the workload finish in peace for two ticks.
    pub drain: bool,
    /// Whether the rarer slips are tried too.
    pub thorough: bool,
    /// Whether reads of a stamp can be damaged, and if so, whether writes to the place are atomic.
    pub damage: Option<bool>,
    /// A rule that is switched off.
    pub ablation: Option<Ablation>,
}

impl Setting {
    /// The shortest watch that the budget allows with a beat and a poll a tick, in seconds.
    const SHORTEST_WATCH: u64 = 6;
    /// A tenth of it is more than a tick.
    const SLEWED_WATCH: u64 = 11;
    /// How many ticks the survivors need at most: a beat must be seen, an open handover found, watched for a whole
    /// watch and completed or called off, and the owner's heart watched once more.
    const QUIET_TICKS: u8 = 14;
    /// How many orders of turns there are.
    pub const ORDERS: usize = 12;
    /// Time for a takeover (seven ticks), and for something more to go wrong after it.
    const QUIET_FROM: u8 = 9;
    /// The drift that the protocol allows for, in millionths: `ρ`.
    const DRIFT_PPM: i64 = 1000;

    /// So many things may go wrong until A has lost the work to B and could have it back. The owner's clock is slow and
    /// the standby's fast, as far as they may be.
    pub fn new(name: &'static str, upsets: u8, slips: u8) -> Self {
        Self {
            name,
            upsets,
            slips,
            slews: 0,
            quiet_from: Self::QUIET_FROM,
            quiet_ticks: Self::QUIET_TICKS,
            orders: 0..Self::ORDERS,
            drifts: vec![[-Self::DRIFT_PPM, Self::DRIFT_PPM]],
            watches: [Self::SHORTEST_WATCH; 2],
            cache: None,
            slow: [false; 2],
            drain: false,
            thorough: false,
            damage: None,
            ablation: None,
        }
    }

    /// The same where reads come out of caches that are a tick old; clocks keep step, so that a tick is a tick to all.
    #[must_use]
    pub fn with_cache(self, readers: Vec<[bool; 2]>) -> Self {
        Self { cache: Some(readers), drifts: vec![[0, 0]], ..self }
    }

    /// The same where clocks are slewed, which stays so to the end. The watch is so long that a tenth of it makes a whole
    /// tick, since everybody acts at ticks alone; whoever waits by a clock that is slowed down needs two ticks more for it.
    #[must_use]
    pub fn with_slews(self, slews: u8) -> Self {
        Self { slews, watches: [Self::SLEWED_WATCH; 2], quiet_from: 14, quiet_ticks: 26, ..self }
    }

    /// The same where an upset can be that everything which one guard reads of the other cluster's stamp is empty, with
    /// nothing beside it that moves. A claim over it stands for a watch, and may be refused, and made again, before.
    #[must_use]
    pub fn with_damage(self, atomic: bool) -> Self {
        Self { damage: Some(atomic), quiet_ticks: 2 * Self::QUIET_TICKS, ..self }
    }

    /// What a guard reads then.
    pub(crate) fn debris(&self) -> Malformed {
        let torn = Malformed::Torn { bytes: Fingerprint::of(b""), witness: Witness::Absent };
        if self.damage == Some(true) { Malformed::Foreign } else { torn }
    }

    /// The same where the reads of these clusters' guards take a tick each, so that everything takes longer.
    #[must_use]
    pub fn with_slow_reads(self, slow: [bool; 2]) -> Self {
        Self { slow, quiet_from: Self::QUIET_FROM + 3, quiet_ticks: Self::QUIET_TICKS + 6, ..self }
    }

    /// The same with fewer orders.
    #[must_use]
    pub fn with_orders(self, orders: Range<usize>) -> Self {
        Self { orders, ..self }
    }

    /// The tick at which a run ends.
    pub fn horizon(&self) -> u8 {
        self.quiet_from + self.quiet_ticks
    }

    /// The durations of one cluster. A poll is a hundredth shorter than a tick and a read as much longer, so that a
    /// drifting clock neither skips a tick nor fails a read; where clocks are slewed, a poll is a tenth shorter still.
    pub fn timing(&self, watch: u64) -> Timing {
        let poll = if self.slews == 0 { 990 } else { 890 };
        Timing {
            flatline_after: Span::from_millis(watch * 1000 + poll),
            poll: Span::from_millis(poll),
            read_deadline: Span::from_millis(1010),
            interval: Span::from_secs(1),
            write_deadline: Span::from_secs(1),
            stop_grace: Span::from_millis(500),
        }
    }

    pub(crate) fn clock(&self, gains_ppm: i64) -> Clock {
        let factor = if self.ablation == Some(Ablation::FastDrift) { 10 } else { 1 };
        Clock {
            gains_ppm: gains_ppm * factor,
            wall_ahead: 3600,
            waits_by_kernel: self.ablation == Some(Ablation::WaitsByTheSlewed),
            holds_by_kernel: self.ablation == Some(Ablation::HoldsByTheSlewed),
            ..Clock::TRUE
        }
    }

    /// What the machines are told.
    fn cache_age(&self) -> Span {
        let told = self.cache.is_some() && self.ablation != Some(Ablation::HiddenCache);
        Span::from_secs(u64::from(told))
    }

    pub(crate) fn guard_rule(&self, side: Side, by: String) -> GuardRule {
        let timing = self.timing(self.watches[side.index()]);
        let gate = GateRule {
            this: side.id().clone(),
            primary: Side::A.id().clone(),
            by,
            mode: Mode::Prefer,
            guarded: true,
            watch: WatchRule::new(&timing),
            lease: LeaseTiming::of(&timing),
            cache_age: self.cache_age(),
            takeover_delay: Span::ZERO,
            store_grace: Span::ZERO,
        };
        GuardRule { gate, stop_grace: timing.stop_grace, on_store_loss: OnStoreLoss::Stop }
    }

    pub(crate) fn handover_rule(&self, to: Side, drain: bool, by: String) -> HandoverRule {
        let timing = self.timing(self.watches[Side::A.index()]);
        HandoverRule {
            to: to.id().clone(),
            drain: Span::from_secs(if drain { 2 } else { 0 }),
            by,
            watch: WatchRule::new(&timing),
            lease: LeaseTiming::of(&self.timing(self.shortest_watch())),
            cache_age: self.cache_age(),
        }
    }

    /// What an operator's command promises: the least that anybody here is configured with, so that the record's watch
    /// shrinks wherever it can.
    fn shortest_watch(&self) -> u64 {
        self.watches.into_iter().min().unwrap_or(Self::SHORTEST_WATCH)
    }
}

/// All orders of turns, the operator being last. Every order in which beacon A, guard A and guard B can take turns; beacon B, whom guard B alone reads while A owns
/// the work, is right before or right after it. The first four differ most: beacon A before, between (both ways) and after
/// the two guards.
pub(crate) fn orders() -> Vec<[Actor; 4]> {
    use Actor::{Beacon, Guard};
    use Side::{A, B};
    let threes = [
        [Beacon(A), Guard(A), Guard(B)],
        [Guard(A), Beacon(A), Guard(B)],
        [Guard(B), Beacon(A), Guard(A)],
        [Guard(A), Guard(B), Beacon(A)],
        [Beacon(A), Guard(B), Guard(A)],
        [Guard(B), Guard(A), Beacon(A)],
    ];
    let with_beacon_b = |after: usize| {
        threes.map(|three| {
            let at = three.iter().position(|actor| *actor == Guard(B)).unwrap_or(0) + after;
            std::array::from_fn(|turn| match turn.cmp(&at) {
                Ordering::Less => three[turn],
                Ordering::Equal => Beacon(B),
                Ordering::Greater => three[turn - 1],
            })
        })
    };
    [with_beacon_b(0), with_beacon_b(1)].concat()
}

#[cfg(test)]
mod tests {
    use failover_policy::Role;

    use super::*;

    #[test]
    fn the_smallest_world_is_one_that_the_budget_allows() {
        let steady = Setting::new("", 1, 0);
        for setting in [steady.clone(), steady.with_slews(1)] {
            assert_eq!(setting.timing(Setting::SHORTEST_WATCH).check(Role::Guard), Ok(()));
            assert!(setting.timing(Setting::SHORTEST_WATCH - 1).check(Role::Guard).is_err());
        }
    }
}
