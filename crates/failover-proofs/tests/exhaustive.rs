//! Every schedule of a small world, and the same with one rule switched off.
//!
//! `FLATLINE_MODEL=long` goes through much larger worlds, for about an hour.

use failover_proofs::model::{Ablation, Happening, Setting, check};

/// Checks a setting, and that the runs in it came to all of these.
fn prove(setting: &Setting, happenings: &[Happening]) {
    let report = check(setting);
    println!("{report}");
    assert!(report.broken().is_empty(), "{report}");
    for happening in happenings {
        assert!(report.count(*happening) > 0, "{happening:?} never happened: {report}");
    }
}

#[test]
fn whatever_goes_wrong_once_and_whatever_call_slips() {
    use Happening::{CompletedByGate, Contested, GivenBack, HandedOver, KilledLate, SwapLost, Takeover};
    let all = [CompletedByGate, Contested, GivenBack, HandedOver, KilledLate, SwapLost, Takeover];
    prove(&Setting::new("an upset and a slip", 1, 1), &all);
}

#[test]
fn whatever_two_things_go_wrong() {
    use Happening::{CalledOff, CompletedByGate, HandedOver, Takeover};
    let all = [CalledOff, CompletedByGate, HandedOver, Takeover];
    prove(&Setting::new("two upsets", 2, 0), &all);
}

#[test]
fn whatever_goes_wrong_while_a_workload_finishes_in_peace() {
    let setting = Setting { drain: true, ..Setting::new("two upsets, drained", 2, 0) };
    prove(&setting.with_orders(0..1), &[Happening::Released, Happening::CalledOff]);
}

#[test]
fn whatever_goes_wrong_where_reads_come_out_of_a_cache() {
    use Happening::{ClaimTakenUp, Contested, GivenBack};
    let setting = Setting::new("two upsets behind caches", 2, 0).with_cache(vec![[true, true]]);
    prove(&setting.with_orders(0..1), &[ClaimTakenUp, Contested, GivenBack]);

    let some = vec![[true, true], [true, false], [false, true], [false, false]];
    let setting = Setting::new("an upset and a slip behind caches", 1, 1).with_cache(some);
    prove(&setting.with_orders(0..2), &[Contested, GivenBack]);
}

#[test]
fn whatever_goes_wrong_while_reads_are_damaged_at_one_side_alone() {
    use Happening::{Contested, Takeover};
    let setting = Setting::new("two upsets and damaged reads, in a folder", 2, 0).with_damage(false);
    prove(&setting.with_orders(0..1), &[Contested, Takeover]);
    let setting =
        Setting::new("two upsets and damaged reads, where writes are atomic", 2, 0).with_damage(true);
    prove(&setting.with_orders(0..1), &[Takeover]);
    let setting = Setting::new("damaged reads in a folder, and a slip", 1, 1).with_damage(false);
    prove(&setting.with_orders(0..4), &[Contested]);
}

#[test]
fn whatever_goes_wrong_while_two_sides_are_configured_differently() {
    for watches in [[9, 6], [6, 9]] {
        let setting = Setting::new("one upset, two timings", 1, 0);
        let (quiet_from, quiet_ticks) = (12, 20);
        prove(&Setting { watches, quiet_from, quiet_ticks, ..setting }, &[Happening::Takeover]);
    }
}

#[test]
fn whatever_goes_wrong_while_a_clock_is_slewed() {
    let setting = Setting::new("an upset and a slewed clock", 1, 0).with_slews(1);
    prove(&setting.with_orders(0..2), &[Happening::Takeover, Happening::HandedOver]);
}

#[test]
fn whatever_goes_wrong_while_every_read_takes_as_long_as_a_poll() {
    use Happening::{CalledOff, CompletedByGate, HandedOver, Takeover};
    for slow in [[true, true], [true, false]] {
        let setting = Setting::new("two upsets, slow reads", 2, 0).with_slow_reads(slow);
        prove(&setting.with_orders(0..1), &[CalledOff, CompletedByGate, HandedOver, Takeover]);
    }
    let setting = Setting::new("an upset and a slip, slow reads", 1, 1).with_slow_reads([true, true]);
    prove(&setting.with_orders(0..2), &[Takeover, HandedOver]);
}

/// The record begins with the longer watch, and every handover writes the shorter one.
#[test]
fn whatever_goes_wrong_around_handovers_that_shorten_the_recorded_watch() {
    use Happening::{CalledOff, CompletedByGate, HandedOver, Takeover};
    let setting = Setting::new("two upsets, a watch that shrinks", 2, 0).with_orders(0..1);
    let (quiet_from, quiet_ticks) = (12, 20);
    let setting = Setting { watches: [9, 6], quiet_from, quiet_ticks, ..setting };
    prove(&setting, &[CalledOff, CompletedByGate, HandedOver, Takeover]);
}

#[test]
fn without_any_one_of_the_rules_a_promise_is_broken() {
    for ablation in Ablation::ALL {
        let report = check(&ablation.setting());
        println!("{ablation:?}: {report}");
        let mut broken = report.broken().iter().map(|(promise, _)| promise);
        assert!(broken.any(|promise| ablation.breaks().contains(promise)), "{ablation:?}: {report}");
    }
}

#[test]
fn in_the_long_mode_much_larger_worlds_keep_every_promise() {
    if std::env::var("FLATLINE_MODEL").as_deref() != Ok("long") {
        println!("skipped: FLATLINE_MODEL=long asks for worlds that take an hour");
        return;
    }
    let base = Setting::new("two upsets and a slip", 2, 1);
    let reversed: Vec<_> = base.drifts.iter().map(|[a, b]| [*b, *a]).collect();
    let readers = vec![[true, true], [true, false], [false, true]];
    for order in 0..Setting::ORDERS {
        let base = base.clone().with_orders(order..order + 1);
        prove(&base, &[]);
        prove(&Setting { name: "the same, drained", drain: true, ..base.clone() }, &[]);
        prove(&Setting { name: "an upset and any slip", upsets: 1, thorough: true, ..base.clone() }, &[]);
        let upsets = Setting { slips: 0, ..base };
        prove(&Setting { name: "three upsets", upsets: 3, ..upsets.clone() }, &[]);
        prove(
            &Setting { name: "an upset, a slip and slewed clocks", ..Setting::new("", 1, 1) }
                .with_slews(2)
                .with_orders(order..order + 1),
            &[],
        );
        prove(&Setting { name: "drift the other way", drifts: reversed.clone(), ..upsets.clone() }, &[]);
        let late = Setting { name: "two upsets, the second much later", quiet_from: 16, ..upsets.clone() };
        prove(&late, &[]);
        for atomic in [true, false] {
            let damaged = Setting { name: "damaged reads", ..upsets.clone() }.with_damage(atomic);
            prove(&damaged, &[]);
        }
        prove(&Setting { name: "behind caches", ..upsets }.with_cache(readers.clone()), &[]);
    }
}
