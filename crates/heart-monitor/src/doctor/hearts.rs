//! Looks for the beats of the named clusters: can they be read, do they come, are the clocks in step?

use std::sync::Arc;

use failover_policy::{ClusterId, Inequality, Role, Span, Timing, UnknownCause, Verdict, WatchRule};
use flatline_shell::Clock;
use futures::future::{join, join_all};
use heartbeat_store::{BeatDetails, Store, StoreError};

use crate::cli::DoctorArgs;
use crate::doctor::beacons::{self, Beacons};
use crate::doctor::finding::{Cause, Finding};
use crate::heart_report::sentence;
use crate::owner_heart;
use crate::strangers::Stranger;
use crate::watcher::{NOTABLE_SKEW, Sight, Watcher};

/// What was found of the hearts.
#[derive(Debug, Default)]
pub(crate) struct Hearts {
    pub(crate) findings: Vec<Finding>,
    /// How many beacons each of them has, where that matters.
    pub(crate) beacons: Vec<(ClusterId, Beacons)>,
}

pub(crate) async fn examine(
    args: &DoctorArgs,
    owner: Option<&ClusterId>,
    store: &Store,
    clock: &Arc<dyn Clock>,
    timing: &Timing,
) -> Hearts {
    let stranger = owner.filter(|owner| args.heart.clusters.named().all(|named| named != *owner));
    let watches = args.heart.clusters.named().chain(stranger).map(|cluster| {
        let watcher = Watcher::new(store.clone(), cluster.clone(), Arc::clone(clock), WatchRule::new(timing));
        examine_one(watcher, owner == Some(cluster), store, timing, args.watch_for)
    });
    let counted =
        args.heart.clusters.named().filter(|_| is_shorter_than_a_pause(timing)).map(async |cluster| {
            (cluster.clone(), beacons::count(store, cluster, clock.as_ref(), args.watch_for).await)
        });
    let (found, beacons) = join(join_all(watches), join_all(counted)).await;
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    if args.heart.clusters.named().next().is_none() {
        findings.push(Finding::warn(
            "hearts",
            "no cluster was named, so no heart was looked at",
            "set --this-cluster and --that-cluster",
        ));
    }
    Hearts { findings, beacons }
}

/// Whether two beacons make a difference.
fn is_shorter_than_a_pause(timing: &Timing) -> bool {
    timing.budget().warnings(Role::Guard).any(Inequality::is_about_pauses)
}

async fn examine_one(
    mut watcher: Watcher,
    is_owner: bool,
    store: &Store,
    timing: &Timing,
    watch_for: Span,
) -> Vec<Finding> {
    let sight = watcher.look_until_decided(watch_for).await;
    let cluster = watcher.cluster();
    let stranger = match sight.assessment.verdict {
        Verdict::Unknown(UnknownCause::NeverSeen) => Stranger::look(store, cluster).await,
        _ => None,
    };
    let mut findings = vec![heart(cluster, &sight, stranger.as_ref())];
    if is_owner {
        let verdict = sight.believed(watcher.rule()).verdict;
        let fault = owner_heart::fault(cluster, verdict, stranger.as_ref());
        findings.extend(fault.map(|fault| Finding::fail("owner", fault.text, fault.remedy)));
    }
    findings.extend(clocks(cluster, &sight, timing));
    let details = store.read_details(cluster).await.ok().flatten();
    findings
        .extend(details.as_ref().and_then(BeatDetails::interval).and_then(|i| interval(cluster, i, timing)));
    findings
}

/// The beacon's own interval, where it makes this configuration unsafe.
fn interval(cluster: &ClusterId, interval: Span, timing: &Timing) -> Option<Finding> {
    let error = timing.with_interval(interval).check(Role::Gate).err()?;
    let text = format!("the beacon of cluster {cluster} beats every {interval}: {error}");
    Some(Finding::fail(
        "interval",
        text,
        "set --interval here to what the beacons use, and --flatline-after to suit",
    ))
}

fn heart(cluster: &ClusterId, sight: &Sight, stranger: Option<&Stranger>) -> Finding {
    let text = match stranger {
        Some(stranger) => stranger.to_string(),
        None => format!("cluster {cluster}: {}", sentence(&sight.assessment, sight.error.as_ref())),
    };
    let cause = match &sight.error {
        Some(StoreError::NotFound { .. }) => Some(Cause::EMPTY_STORE),
        error => error.as_ref().and_then(Cause::of),
    };
    let finding = match sight.assessment.verdict {
        Verdict::Beating => Finding::ok("heart", text),
        Verdict::Flatlined(_) | Verdict::Unknown(UnknownCause::Watching) => {
            let remedy = "start its beacon, find out why it is silent, or watch for longer than its interval";
            Finding::warn("heart", text, remedy)
        }
        Verdict::Unknown(UnknownCause::NeverSeen) => {
            Finding::warn("heart", text, "start its beacon; a gate that watches it blocks until then")
        }
        Verdict::Unknown(_) => {
            Finding::fail("heart", text, "a gate that watches it blocks until it can be read")
        }
    };
    finding.taking(sight.took()).of(format!("cluster {cluster}")).because(cause)
}

fn clocks(cluster: &ClusterId, sight: &Sight, timing: &Timing) -> Option<Finding> {
    let certain = sight.certain_skew(timing.poll)?;
    let skew = sight.assessment.evidence.skew?;
    let text = format!("cluster {cluster}: a beat came in {skew} after its stamp by this clock");
    Some(if certain.magnitude() > NOTABLE_SKEW {
        let remedy = "mend time synchronisation on both sides; a verdict falls up to one poll early by it";
        Finding::warn("clocks", text, remedy)
    } else {
        Finding::ok("clocks", text)
    })
}
