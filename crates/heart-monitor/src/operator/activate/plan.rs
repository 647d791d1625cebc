//! What an activation is about to do, and which safety it gives up.

use std::collections::BTreeSet;
use std::time::Duration;

use failover_policy::{ClusterId, OwnershipRecord, Phase, Span, Verdict};

use crate::advice::Advice;
use crate::operator::found::{FoundRecord, Salvage};
use crate::operator::hearts::first_sight;
use crate::operator::setting::Setting;
use crate::operator::words::{origin, seconds_left, sentence};
use crate::paint;

/// The plan to write `next` over what was found.
pub(super) async fn plan(setting: &Setting, found: &FoundRecord, next: &OwnershipRecord) -> String {
    let (bad, cluster) = (paint::BAD, &next.owner);
    let bound = seconds_left(overlap(setting, found));
    let mut text = format!(
        "{bad}This neither waits for silence nor verifies it{bad:#}: where another cluster still runs the workload, \
         both run until its guards see the new record, {bound} at most.\n\
         plan       make cluster {cluster} the owner of the work in {} at once\n\
         now        {}\n",
        setting.store.location(),
        what_is_there(found),
    );
    let last = last_that_may_run(found).filter(|last| *last != cluster);
    for other in elsewhere(setting, cluster, last).await {
        let (verdict, heart) = first_sight(setting, &other).await;
        text += &format!("elsewhere  cluster {other}: {heart}\n");
        if verdict == Verdict::Beating && last == Some(&other) && can_be_handed_over(found, cluster) {
            text += &format!(
                "           if it lives, {} moves the work without an overlap\n",
                Advice::Handover(cluster.into())
            );
        }
    }
    let (_, heart) = first_sight(setting, cluster).await;
    text += &format!("new owner  cluster {cluster}: {heart}\n");
    text + &format!(
        "step 1     write cluster {cluster} into the record: term {}, revision {}, watch {}, stop {}\n\
         {}guarded    workloads elsewhere stop within {bound}: when their guard next reads the record, or when their \
         right runs out where it cannot; with --on-store-loss keep, one that cannot read the store runs on\n\
         unguarded  workloads elsewhere do not stop: scale them to zero\n\
         if interrupted: run the same command again\n",
        next.term,
        next.revision,
        next.timing.watch,
        next.timing.stop,
        shorter_watch(found, next, &bound),
    )
}

/// That guards may hold by a longer watch than the next claimant will see, where they may.
fn shorter_watch(found: &FoundRecord, next: &OwnershipRecord, bound: &str) -> String {
    let watch = next.timing.watch;
    match found {
        FoundRecord::Usable(record, _) if record.timing.watch > watch => format!(
            "           the record asks for a watch of {} now: for {bound} a guard that cannot read the store may hold by \
             that, while a takeover comes after {watch}\n",
            record.timing.watch,
        ),
        FoundRecord::Usable(..)
        | FoundRecord::Absent
        | FoundRecord::Unusable(..)
        | FoundRecord::Untouchable(_) => String::new(),
    }
}

/// Whether a handover to the cluster is there to be had: a claim has to end first, and so has one to another cluster.
fn can_be_handed_over(found: &FoundRecord, cluster: &ClusterId) -> bool {
    match found {
        FoundRecord::Usable(record, _) => match &record.phase {
            Phase::Active { .. } => true,
            Phase::Releasing { successor, .. } => successor == cluster,
            Phase::Pending { .. } => false,
        },
        FoundRecord::Absent | FoundRecord::Unusable(..) | FoundRecord::Untouchable(_) => false,
    }
}

/// How long a guard elsewhere may still run: its right was confirmed before the new record came to be, or up to the
/// cache age later, and is over, workload included, within the recorded watch.
pub(super) fn overlap(setting: &Setting, found: &FoundRecord) -> Duration {
    let timing = match found {
        FoundRecord::Usable(record, _) => record.timing,
        FoundRecord::Absent | FoundRecord::Unusable(..) | FoundRecord::Untouchable(_) => setting.lease(),
    };
    timing.settle(Span::ZERO) + setting.cache_age.get()
}

/// Every other cluster that may run: those in the store, and the last one by the record.
async fn elsewhere(setting: &Setting, cluster: &ClusterId, last: Option<&ClusterId>) -> BTreeSet<ClusterId> {
    let listed = setting.store.clusters().await.unwrap_or_default();
    listed.into_iter().chain(last.cloned()).filter(|other| other != cluster).collect()
}

fn last_that_may_run(found: &FoundRecord) -> Option<&ClusterId> {
    match found {
        FoundRecord::Usable(record, _) => Some(record.last_that_may_run()),
        FoundRecord::Absent | FoundRecord::Unusable(..) | FoundRecord::Untouchable(_) => None,
    }
}

fn what_is_there(found: &FoundRecord) -> String {
    let counter = |counter: Option<u64>| counter.map_or("unknown".to_owned(), |counter| counter.to_string());
    match found {
        FoundRecord::Usable(record, _) => format!("{} ({})", sentence(record), origin(record)),
        FoundRecord::Absent => "there is no ownership record: it was never written, or is lost".to_owned(),
        FoundRecord::Unusable(why, Salvage { revision, term }, _) => {
            format!("{why} (revision {}, term {})", counter(*revision), counter(*term))
        }
        FoundRecord::Untouchable(detail) => format!("the ownership record is malformed: {detail}"),
    }
}
