//! Gates that obey the record, on virtual time and a store in memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failover_policy::{
    BootTime, ClusterId, GateRule, LeaseTiming, Maintenance, Mode, OwnershipRecord, Phase, SignedSpan, Span,
    Stamp, Timing, WatchRule,
};
use flatline_processes::Notifications;
use flatline_shell::endpoints::Report;
use flatline_shell::{Clock, Exit, VirtualClock};
use heartbeat_store::{Fault, MemoryBackend, Operation, Place, RecordName, Store};
use tokio::task::JoinHandle;
use tracing::subscriber::DefaultGuard;

use super::hold::Hold;
use crate::ownership::cache_age::Follower;
use crate::ownership::config::OwnershipConfig;
use crate::ownership::front::Front;
use crate::ownership::state::OwnershipState;
use crate::term_file::TermFile;
use crate::timing_args::deadlines;

const SECOND: Duration = Duration::from_secs(1);

/// A store with beacons and gates around it, and a log of what the gates say.
struct World {
    memory: MemoryBackend,
    clock: VirtualClock,
    log: Log,
    _subscriber: DefaultGuard,
}

/// A gate at work.
struct Running {
    gate: JoinHandle<(Exit, BootTime)>,
    state: Arc<OwnershipState>,
}

fn id(text: &str) -> ClusterId {
    text.parse().unwrap()
}

fn config(this: &str, by: &str) -> OwnershipConfig {
    let timing = Timing::default();
    let rule = GateRule {
        this: id(this),
        primary: id("a"),
        by: by.to_owned(),
        mode: Mode::Prefer,
        guarded: false,
        watch: WatchRule::new(&timing),
        lease: LeaseTiming::of(&timing),
        cache_age: Span::ZERO,
        takeover_delay: Span::ZERO,
        store_grace: Span::from_secs(300),
    };
    OwnershipConfig {
        timing,
        rule,
        caches: Follower::new(&Place::Folder("/nowhere".into()), None, SECOND),
        timeout: None,
        term_file: None,
        notifications: Notifications::default(),
        activation_key: None,
    }
}

impl World {
    fn new() -> Self {
        let log = Log::default();
        let sink = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        let subscriber = tracing::subscriber::set_default(subscriber);
        Self { memory: MemoryBackend::new(), clock: VirtualClock::new(), log, _subscriber: subscriber }
    }

    fn start(&self, config: OwnershipConfig) -> Running {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let store = Store::new(Arc::new(self.memory.clone()), deadlines(&config.timing));
        let front =
            Front::new(&config, None, Arc::clone(&clock), || unreachable!("nobody is notified")).unwrap();
        let Front { state, chronicle, mut activations, counter } = front;
        let shown = Arc::clone(&state);
        let gate = tokio::spawn(async move {
            let _counter = counter;
            let mut hold = Hold::new(&config, store, Arc::clone(&clock), chronicle, shown);
            (hold.until_open(&mut activations).await, clock.now().boot)
        });
        Running { gate, state }
    }

    /// Beats every two seconds for `life`, the last beat at its end.
    async fn beat_for(&self, cluster: &str, life: Duration) -> BootTime {
        let end = self.clock.now().boot.after(life);
        loop {
            let now = self.clock.now();
            let stamp = Stamp::new(now.wall.saturating_add(SignedSpan::ZERO));
            self.memory.plant_stamp(&id(cluster), stamp.to_string().as_bytes());
            if now.boot >= end {
                return now.boot;
            }
            tokio::time::sleep(2 * SECOND).await;
        }
    }

    fn record(&self) -> Option<OwnershipRecord> {
        let stored = self.memory.stored_record(&RecordName::Ownership)?;
        Some(OwnershipRecord::from_json(&stored.body).unwrap())
    }

    fn plant(&self, owner: &str, phase: Phase, revision: u64) -> OwnershipRecord {
        let record = OwnershipRecord {
            revision,
            term: 3,
            owner: id(owner),
            phase,
            timing: LeaseTiming::of(&Timing::default()),
            since: self.clock.now().wall,
            by: "planted".to_owned(),
            reason: "test".to_owned(),
            primary: None,
        };
        self.memory.plant_record(&RecordName::Ownership, &record.to_json());
        record
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines_with(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }

    /// All of it, for the message of an assertion.
    fn all(&self) -> String {
        self.lines_with("").join("\n")
    }
}

const ACTIVE: Phase = Phase::Active { previous: None };

#[tokio::test(start_paused = true)]
async fn a_flat_owner_is_replaced_and_stays_blocked_when_it_comes_back() {
    let world = World::new();
    let standby = world.start(config("b", "b-1"));
    let last_beat = world.beat_for("a", 60 * SECOND).await;
    let (exit, opened) = standby.gate.await.unwrap();
    assert_eq!(exit, Exit::Done);
    let after = opened.since(last_beat);
    assert!(after >= 10 * SECOND && after < 10 * SECOND + Duration::from_millis(10), "{after:?}");
    let record = world.record().unwrap();
    assert_eq!((record.owner.as_str(), record.term, record.revision), ("b", 2, 2), "claimed, then owned");
    assert_eq!((record.by.as_str(), record.phase), ("b-1", Phase::Active { previous: Some(id("a")) }));

    let returned = world.start(config("a", "a-2"));
    world.beat_for("b", 30 * SECOND).await;
    assert!(!returned.gate.is_finished(), "the old owner finds the record: {}", world.log.all());
    assert_eq!(returned.state.state()["letter"], "S");
    let again = world.start(config("b", "b-2"));
    let (exit, at) = again.gate.await.unwrap();
    assert_eq!((exit, at), (Exit::Done, world.clock.now().boot), "another pod of the owner goes at once");
    returned.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_takeover_is_told_in_a_dozen_lines_that_say_who_when_and_why() {
    let world = World::new();
    let standby = world.start(config("b", "b-1"));
    world.beat_for("a", 120 * SECOND).await;
    standby.gate.await.unwrap();
    for part in [
        "no ownership record: the primary owns the work owner=a term=1",
        "blocked until the heart of cluster a is flat waiting_for=\"heart\" whose=\"a\"",
        " beating watching=a",
        "gone quiet",
        "flatlined",
        "claimed: nobody's right to run is extended any more; to be verified owner=b term=1 phase=\"pending\" revision=1",
        "taken over: this cluster owns the work owner=b term=2 phase=\"active\" revision=2 previous=\"a\"",
        "go: this cluster owns the work term=2 owner=b",
        "rehearsed: a record can be written, swapped and removed",
    ] {
        assert_eq!(world.log.lines_with(part).len(), 1, "{part} in\n{}", world.log.all());
    }
    let summaries = world.log.lines_with("still blocked");
    assert_eq!(summaries.len(), 4, "at 30, 60, 90 and 120 s: {summaries:#?}");
    for part in
        ["waiting_for=\"heart\"", "record=\"absent\"", "watching=\"a\"", "verdict=\"beating\"", "beats="]
    {
        assert!(summaries[1].contains(part), "{part} in {}", summaries[1]);
    }
    let lines = world.log.lines_with("").len();
    assert!(lines <= 16, "{lines} lines in two minutes:\n{}", world.log.all());
}

#[tokio::test(start_paused = true)]
async fn of_two_siblings_one_takes_over_and_both_go() {
    let world = World::new();
    let (first, second) = (world.start(config("b", "b-1")), world.start(config("b", "b-2")));
    world.beat_for("a", 20 * SECOND).await;
    let last = world.clock.now().boot;
    let (_, one) = first.gate.await.unwrap();
    let (_, other) = second.gate.await.unwrap();
    assert_eq!(world.record().unwrap().revision, 2, "one claim, one takeover");
    for opened in [one, other] {
        assert!(opened.since(last) < 12 * SECOND, "{:?}", opened.since(last));
    }
    assert!(world.log.lines_with("the record cannot be changed").is_empty(), "{}", world.log.all());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_a_crashed_sibling_left_is_completed_after_a_watch_of_ones_own() {
    let world = World::new();
    world.beat_for("a", Duration::ZERO).await;
    world.plant("b", Phase::Pending { previous: id("a") }, 4);
    let gate = world.start(config("b", "b-2"));
    let started = world.clock.now().boot;
    let (_, opened) = gate.gate.await.unwrap();
    let record = world.record().unwrap();
    assert_eq!((record.owner.as_str(), record.term, record.revision), ("b", 4, 5));
    assert!(opened.since(started) >= 9 * SECOND, "{:?}", opened.since(started));
}

#[tokio::test(start_paused = true)]
async fn a_claim_against_a_heart_that_beats_is_given_back() {
    let world = World::new();
    world.plant("b", Phase::Pending { previous: id("a") }, 4);
    let gate = world.start(config("b", "b-2"));
    world.beat_for("a", 20 * SECOND).await;
    let record = world.record().unwrap();
    assert_eq!((record.owner.as_str(), record.term, record.phase.word()), ("a", 3, "active"));
    assert_eq!(world.log.lines_with("claim given back").len(), 1, "{}", world.log.all());
    assert_eq!(gate.state.state()["letter"], "N", "tried and refused");
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_lost_or_cannot_be_used_blocks_for_ever_and_loudly() {
    let world = World::new();
    let record = world.plant("a", ACTIVE, 7);
    let mut newer: serde_json::Value = serde_json::from_slice(&record.to_json()).unwrap();
    newer["version"] = 2.into();
    let older = OwnershipRecord { revision: 3, ..record }.to_json();
    let (newer, malformed) = (newer.to_string().into_bytes(), b"{\"version\":1}".to_vec());
    let table =
        [(Some(older), "lost"), (Some(newer), "unusable"), (Some(malformed), "unusable"), (None, "lost")];
    for (bytes, state) in table {
        world.plant("a", ACTIVE, 7);
        let gate = world.start(config("b", "b-1"));
        world.beat_for("a", 4 * SECOND).await;
        match bytes {
            Some(bytes) => world.memory.plant_record(&RecordName::Ownership, &bytes),
            None => world.memory.remove_record(&RecordName::Ownership),
        }
        tokio::time::sleep(600 * SECOND).await;
        assert!(!gate.gate.is_finished(), "{state}");
        let shown = gate.state.state();
        assert_eq!(shown["record"]["state"], state, "{shown}");
        assert!(gate.state.ready().is_err(), "nothing to rely on");
        let line = format!("heart_monitor_record{{this_cluster=\"b\",state=\"{state}\"}} 1");
        assert!(gate.state.metrics().contains(&line), "{line} in {}", gate.state.metrics());
        gate.gate.abort();
        let _ = gate.gate.await;
    }
    let told = world.log.lines_with("is not to be trusted");
    assert_eq!(told.len(), 4, "once for each: {told:#?}");
    assert!(told.iter().all(|line| line.contains("ERROR") && line.contains("advice=")), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn maintenance_holds_a_takeover_back_until_it_is_over() {
    let world = World::new();
    world.beat_for("a", Duration::ZERO).await;
    let until = world.clock.now().wall.saturating_add(SignedSpan::from_millis(60_000));
    let maintenance = Maintenance {
        version: Maintenance::VERSION,
        active: true,
        until,
        by: "ops".to_owned(),
        reason: "network works".to_owned(),
    };
    world.memory.plant_maintenance(&maintenance.to_json());
    let gate = world.start(config("b", "b-1"));
    let started = world.clock.now().boot;
    tokio::time::sleep(30 * SECOND).await;
    assert_eq!(gate.state.state()["maintenance"]["state"], "on");
    assert!(gate.state.metrics().contains("heart_monitor_maintenance{this_cluster=\"b\"} 1"));
    let (_, opened) = gate.gate.await.unwrap();
    assert!(opened.since(started) >= 60 * SECOND && opened.since(started) < 62 * SECOND);
    for part in ["maintenance is on", "blocked until maintenance is over", "maintenance is over: takeovers"] {
        assert_eq!(world.log.lines_with(part).len(), 1, "{part} in\n{}", world.log.all());
    }
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_cannot_read_the_record_goes_after_the_store_grace_and_never_under_strict() {
    for (mode, goes) in [(Mode::Prefer, true), (Mode::Strict, false)] {
        let world = World::new();
        world.memory.break_with(&Operation::ALL, Fault::Unreachable);
        let mut config = config("a", "a-1");
        config.rule.mode = mode;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("term");
        std::fs::write(&path, "7\n").unwrap();
        config.term_file = Some(TermFile::check(&path).unwrap());
        let gate = world.start(config);
        let started = world.clock.now().boot;
        tokio::time::sleep(299 * SECOND).await;
        assert!(!gate.gate.is_finished(), "within the grace");
        tokio::time::sleep(5 * SECOND).await;
        let denied = world.log.lines_with("the ownership record cannot be read");
        assert_eq!(denied.len(), 1, "{denied:#?}");
        if goes {
            let (_, opened) = gate.gate.await.unwrap();
            assert!(opened.since(started) < 301 * SECOND + SECOND);
            let loud = world.log.lines_with("go WITHOUT the ownership record");
            assert!(loud.len() == 1 && loud[0].contains("ERROR"), "{}", world.log.all());
            assert!(!path.exists(), "a term of an earlier run is no term");
        } else {
            tokio::time::sleep(3600 * SECOND).await;
            assert!(!gate.gate.is_finished(), "nobody goes without the record");
            gate.gate.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_saw_a_record_it_cannot_use_has_no_store_grace() {
    let world = World::new();
    world.memory.plant_record(&RecordName::Ownership, b"{\"version\":2}");
    let gate = world.start(config("a", "a-1"));
    tokio::time::sleep(5 * SECOND).await;
    world.memory.break_with(&Operation::ALL, Fault::Unreachable);
    tokio::time::sleep(900 * SECOND).await;
    assert!(!gate.gate.is_finished(), "{}", world.log.all());
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_primary_without_a_record_goes_at_once_under_prefer_and_writes_it_first_under_strict() {
    let world = World::new();
    let (exit, at) = world.start(config("a", "a-1")).gate.await.unwrap();
    assert_eq!((exit, at), (Exit::Done, world.clock.now().boot));
    assert!(world.memory.is_empty(), "a gate records nothing, and rehearses nothing");
    assert_eq!(world.log.lines_with("a gate records nothing here, a guard would").len(), 1);
    let mut strict = config("a", "a-2");
    strict.rule.mode = Mode::Strict;
    let started = world.clock.now().boot;
    let (_, opened) = world.start(strict).gate.await.unwrap();
    assert!(opened.since(started) >= 9 * SECOND, "it stayed absent for a whole watch");
    let record = world.record().unwrap();
    assert_eq!((record.owner.as_str(), record.term, record.revision), ("a", 1, 1));
    assert_eq!(world.log.lines_with("the first record is written").len(), 1, "{}", world.log.all());
}

#[tokio::test(start_paused = true)]
async fn the_workload_never_starts_without_its_term() {
    let world = World::new();
    world.plant("a", ACTIVE, 7);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("term");
    let mut config = config("a", "a-1");
    config.term_file = Some(TermFile::check(&path).unwrap());
    std::fs::create_dir(&path).unwrap();
    let gate = world.start(config);
    tokio::time::sleep(90 * SECOND).await;
    assert!(!gate.gate.is_finished(), "{}", world.log.all());
    let loud = world.log.lines_with("the term cannot be handed over");
    assert!((3..=4).contains(&loud.len()) && loud[0].contains("ERROR"), "every half minute: {loud:#?}");
    std::fs::remove_dir(&path).unwrap();
    let (exit, _) = gate.gate.await.unwrap();
    assert_eq!((exit, std::fs::read_to_string(&path).unwrap().as_str()), (Exit::Done, "3\n"));
}

#[tokio::test(start_paused = true)]
async fn a_term_that_could_not_be_written_is_none_once_another_cluster_owns_the_work() {
    let world = World::new();
    world.plant("a", ACTIVE, 7);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("term");
    let mut config = config("a", "a-1");
    config.term_file = Some(TermFile::check(&path).unwrap());
    std::fs::create_dir(&path).unwrap();
    let gate = world.start(config);
    // Half a second off the gate's polls, so that none comes between the two changes.
    tokio::time::sleep(Duration::from_millis(5500)).await;
    world.plant("b", ACTIVE, 8);
    std::fs::remove_dir(&path).unwrap();
    world.beat_for("b", 20 * SECOND).await;
    assert!(!gate.gate.is_finished() && !path.exists(), "{}", world.log.all());
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_could_not_take_over_says_so_on_a_quiet_day() {
    let world = World::new();
    world.memory.break_with(&[Operation::Swap], Fault::Denied);
    let gate = world.start(config("b", "b-1"));
    world.beat_for("a", 10 * SECOND).await;
    let failed = world.log.lines_with("rehearsal failed");
    assert!(failed.len() == 1 && failed[0].contains("ERROR") && failed[0].contains("advice="), "{failed:#?}");
    assert_eq!(gate.state.state()["rehearsal"]["well"], false);
    assert!(gate.state.metrics().contains("heart_monitor_rehearsed{this_cluster=\"b\"} 0.0"));
    world.memory.heal(&Operation::ALL);
    world.beat_for("a", 70 * SECOND).await;
    assert_eq!(gate.state.state()["rehearsal"]["well"], true, "what was mended is seen");
    assert_eq!(world.log.lines_with("rehearsal failed").len(), 1);
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_loses_its_rights_later_says_so_within_ten_minutes_and_is_not_ready_until_it_has_them()
{
    let world = World::new();
    world.plant("a", ACTIVE, 7);
    let gate = world.start(config("b", "b-1"));
    world.beat_for("a", 10 * SECOND).await;
    assert_eq!(gate.state.ready(), Ok(()));
    for round in 1..=2 {
        // Others can be written, as on the day on which somebody took a lease.
        world.memory.lock_record(&RecordName::Ownership);
        world.beat_for("a", 600 * SECOND).await;
        assert_eq!(gate.state.state()["rehearsal"]["well"], false);
        assert!(gate.state.metrics().contains("heart_monitor_rehearsed{this_cluster=\"b\"} 0.0"));
        let why = gate.state.ready().unwrap_err();
        assert!(why.contains("could not take the work over") && why.contains("holds a lease"), "{why}");
        world.memory.unlock_record(&RecordName::Ownership);
        world.beat_for("a", 70 * SECOND).await;
        assert_eq!(gate.state.state()["rehearsal"]["well"], true);
        assert_eq!(gate.state.ready(), Ok(()));
        let lines = |text| world.log.lines_with(text).len();
        assert_eq!((lines("rehearsal failed"), lines("rehearsed:")), (round, round + 1), "only what changed");
    }
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_cannot_read_maintenance_could_not_take_over_either() {
    let world = World::new();
    world.plant("a", ACTIVE, 7);
    world.memory.plant_maintenance(&vec![b'x'; 70_000]);
    let gate = world.start(config("b", "b-1"));
    world.beat_for("a", 10 * SECOND).await;
    assert!(gate.state.ready().unwrap_err().contains("the maintenance record"), "{:?}", gate.state.ready());
    gate.gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_change_of_owner_is_told_and_another_heart_watched() {
    let world = World::new();
    world.plant("a", ACTIVE, 7);
    let gate = world.start(config("c", "c-1"));
    world.beat_for("a", 10 * SECOND).await;
    world.plant("b", ACTIVE, 8);
    world.beat_for("b", 10 * SECOND).await;
    let changed = world.log.lines_with("the ownership record names another cluster");
    assert!(changed.len() == 1 && changed[0].contains("owner=b") && changed[0].contains("by=\"planted\""));
    assert_eq!(world.log.lines_with("watching another heart watching=b before=a").len(), 1);
    assert_eq!(world.log.lines_with("blocked until the heart of cluster b is flat").len(), 1);
    let (shown, metrics) = (gate.state.state(), gate.state.metrics());
    assert_eq!((&shown["watching"]["cluster"], &shown["watching"]["letter"]), (&"b".into(), &"O".into()));
    assert_eq!(gate.state.ready(), Ok(()));
    for line in [
        "heart_monitor_owner{this_cluster=\"c\",owner=\"b\",phase=\"active\"} 1",
        "heart_monitor_term{this_cluster=\"c\"} 3",
        "heart_monitor_revision{this_cluster=\"c\"} 8",
        "heart_monitor_letter{this_cluster=\"c\",letter=\"S\"} 1",
        "heart_monitor_waiting{this_cluster=\"c\",for=\"heart\"} 1",
        "heart_monitor_blocked{this_cluster=\"c\"} 1",
        "heart_monitor_verdict{this_cluster=\"c\",watching=\"b\",verdict=\"beating\"} 1",
        "heart_monitor_refused_activations_total{this_cluster=\"c\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("owner=\"a\""), "{metrics}");
    gate.gate.abort();
}
