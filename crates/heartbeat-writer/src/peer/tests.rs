use std::time::Duration;

use flatline_shell::endpoints::Report;
use heartbeat_store::{Fault, Operation};

use crate::test_bench::{Bench, INTERVAL, READ_DEADLINE, id, pass};

const MILLI: Duration = Duration::from_millis(1);
/// Ten minutes before the test's clock starts.
const OLD_STAMP: &[u8] = b"638975514000000000";

#[tokio::test(start_paused = true)]
async fn whether_the_peer_can_be_read_is_known_with_the_reason_and_told_once() {
    let bench = Bench::start();
    pass(MILLI).await;
    let state = bench.state();
    assert_eq!(state["peer"]["readable"], false);
    assert_eq!(state["peer"]["outage"]["reason"], "not_found", "the store can be read, the peer never beat");
    assert!(bench.status.metrics().contains("peer_readable{this_cluster=\"a\",peer=\"b\"} 0\n"));

    bench.memory.plant_stamp(&id("b"), OLD_STAMP);
    pass(INTERVAL * 10).await;
    let state = bench.state();
    assert_eq!(state["peer"]["readable"], true, "an old stamp is a readable one");
    assert_eq!(state["peer"]["outage"], serde_json::Value::Null);
    assert_eq!(state["peer"]["last"]["stamp"], "638975514000000000");
    assert_eq!(state["peer"]["last"]["stamp_age_ms"], 620_000);

    bench.memory.break_with(&[Operation::Read], Fault::Denied);
    pass(INTERVAL * 10).await;
    let state = bench.state();
    assert_eq!((&state["peer"]["readable"], &state["peer"]["outage"]["lost"]), (&false.into(), &10.into()));
    assert_eq!(state["peer"]["last"]["ago_ms"], 20_001, "the last success is kept");
    assert!(
        bench
            .status
            .metrics()
            .contains("peer_read_failures_total{this_cluster=\"a\",peer=\"b\",reason=\"denied\"} 10\n")
    );

    let lines: Vec<_> = bench.log_lines().into_iter().filter(|line| line.contains("peer")).collect();
    assert!(lines[0].starts_with("WARN the peer's stamp cannot be read peer=\"b\" reason=\"not_found\""));
    assert_eq!(lines[1], "INFO the peer's stamp can be read again peer=\"b\" after=2s lost=1");
    assert!(lines[2].starts_with("WARN the peer's stamp cannot be read peer=\"b\" reason=\"denied\""));
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_hangs_delays_no_beat() {
    let bench = Bench::start();
    bench.memory.break_with(&[Operation::Read], Fault::Hang);
    pass(INTERVAL * 20 + READ_DEADLINE + MILLI).await;
    let state = bench.state();
    assert_eq!((&state["beats"]["landed"], &state["beats"]["skipped"]), (&21.into(), &0.into()));
    assert_eq!(state["peer"]["outage"]["reason"], "unreachable");
    assert_eq!(bench.status.ready(), Ok(()), "readiness is about the own beat");
}

#[tokio::test(start_paused = true)]
async fn a_peer_stamp_that_makes_no_sense_is_not_readable() {
    let bench = Bench::start();
    bench.memory.plant_stamp(&id("b"), b"\x1b[31mnot a stamp\nINFO forged");
    pass(MILLI).await;
    let state = bench.state();
    assert_eq!(
        (&state["peer"]["readable"], &state["peer"]["last"]),
        (&false.into(), &serde_json::Value::Null)
    );
    assert_eq!(state["peer"]["outage"]["reason"], "malformed");
    assert!(
        bench.log_lines().iter().all(|line| line.starts_with("INFO beating") || line.starts_with("WARN the"))
    );
}
