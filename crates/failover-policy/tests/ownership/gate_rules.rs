//! Who may go, by what is known of the record.

use failover_policy::{
    Exhausted, GateRule, Letter, LossCause, Mode, Opening, OwnershipRecord, Purpose, RecordFinding,
    RecordState, Span, UnusableRecord, Waiting,
};

use crate::bench::{
    Bench, Heart, active, boot, found, gate, gate_rule, id, lease, next, pending, releasing, wall,
};

const HOUR: u64 = 3_600_000;

fn unusable() -> [RecordFinding; 2] {
    [UnusableRecord::Malformed("so it is".to_owned()), UnusableRecord::Newer(2)].map(RecordFinding::Unusable)
}

/// What a gate makes of one look at everything: it opens, or it waits for something.
fn at_first_sight(rule: GateRule, record: RecordFinding) -> Result<Opening, Waiting> {
    let mut bench = gate(rule);
    bench.record = record;
    match bench.run_to(0) {
        Some(opening) => Ok(opening),
        None => Err(bench.machine.waiting(bench.now()).unwrap()),
    }
}

#[test]
fn the_owner_goes_at_once_and_everybody_else_waits_for_what_the_record_asks() {
    let owner = |record: &OwnershipRecord| Ok(Opening::Owner(Box::new(record.clone())));
    let heart = |name| Err(Waiting::Heart(id(name)));
    let drain = Span::from_secs(5);
    let table = [
        ("a", active("a"), owner(&active("a")), "the owner goes"),
        ("b", active("b"), owner(&active("b")), "whether or not it is the primary"),
        ("a", active("b"), heart("b"), "no preemption: the old owner blocks"),
        ("b", active("a"), heart("a"), "a standby watches whoever owns by the record"),
        ("b", active("c"), heart("c"), "which need not be the primary"),
        ("b", pending("b", "a"), Err(Waiting::Claim(id("b"), boot(9000))), "a sibling's claim"),
        ("a", pending("b", "a"), Err(Waiting::OwnBeat), "a claim against us, which a beat takes back"),
        ("c", pending("b", "a"), heart("a"), "in pending everybody watches the last that could run"),
        ("a", releasing("a", "b", drain), Err(Waiting::Successor(id("b"))), "asked to stop"),
        ("b", releasing("a", "b", drain), Err(Waiting::Release(boot(14_010))), "watch + drain·(1 + 2ρ)"),
        ("c", releasing("a", "b", drain), heart("a"), "a third cluster"),
    ];
    for (this, record, expected, why) in table {
        for mode in [Mode::Prefer, Mode::Strict] {
            let rule = GateRule { mode, ..gate_rule(this) };
            assert_eq!(at_first_sight(rule, found(record.clone())), expected, "{why}, {mode:?}");
        }
    }
}

#[test]
fn without_a_record_only_the_primary_under_prefer_goes_at_once() {
    let table = [
        ("a", Mode::Prefer, Ok(Opening::NoRecord)),
        ("a", Mode::Strict, Err(Waiting::FirstRecord(boot(9000)))),
        ("b", Mode::Prefer, Err(Waiting::Heart(id("a")))),
        ("b", Mode::Strict, Err(Waiting::Heart(id("a")))),
    ];
    for (this, mode, expected) in table {
        let rule = GateRule { mode, ..gate_rule(this) };
        assert_eq!(at_first_sight(rule, RecordFinding::Absent), expected, "{this} {mode:?}");
    }
}

#[test]
fn a_store_that_cannot_be_read_lets_nobody_go_at_once() {
    let table = [
        ("a", Mode::Prefer, Waiting::StoreGrace(boot(300_000))),
        ("a", Mode::Strict, Waiting::Record),
        ("b", Mode::Prefer, Waiting::Record),
        ("b", Mode::Strict, Waiting::Record),
    ];
    for (this, mode, expected) in table {
        let rule = GateRule { mode, ..gate_rule(this) };
        assert_eq!(at_first_sight(rule, RecordFinding::Unreadable), Err(expected), "{this} {mode:?}");
    }
}

#[test]
fn the_preferred_primary_goes_when_the_store_grace_is_over_and_not_a_poll_earlier() {
    let mut bench = gate(gate_rule("a"));
    bench.record = RecordFinding::Unreadable;
    assert_eq!(bench.run_to(299_999), None);
    assert_eq!(bench.run_to(300_000), Some(Opening::StoreGrace));
    assert_eq!(Opening::StoreGrace.term(), None, "nobody knows the term");
    assert_eq!(bench.swaps(), []);
}

#[test]
fn no_other_gate_ever_goes_without_the_record() {
    let prefer = |this| gate_rule(this);
    let strict = |this| GateRule { mode: Mode::Strict, ..gate_rule(this) };
    let guarded = |this| GateRule { guarded: true, ..gate_rule(this) };
    for rule in [strict("a"), guarded("a"), prefer("b"), strict("b"), guarded("b")] {
        let mut bench = gate(rule.clone());
        bench.record = RecordFinding::Unreadable;
        assert_eq!((bench.run_to(HOUR), bench.swaps()), (None, vec![]), "{rule:?}");
    }
}

#[test]
fn the_store_grace_is_for_those_who_never_read_a_record() {
    let mut bench = gate(gate_rule("a")).with_record(active("b"));
    bench.run_to(5000);
    bench.record = RecordFinding::Unreadable;
    assert_eq!(bench.run_to(HOUR), None, "it knows that b owns");
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Record));
}

#[test]
fn a_record_that_cannot_be_used_blocks_for_ever_and_is_not_touched() {
    for finding in unusable() {
        for (this, guarded) in [("a", false), ("a", true), ("b", false), ("b", true)] {
            let mut bench = gate(GateRule { guarded, ..gate_rule(this) }).with_heart("a", Heart::DiedAt(0));
            bench.record = finding.clone();
            assert_eq!((bench.run_to(HOUR), bench.swaps()), (None, vec![]), "{this} {finding:?}");
            assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Unusable));
            assert_eq!(bench.machine.activation(bench.now()), None, "that takes the command line's activate");
        }
    }
}

#[test]
fn a_record_that_was_read_and_counts_less_now_is_lost_and_blocks_for_ever() {
    let older = OwnershipRecord { revision: 4, ..active("a") };
    let lower_term = OwnershipRecord { revision: 6, term: 2, ..active("a") };
    let table = [
        (RecordFinding::Absent, LossCause::Missing),
        (found(older), LossCause::Older { seen: 5, found: 4 }),
        (found(lower_term), LossCause::Older { seen: 5, found: 6 }),
        (found(active("a")), LossCause::Replaced { revision: 5 }),
    ];
    for (finding, cause) in table {
        let mut bench = gate(gate_rule("a")).with_record(active("b")).with_heart("b", Heart::DiedAt(0));
        bench.run_to(3000);
        bench.record = finding;
        assert_eq!((bench.run_to(HOUR), bench.swaps()), (None, vec![]), "{cause:?}");
        assert_eq!(*bench.machine.record(), RecordState::Lost(cause));
        assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Lost));
    }
}

#[test]
fn a_lost_record_that_comes_back_or_is_beaten_by_an_activation_counts_again() {
    let activated = OwnershipRecord { revision: 9, term: 9, ..active("b") };
    let table = [(active("a"), None), (activated.clone(), Some(Opening::Owner(Box::new(activated))))];
    for (record, opening) in table {
        let mut bench = gate(gate_rule("b")).with_record(active("a"));
        bench.run_to(3000);
        bench.record = RecordFinding::Absent;
        bench.run_to(6000);
        bench.set_record(record.clone());
        assert_eq!(bench.run_to(7000), opening);
        assert_eq!(*bench.machine.record(), RecordState::Found(Box::new(record)));
    }
}

#[test]
fn what_a_caching_place_shows_late_is_neither_loss_nor_news() {
    let rule = GateRule { cache_age: Span::from_secs(2), ..gate_rule("a") };
    let stale = [RecordFinding::Absent, found(OwnershipRecord { revision: 4, ..active("a") })];
    for finding in stale {
        let mut bench = gate(rule.clone()).with_record(active("b"));
        bench.run_to(3000);
        bench.record = finding;
        assert_eq!(bench.run_to(4999), None);
        assert_eq!(*bench.machine.record(), RecordState::Unreadable, "younger than the cache's age");
        assert_eq!(bench.run_to(5000), None);
        assert!(matches!(bench.machine.record(), RecordState::Lost(_)), "two seconds after the newer one");
    }
}

/// Runs until the first swap and says when that was.
fn first_swap(bench: &mut Bench<failover_policy::Gate>) -> Option<(u64, Purpose)> {
    bench.run_to(60_000);
    bench.swaps().first().copied()
}

#[test]
fn the_first_record_is_written_after_a_whole_watch_without_one() {
    let strict = GateRule { mode: Mode::Strict, ..gate_rule("a") };
    let guarded = GateRule { guarded: true, ..gate_rule("a") };
    let cached = GateRule { cache_age: Span::from_secs(2), ..strict.clone() };
    for (rule, at) in [(strict, 9000), (guarded, 9000), (cached, 11_000)] {
        let mut bench = gate(rule);
        assert_eq!(first_swap(&mut bench), Some((at, Purpose::Create)));
        let record = bench.stored();
        assert_eq!((record.revision, record.term, record.owner.as_str()), (1, 1, "a"));
        assert!(record.lets_run(&id("a")));
    }
}

#[test]
fn a_record_that_shows_up_meanwhile_stops_the_first_one() {
    let mut bench = gate(GateRule { mode: Mode::Strict, ..gate_rule("a") });
    bench.run_to(8500);
    bench.set_record(active("b"));
    assert_eq!((bench.run_to(HOUR), bench.swaps()), (None, vec![]));
}

#[test]
fn a_guarded_primary_writes_the_first_record_only_while_its_own_heart_beats() {
    for (heart, expected) in [
        (Heart::Beats, Some((9000, Purpose::Create))),
        (Heart::BackAt(20_000), Some((20_000, Purpose::Create))),
        (Heart::DiedAt(0), None),
        (Heart::Missing, None),
        (Heart::Torn, None),
        (Heart::Foreign, None),
        (Heart::Unreadable, None),
    ] {
        let mut bench = gate(GateRule { guarded: true, ..gate_rule("a") }).with_heart("a", heart);
        assert_eq!(first_swap(&mut bench), expected, "{heart:?}");
    }
}

#[test]
fn a_gate_under_a_guard_never_opens() {
    let mut bench = gate(GateRule { guarded: true, ..gate_rule("a") }).with_record(active("a"));
    assert_eq!(bench.run_to(HOUR), None);
    assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Nothing));
}

#[test]
fn an_activation_makes_this_cluster_the_owner_over_what_was_read_and_nothing_else() {
    let table = [
        (RecordFinding::Absent, Some((None, 1, 2))),
        (found(OwnershipRecord { timing: lease(34, 2), ..active("a") }), Some((Some(5), 6, 4))),
        (found(pending("c", "a")), Some((Some(5), 6, 4))),
        (found(releasing("a", "b", Span::ZERO)), Some((Some(5), 6, 4))),
        (RecordFinding::Unreadable, None),
    ];
    for (finding, expected) in table {
        let mut bench = gate(gate_rule("b"));
        bench.record = finding.clone();
        bench.run_to(0);
        let swap = bench.machine.activation(bench.now()).map(Result::unwrap);
        let numbers = swap.as_ref().map(|swap| (swap.over, swap.record.revision, swap.record.term));
        assert_eq!(numbers, expected, "{finding:?}");
        if let Some(swap) = swap {
            assert!(swap.record.lets_run(&id("b")), "{finding:?}");
            assert_eq!(swap.purpose, Purpose::Activate);
            assert_eq!((swap.record.by.as_str(), swap.record.since), ("b-1", wall(0)));
            assert_eq!(swap.record.timing, gate_rule("b").lease, "its own, whatever was recorded");
        }
    }
}

#[test]
fn whoever_could_never_own_the_work_under_a_term_of_its_own_says_so_instead_of_claiming_it() {
    let (term, revision) = (Exhausted::Term(u64::MAX), Exhausted::Revision(u64::MAX));
    let at = |record: OwnershipRecord, term, revision| OwnershipRecord { term, revision, ..record };
    let table = [
        (at(active("a"), u64::MAX, 5), term, "before the heart is flat, and after"),
        (at(active("a"), 3, u64::MAX), revision, "no revision for the claim"),
        (at(pending("c", "a"), u64::MAX, 5), term, "a claim of another, over which it could claim"),
        (at(pending("b", "a"), u64::MAX, 5), term, "a claim of this cluster that it can never complete"),
        (at(releasing("a", "b", Span::ZERO), u64::MAX, 5), term, "a handover that it can never complete"),
    ];
    for (record, why, what) in table {
        let mut bench = gate(gate_rule("b")).with_record(record.clone()).with_heart("a", Heart::DiedAt(0));
        assert_eq!((bench.run_to(HOUR), bench.swaps()), (None, vec![]), "{what}");
        assert_eq!(bench.machine.waiting(bench.now()), Some(Waiting::Exhausted(why)), "{what}");
        assert_eq!(bench.machine.activation(bench.now()), Some(Err(why)), "{what}");
    }
    let mut early = gate(gate_rule("b")).with_record(at(active("a"), u64::MAX, 5));
    early.run_to(5000);
    let waits = early.machine.waiting(early.now());
    assert_eq!(waits, Some(Waiting::Exhausted(term)), "while there is time to mend it: the owner beats");
}

#[test]
fn a_gate_shows_the_classic_letter_of_its_cluster() {
    let mut refused = gate(gate_rule("b")).with_record(pending("b", "a"));
    refused.run_to(5000);
    let table = [
        (active("b"), Letter::Owned),
        (releasing("b", "a", Span::ZERO), Letter::Owned),
        (pending("b", "a"), Letter::Standby),
        (active("a"), Letter::Standby),
        (refused.stored().clone(), Letter::Refused),
    ];
    for (record, letter) in table {
        let mut bench = gate(gate_rule("b")).with_record(next(record));
        bench.run_to(0);
        assert_eq!(bench.machine.letter(), Some(letter), "{:?}", bench.record);
    }
}

#[test]
fn without_a_record_the_primary_has_the_owners_letter_and_where_nobody_can_tell_there_is_none() {
    let [malformed, newer] = unusable();
    let table = [
        (RecordFinding::Absent, Some(Letter::Owned), Some(Letter::Standby)),
        (RecordFinding::Unreadable, None, None),
        (malformed, None, None),
        (newer, None, None),
    ];
    for (finding, of_a, of_b) in table {
        let letter = |this| {
            let mut bench = gate(gate_rule(this));
            assert_eq!(bench.machine.letter(), None, "nothing was read yet");
            bench.record = finding.clone();
            bench.run_to(0);
            bench.machine.letter()
        };
        assert_eq!((letter("a"), letter("b")), (of_a, of_b), "{finding:?}");
    }
    let mut owner = gate(GateRule { mode: Mode::Strict, ..gate_rule("a") }).with_record(active("b"));
    owner.run_to(0);
    owner.record = RecordFinding::Absent;
    owner.run_to(2000);
    assert_eq!(owner.machine.record(), &RecordState::Lost(LossCause::Missing));
    assert_eq!(owner.machine.letter(), None, "a lost record tells nothing");
}
