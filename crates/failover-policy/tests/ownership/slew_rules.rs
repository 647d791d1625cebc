//! Clocks that a time daemon slews: an owner and a standby with one of both, and with the two measures of time.

use failover_policy::{
    ChildOrder, GateRule, GuardRule, LeaseTiming, OwnershipRecord, Purpose, Role, Span, Timing, WatchRule,
};

use crate::bench::{Bench, Clocks, Heart, Millis, active, guard, guard_rule};

/// As far as chrony slews a clock unless told otherwise, either way; and as far as a kernel lets anybody.
const SLOWER: u64 = 917_000;
const FASTER: u64 = 1_083_000;
const RATES: [u64; 5] = [900_000, SLOWER, 1_000_000, FASTER, 1_100_000];

fn timing(flatline_after: u64) -> Timing {
    Timing { flatline_after: Span::from_secs(flatline_after), ..Timing::default() }
}

/// A guard of this cluster, while a owns the work.
fn bench(this: &str, flatline_after: u64, clocks: Clocks) -> Bench<failover_policy::Guard> {
    let timing = timing(flatline_after);
    let lease = LeaseTiming::of(&timing);
    let gate = GateRule { lease, watch: WatchRule::new(&timing), ..guard_rule(this).gate };
    let mut bench = guard(GuardRule { gate, ..guard_rule(this) })
        .with_record(OwnershipRecord { timing: lease, ..active("a") });
    bench.clocks = clocks;
    bench.child_obeys = false;
    bench
}

/// For how long both run at the most, in milliseconds, where the owner's heart dies at some time; less than nothing where
/// the owner is gone before. Workloads ignore SIGTERM, and reads take no time.
fn longest_overlap(flatline_after: u64, owner: Clocks, standby: Clocks) -> i64 {
    let overlap = |died_at: Millis, starts_at: Millis| {
        let until = died_at + 2000 * flatline_after;
        let mut bench_of_owner = bench("a", flatline_after, owner).with_heart("a", Heart::DiedAt(died_at));
        bench_of_owner.freeze_to(starts_at);
        bench_of_owner.run_to(until);
        let killed =
            bench_of_owner.orders().into_iter().find(|(_, order)| matches!(order, ChildOrder::Kill(_)));
        let mut bench_of_standby =
            bench("b", flatline_after, standby).with_heart("a", Heart::DiedAt(died_at));
        bench_of_standby.run_to(until);
        let owns = bench_of_standby.swaps().into_iter().find(|(_, purpose)| *purpose == Purpose::Own);
        let [killed, owns] = [killed.unwrap().0, owns.unwrap().0].map(|at| i64::try_from(at).unwrap());
        killed - owns
    };
    let deaths = (20_000..44_000).step_by(2000);
    // Worth most is a beat that is written right after a read.
    deaths.flat_map(|died_at| [0, 950].map(|starts_at| overlap(died_at, starts_at))).max().unwrap()
}

/// Figures of two clusters that go by the boot-time clock alone.
#[test]
fn a_slewed_clock_alone_lets_both_run() {
    let table = [
        (35, Clocks::one(SLOWER), Clocks::TRUE, 1_400..1_500, "the owner's clock is slowed down"),
        (
            35,
            Clocks::one(SLOWER),
            Clocks::TRUE.ahead(1500),
            2_400..2_500,
            "and its beacon's wall clock is behind",
        ),
        (35, Clocks::TRUE, Clocks::one(FASTER), 800..1_200, "the standby's clock is sped up"),
        (10, Clocks::one(SLOWER), Clocks::TRUE.ahead(1500), 150..250, "the defaults, at worst"),
        (35, Clocks::TRUE, Clocks::TRUE, -1_700..-1_500, "clocks that are true"),
    ];
    for (flatline_after, owner, standby, expected, why) in table {
        let overlap = longest_overlap(flatline_after, owner, standby);
        assert!(expected.contains(&overlap), "{why}: {overlap} ms");
    }
}

/// A lost beat in every two, and reads that take nearly as long as they may.
#[test]
fn lost_beats_stop_no_workload_whichever_way_its_guards_clock_is_slewed() {
    for (rate, starts_at) in RATES.into_iter().flat_map(|rate| [(rate, 0), (rate, 950)]) {
        let mut bench = bench("a", 10, Clocks::slewed(rate)).with_heart("a", Heart::BeatsEvery(4000));
        bench.takes.insert("own", 900);
        bench.freeze_to(starts_at);
        bench.run_to(600_000);
        let orders = bench.orders();
        assert!(
            matches!(orders[..], [(_, ChildOrder::Start { term: 3 })]),
            "{rate}, {starts_at}: {orders:?}"
        );
    }
}

#[test]
fn with_both_measures_the_owner_is_gone_before_the_standby_owns_whoevers_clock_is_slewed() {
    /// What `K` allows for noticing and reaping.
    const REAPING: i64 = 500;
    for flatline_after in [10, 35] {
        timing(flatline_after).check(Role::Guard).unwrap();
        for (owner, standby) in RATES.into_iter().flat_map(|owner| RATES.map(|standby| (owner, standby))) {
            // An hour ahead, so that the watched silence alone decides.
            let standby = Clocks::slewed(standby).ahead(3_600_000);
            let overlap = longest_overlap(flatline_after, Clocks::slewed(owner), standby);
            assert!(overlap <= -REAPING, "T = {flatline_after} s, {owner} and {standby:?}: {overlap} ms");
        }
    }
}
