//! Several clusters that could take over the same work: one of them gets to own it, whatever they see of the old owner.

use std::time::Duration;

use failover_policy::{
    ClusterId, Finding, Gate, GateRule, Look, MaintenanceFinding, OwnershipRecord, RecordLook, Span, Step,
    Swap, SwapOutcome, UnderWay,
};

use crate::bench::{Clocks, Heart, Millis, active, found, gate_rule, id};

/// Gates of different clusters at one store, in which the last stamp of `a` is of second 0.
struct Rivals {
    gates: Vec<Gate>,
    record: OwnershipRecord,
    /// What became of that stamp afterwards.
    a: Heart,
    /// Those that were won.
    swaps: Vec<(Millis, String)>,
}

impl Rivals {
    fn new(names: [&str; 2], cache_age: Span, a: Heart) -> Self {
        let gate = |name: &str| Gate::new(GateRule { cache_age, ..gate_rule(name) });
        Self { gates: names.map(gate).into(), record: active("a"), a, swaps: vec![] }
    }

    /// Whoever owns the work in the end, and when.
    fn run_to(&mut self, until: Millis) -> Option<(Millis, ClusterId)> {
        for at in (0..until).step_by(10) {
            for index in 0..self.gates.len() {
                // They do not poll at the same time.
                if at < 300 * u64::try_from(index).unwrap() {
                    continue;
                }
                if let Some(owner) = self.let_act(index, at) {
                    return Some((at, owner));
                }
            }
        }
        None
    }

    /// Until it sleeps; says where its gate has opened.
    fn let_act(&mut self, index: usize, at: Millis) -> Option<ClusterId> {
        let now = Clocks::TRUE.at(Duration::from_millis(at));
        loop {
            let gate = self.gates.get_mut(index)?;
            let (issued, completed) = (now, now);
            match gate.poll_step(now, UnderWay::NOTHING) {
                Step::Sleep(_) => return None,
                Step::Open(_) => return Some(gate.rule().this.clone()),
                Step::ReadRecord => {
                    let finding = found(self.record.clone());
                    gate.handle_record(RecordLook { issued, completed, finding });
                }
                Step::ReadHeart(cluster) => {
                    let of_a = if at < 500 { Heart::DiedAt(0) } else { self.a };
                    let finding = if cluster == id("a") { of_a.finding(at) } else { Finding::Missing };
                    gate.handle_heart(&cluster, Look { issued, completed, finding });
                }
                Step::ReadMaintenance => gate.handle_maintenance(MaintenanceFinding::Off, now.boot),
                Step::Swap(swap) => self.swap(index, *swap, at),
                Step::ReadOwn => unreachable!("there is no guard behind these gates"),
            }
        }
    }

    fn swap(&mut self, index: usize, swap: Swap, at: Millis) {
        let won = swap.over == Some(self.record.revision);
        if won {
            self.swaps.push((at, format!("{} by {}", swap.purpose.word(), swap.record.owner)));
            self.record = swap.record.clone();
        }
        let now = Clocks::TRUE.at(Duration::from_millis(at));
        let outcome = if won { SwapOutcome::Won } else { SwapOutcome::Lost };
        self.gates[index].handle_swap(swap, outcome, now, now);
    }
}

#[test]
fn rivals_let_each_other_verify_whatever_they_see_of_the_old_owner() {
    for heart in [Heart::DiedAt(0), Heart::Torn] {
        for cache_age in [0, 250, 2250, 5000, 20_000].map(Span::from_millis) {
            for names in [["b", "c"], ["c", "b"]] {
                let mut rivals = Rivals::new(names, cache_age, heart);
                let owned = rivals.run_to(10 * 60_000);
                let told: Vec<_> = rivals.swaps.iter().map(|(_, told)| told.as_str()).collect();
                let of_one = [format!("claim by {}", names[0]), format!("own by {}", names[0])];
                assert_eq!(told, of_one, "{heart:?}, {cache_age}: {:?}", rivals.swaps);
                assert_eq!(owned.map(|(_, owner)| owner), Some(id(names[0])));
            }
        }
    }
}
