//! The promises of the contract, kept by the built binaries: one process each for writer and monitor, a real
//! store between them, real signals. One test binary for all of it, so that tests which wait for a heart to
//! stop wait at the same time.

mod advice;
mod bad_input;
mod beacon;
mod blob;
mod classic;
mod doctor;
mod endpoints;
mod gate;
mod harness;
mod install;
mod looks;
mod ownership;
mod secrets;
mod signals;
mod skew;
mod store_loss;

use std::time::{Duration, Instant};

use anyhow::Result;
use flatline_tests::{Program, Running, TestStore};

/// The threshold of the gates in these tests.
const THRESHOLD: Duration = Duration::from_secs(3);
/// The silence that a gate must have watched: threshold less one poll.
const WATCHED: Duration = Duration::from_millis(2800);
/// Clearly less than that.
const TOO_SHORT: Duration = Duration::from_secs(2);
/// Longer than the threshold and everything that may be added to it.
const LONGER_THAN_THRESHOLD: Duration = Duration::from_millis(4500);
/// How long anything may take that is expected to happen. Generous, since a busy machine is no failure.
const SOON: Duration = Duration::from_secs(20);

/// A gate in cluster b that waits for cluster a's heart, with short timings.
fn gate(store: &impl TestStore) -> Result<Program> {
    let gate = store.joined_by(Program::monitor()?.arg("wait"));
    Ok(hasty(gate.args(["--this-cluster", "b", "--that-cluster", "a", "--ownership", "off"])))
}

/// Short timings for a monitor: a threshold of three seconds for a beat every 200 ms.
fn hasty(monitor: Program) -> Program {
    monitor
        .args(["--flatline-after", "3s", "--poll", "200ms", "--read-deadline", "200ms"])
        .env("HEARTBEAT_INTERVAL", "200ms")
}

/// A beacon with a beat every 200 ms.
fn beacon(store: &impl TestStore, cluster: &str) -> Result<Program> {
    let beacon = store.joined_by(Program::writer()?.arg("run"));
    Ok(beacon.args(["--this-cluster", cluster, "--interval", "200ms"]).label(format!("writer {cluster}")))
}

/// Waits until a cluster's stamp changes twice: its heart beats.
fn beats(store: &impl TestStore, cluster: &str) -> Result<()> {
    for _ in 0..2 {
        let before = store.stamp(cluster).ok();
        let what = format!("a beat of cluster {cluster}");
        flatline_tests::until(&what, SOON, || store.stamp(cluster).ok().filter(|now| Some(*now) != before))?;
    }
    Ok(())
}

/// The gate must open now: the process ends with 0.
fn opens(gate: &mut Running) -> Result<flatline_tests::Exit> {
    let exit = gate.exit_within(SOON)?;
    assert_eq!(exit.code, 0, "the gate ended with {exit}");
    Ok(exit)
}

/// Every process must run on for this long.
fn all_stay<'a>(processes: impl IntoIterator<Item = &'a mut Running>, span: Duration) -> Result<()> {
    let deadline = Instant::now() + span;
    for process in processes {
        let left = deadline.saturating_duration_since(Instant::now());
        process.stays_for(left.max(Duration::from_millis(1)))?;
    }
    Ok(())
}
