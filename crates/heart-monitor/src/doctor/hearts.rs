//! Looks for the beats of the named clusters: can they be read, do they come, are the clocks in step?

use std::sync::Arc;
use std::time::Duration;

use failover_policy::{ClusterId, Timing, UnknownCause, Verdict, WatchRule};
use flatline_shell::Clock;
use futures::future::join_all;
use heartbeat_store::Store;

use crate::cli::DoctorArgs;
use crate::doctor::finding::Finding;
use crate::heart_report::sentence;
use crate::watcher::{Sight, Watcher};

/// Skew that is worth mending: half of it is an ordinary way through a store.
const NOTABLE_SKEW: Duration = Duration::from_secs(1);

pub(crate) async fn examine(
    args: &DoctorArgs,
    store: &Store,
    clock: &Arc<dyn Clock>,
    timing: &Timing,
) -> Vec<Finding> {
    let watches = args.heart.clusters.named().map(|cluster| {
        let watcher = Watcher::new(store.clone(), cluster.clone(), Arc::clone(clock), WatchRule::new(timing));
        examine_one(watcher, args)
    });
    let findings: Vec<Finding> = join_all(watches).await.into_iter().flatten().collect();
    if findings.is_empty() {
        return vec![Finding::warn(
            "hearts",
            "no cluster was named, so no heart was looked at",
            "set --this-cluster and --that-cluster",
        )];
    }
    findings
}

async fn examine_one(mut watcher: Watcher, args: &DoctorArgs) -> Vec<Finding> {
    let sight = watcher.look_until_decided(args.watch_for).await;
    let mut findings = vec![heart(watcher.cluster(), &sight)];
    findings.extend(clocks(watcher.cluster(), &sight));
    findings
}

fn heart(cluster: &ClusterId, sight: &Sight) -> Finding {
    let text = format!("cluster {cluster}: {}", sentence(&sight.assessment, sight.error.as_ref()));
    let finding = match sight.assessment.verdict {
        Verdict::Beating => Finding::ok("heart", text),
        Verdict::Flatlined(_) | Verdict::Unknown(UnknownCause::Watching) => {
            Finding::warn("heart", text, "start its beacon, or find out why it is silent")
        }
        Verdict::Unknown(UnknownCause::NeverSeen) => {
            Finding::warn("heart", text, "start its beacon; a gate that watches it blocks until then")
        }
        Verdict::Unknown(_) => {
            Finding::fail("heart", text, "a gate that watches it blocks until it can be read")
        }
    };
    finding.taking(sight.took())
}

fn clocks(cluster: &ClusterId, sight: &Sight) -> Option<Finding> {
    let skew = sight.assessment.evidence.skew?;
    let text = format!("cluster {cluster}: beats come in {skew} after their stamp by this clock");
    Some(if skew.magnitude() > NOTABLE_SKEW {
        Finding::warn(
            "clocks",
            text,
            "mend time synchronisation on both sides; verdicts only get later by it",
        )
    } else {
        Finding::ok("clocks", text)
    })
}
