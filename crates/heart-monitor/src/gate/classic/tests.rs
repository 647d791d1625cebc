//! The gate on virtual time and a store in memory.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failover_policy::{BootTime, ClusterId, SignedSpan, Span, Stamp, Timing, WatchRule};
use flatline_shell::endpoints::Report;
use flatline_shell::{Clock, Exit, VirtualClock};
use heartbeat_store::{Beat, BeatDetails, Fault, MemoryBackend, Operation, Store, WriterId};
use tokio::task::JoinHandle;
use tracing::subscriber::DefaultGuard;

use super::config::GateConfig;
use super::hold;
use super::journal::Journal;
use super::state::GateState;
use crate::timing_args::deadlines;
use crate::watcher::Watcher;

/// A standby `b` that watches `a`, and a log of what it says.
struct Standby {
    memory: MemoryBackend,
    clock: VirtualClock,
    config: GateConfig,
    log: Log,
    _subscriber: DefaultGuard,
}

fn id(text: &str) -> ClusterId {
    text.parse().unwrap()
}

impl Standby {
    fn new() -> Self {
        let timing = Timing::default();
        let config = GateConfig {
            this: id("b"),
            that: id("a"),
            primary: id("a"),
            timing,
            rule: WatchRule::new(&timing),
            timeout: None,
        };
        let log = Log::default();
        let sink = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        let subscriber = tracing::subscriber::set_default(subscriber);
        Self {
            memory: MemoryBackend::new(),
            clock: VirtualClock::new(),
            config,
            log,
            _subscriber: subscriber,
        }
    }

    fn store(&self) -> Store {
        Store::new(Arc::new(self.memory.clone()), deadlines(&self.config.timing))
    }

    fn gate(&self) -> (JoinHandle<(Exit, BootTime)>, Arc<GateState>) {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let state = Arc::new(GateState::new(&self.config, Arc::clone(&clock)));
        let (config, store, shown) = (self.config.clone(), self.store(), Arc::clone(&state));
        let gate = tokio::spawn(async move {
            let exit = hold(&config, store, Arc::clone(&clock), shown).await;
            (exit, clock.now().boot)
        });
        (gate, state)
    }

    /// Beats every two seconds for `life`, the last beat at its end, on a clock that is off by `skew`.
    async fn beat_for(&self, life: Duration, skew: SignedSpan) -> BootTime {
        let end = self.clock.now().boot.after(life);
        let mut beat_count = 0;
        loop {
            let now = self.clock.now();
            beat_count += 1;
            let details = BeatDetails {
                version: BeatDetails::VERSION,
                writer: WriterId("test".to_owned()),
                beat_count,
                interval_ms: 2000,
                process_start: now.wall.to_string(),
                primary: None,
            };
            let beat = Beat { stamp: Stamp::new(now.wall.saturating_add(skew)), details };
            // A store that is away loses the beat, as it would lose a beacon's.
            let _ = self.store().write_beat(&id("a"), &beat).await;
            if self.clock.now().boot >= end {
                return now.boot;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
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
}

const SECOND: Duration = Duration::from_secs(1);
const IN_STEP: SignedSpan = SignedSpan::ZERO;

#[tokio::test(start_paused = true)]
async fn with_clocks_in_step_the_gate_opens_as_the_stamp_turns_ten_seconds_old() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    let last_beat = standby.beat_for(60 * SECOND, IN_STEP).await;
    let (exit, opened) = gate.await.unwrap();
    assert_eq!(exit, Exit::Done);
    let after = opened.since(last_beat);
    assert!(after >= 10 * SECOND && after < 10 * SECOND + Duration::from_millis(5), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn skewed_clocks_move_the_moment_by_one_poll_at_most() {
    let an_hour = SignedSpan::from_ticks(36_000_000_000);
    for skew in [an_hour, SignedSpan::from_ticks(-an_hour.ticks())] {
        let standby = Standby::new();
        let (gate, _) = standby.gate();
        let last_beat = standby.beat_for(30 * SECOND, skew).await;
        let after = gate.await.unwrap().1.since(last_beat);
        assert!(after >= 9 * SECOND && after <= 11 * SECOND, "{skew}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_keeps_the_gate_closed_and_the_watch_starts_over() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(10 * SECOND, IN_STEP).await;
    standby.memory.break_with(&Operation::ALL, Fault::Unreachable);
    tokio::time::sleep(3600 * SECOND).await;
    assert!(!gate.is_finished(), "an hour of outage is no death");
    let back = standby.clock.now().boot;
    standby.memory.heal(&Operation::ALL);
    let (_, opened) = gate.await.unwrap();
    assert!(opened.since(back) >= 9 * SECOND, "it watched again in full");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_was_not_watching() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(10 * SECOND, IN_STEP).await;
    tokio::time::sleep(2 * SECOND).await;
    standby.clock.suspend(3600 * SECOND);
    let resumed = standby.clock.now().boot;
    let (_, opened) = gate.await.unwrap();
    assert!(opened.since(resumed) >= 9 * SECOND, "{:?}", opened.since(resumed));
}

#[tokio::test(start_paused = true)]
async fn the_log_has_a_line_per_change_of_state_and_a_summary_every_thirty_seconds() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    tokio::time::sleep(65 * SECOND).await;
    assert_eq!(standby.log.lines_with("no stamp to be read").len(), 1, "never seen is said once");
    assert_eq!(standby.log.lines_with("still blocked").len(), 2, "at 30 s and 60 s");

    standby.beat_for(120 * SECOND, IN_STEP).await;
    assert_eq!(standby.log.lines_with("the stamp can be read").len(), 1);
    assert_eq!(standby.log.lines_with(" beating ").len(), 1, "no line per beat");

    standby.memory.break_with(&Operation::ALL, Fault::Denied);
    tokio::time::sleep(20 * SECOND).await;
    standby.memory.break_with(&Operation::ALL, Fault::Unreachable);
    tokio::time::sleep(20 * SECOND).await;
    standby.memory.heal(&Operation::ALL);
    gate.await.unwrap();
    let denied = standby.log.lines_with("reason=\"denied\" error=");
    let unreachable = standby.log.lines_with("reason=\"unreachable\" error=");
    assert_eq!((denied.len(), unreachable.len()), (1, 1), "a line per reason");
    assert_eq!(standby.log.lines_with("the stamp can be read").len(), 2);
    assert_eq!(standby.log.lines_with("go: the watched heart is flat").len(), 1);
    let lines = standby.log.lines_with("").len();
    assert!(lines < 25, "{lines} lines in four minutes: {:#?}", standby.log.lines_with(""));
}

#[tokio::test(start_paused = true)]
async fn an_operator_sees_a_heart_go_quiet_before_it_is_flat() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(20 * SECOND, IN_STEP).await;
    gate.await.unwrap();
    assert_eq!(standby.log.lines_with("gone quiet").len(), 1);
    let last = standby.log.lines_with("").pop().unwrap();
    for part in
        ["go: the watched heart is flat", "watching=a", "silence=", "stamp_age=", "beats=11", "gaps=0"]
    {
        assert!(last.contains(part), "{part} in {last}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_now_and_then_is_no_line_and_a_watch_that_starts_over_is_one() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    let flapping = async {
        loop {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            standby.memory.break_with(&[Operation::Read], Fault::Unreachable);
            tokio::time::sleep(Duration::from_millis(500)).await;
            standby.memory.heal(&[Operation::Read]);
        }
    };
    tokio::select! {
        _ = standby.beat_for(60 * SECOND, IN_STEP) => {}
        () = flapping => {}
    }
    assert_eq!(standby.log.lines_with("no stamp to be read").len(), 0);
    assert_eq!(standby.log.lines_with("the watch starts over").len(), 0);
    tokio::time::sleep(SECOND).await;
    standby.clock.suspend(5 * SECOND);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(standby.log.lines_with("the watch starts over").len(), 1);
    gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_opens_is_not_still_blocked() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(20 * SECOND, IN_STEP).await;
    gate.await.unwrap();
    assert_eq!(standby.log.lines_with("still blocked").len(), 0, "flat at 30 s, when a summary is due");
}

#[tokio::test(start_paused = true)]
async fn clocks_in_step_are_never_called_apart_however_slow_the_store() {
    let standby = Standby::new();
    standby.memory.break_with(&Operation::ALL, Fault::Delay(Duration::from_millis(400)));
    let (gate, _) = standby.gate();
    tokio::time::sleep(Duration::from_millis(900)).await;
    standby.beat_for(30 * SECOND, IN_STEP).await;
    assert_eq!(standby.log.lines_with("are apart").len(), 0);
    gate.abort();
}

#[tokio::test(start_paused = true)]
async fn skew_past_a_second_is_logged_once() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(60 * SECOND, SignedSpan::from_ticks(-50_000_000)).await;
    gate.await.unwrap();
    let lines = standby.log.lines_with("the beacon's clock and this one are apart");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("skew=5."), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_mended_is_said_once_as_well() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(20 * SECOND, SignedSpan::from_ticks(50_000_000)).await;
    standby.beat_for(60 * SECOND, IN_STEP).await;
    assert_eq!(standby.log.lines_with("are apart").len(), 1);
    assert_eq!(standby.log.lines_with("are in step again").len(), 1);
    gate.abort();
}

#[tokio::test(start_paused = true)]
async fn an_interval_that_makes_the_timing_unsafe_is_warned_about() {
    let mut standby = Standby::new();
    standby.config.timing.interval = Span::from_millis(200);
    standby.config.timing.write_deadline = Span::from_millis(200);
    standby.config.timing.flatline_after = Span::from_secs(6);
    standby.config.rule = WatchRule::new(&standby.config.timing);
    let (gate, _) = standby.gate();
    standby.beat_for(10 * SECOND, IN_STEP).await;
    gate.await.unwrap();
    let lines = standby.log.lines_with("makes false alarms possible");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("interval=2s") && lines[0].contains("assumed=200ms"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_beacon_that_takes_over_with_another_interval_is_noticed() {
    let standby = Standby::new();
    let (gate, _) = standby.gate();
    standby.beat_for(10 * SECOND, IN_STEP).await;
    let details = br#"{"version":1,"writer":"w","beat_count":1,"interval_ms":30000,"process_start":"2025-11-01T00:00:00Z"}"#;
    // Half a second off the gate's looks, so that none comes between a beat and its details.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let beats = async {
        loop {
            standby.beat_for(Duration::ZERO, IN_STEP).await;
            standby.memory.plant_details(&id("a"), details);
            tokio::time::sleep(2 * SECOND).await;
        }
    };
    let _ = tokio::time::timeout(70 * SECOND, beats).await;
    assert_eq!(standby.log.lines_with("makes false alarms possible").len(), 1);
    assert!(standby.log.lines_with("still blocked").pop().unwrap().contains("unsafe_interval=\"30s\""));
    gate.abort();
}

#[tokio::test(start_paused = true)]
async fn readiness_metrics_and_state_tell_what_the_gate_sees() {
    let standby = Standby::new();
    let (gate, state) = standby.gate();
    assert_eq!(state.ready(), Err("no stamp was read yet".to_owned()));
    for line in
        ["verdict=\"unknown\"} 1", "heart_monitor_stamp_age_seconds{this_cluster=\"b\",watching=\"a\"} NaN"]
    {
        assert!(state.metrics().contains(line), "{line} in {}", state.metrics());
    }
    standby.beat_for(20 * SECOND, IN_STEP).await;
    assert_eq!(state.ready(), Ok(()));
    let shown = state.state();
    assert_eq!((&shown["letter"], &shown["blocked"]), (&"S".into(), &true.into()));
    assert_eq!(
        (&shown["watching"]["letter"], &shown["watching"]["verdict"]),
        (&"O".into(), &"beating".into())
    );
    assert!(shown["info"].as_str().unwrap().starts_with("blocked until the heart of cluster a is flat"));
    let metrics = state.metrics();
    for line in [
        "heart_monitor_blocked{this_cluster=\"b\",watching=\"a\"} 1",
        "heart_monitor_verdict{this_cluster=\"b\",watching=\"a\",verdict=\"beating\"} 1",
        "heart_monitor_verdict{this_cluster=\"b\",watching=\"a\",verdict=\"flatlined\"} 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    standby.memory.break_with(&Operation::ALL, Fault::Unreachable);
    tokio::time::sleep(10 * SECOND).await;
    assert!(state.ready().is_err(), "not watching");
    for line in [
        "heart_monitor_stamp_age_seconds{this_cluster=\"b\",watching=\"a\"} 10.0",
        "heart_monitor_skew_seconds{this_cluster=\"b\",watching=\"a\"} 0.0",
        "heart_monitor_silence_seconds{this_cluster=\"b\",watching=\"a\"} 0.0",
    ] {
        assert!(state.metrics().contains(line), "{line} in {}", state.metrics());
    }
    assert!(state.metrics().contains(",reason=\"unreachable\"} "));
    gate.abort();
}

#[tokio::test(start_paused = true)]
async fn a_writer_without_details_costs_no_second_read_with_every_look() {
    let standby = Standby::new();
    standby.memory.plant_stamp(&id("a"), standby.clock.now().wall.count().to_string().as_bytes());
    let mut journal = Journal::new(&standby.config);
    let clock: Arc<dyn Clock> = Arc::new(standby.clock.clone());
    let mut watcher = Watcher::new(standby.store(), id("a"), clock, standby.config.rule);
    let mut wanted = 0;
    for _ in 0..9 {
        let sight = watcher.next().await;
        if journal.heart.wants_details(&sight) {
            wanted += 1;
            journal.heart.note_details(None, &sight);
        }
    }
    assert_eq!(wanted, 2, "with the first stamp, and once more an interval later");
}
