//! Tries what beacons and monitors do to the store, with a record of its own that it removes again.

use std::time::Duration;

use failover_policy::Timing;
use flatline_shell::Clock;
use heartbeat_store::{RecordName, RecordVersion, Store, StoreError};

use crate::doctor::finding::Finding;
use crate::heart_report::seconds;

/// Examines reading, and writing and swapping unless `read_only`.
pub(crate) async fn examine(
    store: &Store,
    clock: &dyn Clock,
    timing: &Timing,
    read_only: bool,
) -> Vec<Finding> {
    let started = clock.now().boot;
    let listed = store.clusters().await;
    let took = clock.now().boot.since(started);
    let mut findings = match listed {
        Ok(clusters) if clusters.is_empty() => vec![Finding::warn(
            "read",
            "the store can be read and no cluster has a stamp in it",
            "start a beacon, or look whether both sides use the same store and prefix",
        )],
        Ok(clusters) => {
            let names: Vec<String> = clusters.iter().map(ToString::to_string).collect();
            vec![Finding::ok("read", format!("clusters with a stamp: {}", names.join(", ")))]
        }
        Err(error) => vec![Finding::fail("read", error.to_string(), advice(&error))],
    };
    findings = findings.into_iter().map(|finding| finding.taking(took)).collect();
    findings.extend(slow("reads", took, timing.read_deadline.get()));
    if read_only {
        findings.push(Finding::ok("write", "not tried (--read-only)"));
    } else {
        findings.extend(Probe { store, clock, timing }.run().await);
    }
    findings
}

/// One run through the life of a record.
struct Probe<'p> {
    store: &'p Store,
    clock: &'p dyn Clock,
    timing: &'p Timing,
}

impl Probe<'_> {
    async fn run(&self) -> Vec<Finding> {
        let id = format!("{}-{}", std::process::id(), self.clock.now().wall.count());
        let (findings, left_something) = self.write_and_swap(&id).await;
        if !left_something {
            return findings;
        }
        match self.store.remove_probe(&id).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => findings,
            Err(error) => {
                let left =
                    Finding::warn("clean-up", error.to_string(), format!("remove .probe-{id} by hand"));
                findings.into_iter().chain([left]).collect()
            }
        }
    }

    /// The findings, and whether there may be something to remove.
    async fn write_and_swap(&self, id: &str) -> (Vec<Finding>, bool) {
        let name = RecordName::Probe(id.to_owned());
        let started = self.clock.now().boot;
        let created = self.store.create_record(&name, format!("{id} 1").as_bytes(), 1).await;
        let took = self.clock.now().boot.since(started);
        let first = match created {
            Ok(version) => version,
            Err(error @ StoreError::Unsupported { .. }) => return (vec![no_swaps(&error)], true),
            Err(error @ StoreError::Denied { .. }) => {
                let remedy = "a beacon needs to write; a monitor does not: ask it with --read-only";
                return (vec![Finding::fail("write", error.to_string(), remedy)], false);
            }
            Err(error) => {
                let may_have_written = matches!(error, StoreError::Ambiguous { .. });
                let finding = Finding::fail("write", error.to_string(), advice(&error)).taking(took);
                return (vec![finding], may_have_written);
            }
        };
        let mut findings = vec![Finding::ok("write", "a record can be written").taking(took)];
        findings.extend(slow("writes", took, self.timing.write_deadline.get()));
        findings.push(self.swap(&name, id, &first).await);
        (findings, true)
    }

    /// A swap of the current state must win, and one of a state that is gone must lose.
    async fn swap(&self, name: &RecordName, id: &str, first: &RecordVersion) -> Finding {
        let started = self.clock.now().boot;
        let won = self.store.swap_record(name, format!("{id} 2").as_bytes(), first, 2).await;
        let took = self.clock.now().boot.since(started);
        if let Err(error) = won {
            return match error {
                StoreError::Unsupported { .. } => no_swaps(&error),
                _ => Finding::fail("swap", error.to_string(), advice(&error)),
            };
        }
        match self.store.swap_record(name, format!("{id} 3").as_bytes(), first, 2).await {
            Err(StoreError::Conflict { .. }) => {
                Finding::ok("swap", "a swap wins once, and a second one from the same state loses")
                    .taking(took)
            }
            Ok(_) => Finding::fail(
                "swap",
                "two swaps from the same state both won: this place cannot decide between two claimants",
                "use another place; ownership is not safe here",
            ),
            Err(error) => Finding::fail("swap", error.to_string(), advice(&error)),
        }
    }
}

fn no_swaps(error: &StoreError) -> Finding {
    let remedy = "fine for --ownership off; anything else needs Azure Blob or a mount that can do this";
    Finding::warn("swap", error.to_string(), remedy)
}

/// Warns of a store that takes most of its deadline on an ordinary day.
fn slow(what: &str, took: Duration, deadline: Duration) -> Option<Finding> {
    let text = || format!("{what} took {} of a deadline of {}", seconds(took), seconds(deadline));
    (took > deadline / 2).then(|| {
        Finding::warn(
            "latency",
            text(),
            "look at the way to the store, or use one that is nearer to both regions",
        )
    })
}

/// What to do about an error that does not say so itself.
fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::NotFound { .. } => "start the beacon that writes it",
        StoreError::NoStore { .. } => "mount or create the store by hand, Flatline never does",
        StoreError::Conflict { .. } => "run doctor again; two of them may have met",
        StoreError::Denied { .. } => "mend the credential or the permission",
        StoreError::Unreachable { .. } => "look at the network, the mount and the firewall of the account",
        StoreError::NoSpace { .. } => "free space in the store",
        StoreError::Ambiguous { .. } => "run doctor again when the store answers",
        StoreError::Malformed { .. } => "look at what is stored there, and who else writes it",
        StoreError::Obstructed { .. } => "remove what stands in the file's place",
        StoreError::Unsupported { .. } => "use Azure Blob or another mount",
    }
}
