//! Asks everybody who says so which cluster is the primary.

use std::collections::BTreeSet;

use failover_policy::{ClusterId, OwnershipRecord};
use flatline_shell::ClusterArgs;
use futures::future::join_all;
use heartbeat_store::Store;

use crate::doctor::finding::Finding;
use crate::ownership::primaries::{Primaries, REMEDY};

/// Compares the primary of this configuration, where it has one, with what the beacons of the named clusters and of the
/// owner say, and the record.
pub(crate) async fn examine(
    store: &Store,
    clusters: &ClusterArgs,
    record: Option<&OwnershipRecord>,
) -> Option<Finding> {
    let own = clusters.primary_among(clusters.named())?;
    let owner = record.map(|record| &record.owner);
    let asked: BTreeSet<&ClusterId> = clusters.named().chain(owner).collect();
    let answers = asked.into_iter().map(async |cluster| {
        let details = store.read_details(cluster).await.ok().flatten();
        (cluster, details.and_then(|details| details.primary))
    });
    let mut primaries = Primaries::new(clusters.this_cluster.clone(), own.clone());
    let mut agree = Vec::new();
    for (cluster, says) in join_all(answers).await {
        primaries.note_beacon(cluster, says.as_ref());
        agree.extend(says.map(|_| cluster.to_string()));
    }
    if let Some(record) = record {
        primaries.note_record(record);
    }
    if let Some(difference) = primaries.difference() {
        return Some(Finding::fail("primary", difference.to_string(), REMEDY));
    }
    let text = format!("the primary is {own}, as for the beacons of {}", agree.join(", "));
    (!agree.is_empty()).then(|| Finding::ok("primary", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;
    use crate::operator::testing::{ACTIVE, World, id};

    async fn found(
        world: &World,
        this: &str,
        primary: &str,
        record: Option<&OwnershipRecord>,
    ) -> Option<Finding> {
        let that = if this == "a" { "b" } else { "a" };
        let clusters = ClusterArgs {
            this_cluster: Some(id(this)),
            that_cluster: Some(id(that)),
            primary: Some(id(primary)),
        };
        examine(&world.store(), &clusters, record).await
    }

    #[tokio::test(start_paused = true)]
    async fn crossed_primaries_fail_on_both_sides_and_equal_ones_are_well() {
        let world = World::new();
        assert_eq!(found(&world, "a", "a", None).await, None, "nobody says anything");
        world.beat_for_primary(&id("a"), "b").await;
        world.beat_for_primary(&id("b"), "a").await;
        for (this, primary, part) in [("a", "b", "cluster b takes a"), ("b", "a", "cluster a takes b")] {
            let finding = found(&world, this, primary, None).await.unwrap();
            assert!(finding.level == Level::Fail && finding.text.contains(part), "{finding:?}");
        }
        world.beat_for_primary(&id("a"), "a").await;
        for this in ["a", "b"] {
            let finding = found(&world, this, "a", None).await.unwrap();
            assert_eq!(
                (finding.level, finding.text.as_str()),
                (Level::Ok, "the primary is a, as for the beacons of a, b")
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_of_another_primary_fails_where_no_beacon_says_better() {
        let world = World::new();
        let record = OwnershipRecord { primary: Some(id("b")), ..World::record("a", ACTIVE) };
        let finding = found(&world, "b", "a", Some(&record)).await.unwrap();
        assert!(finding.level == Level::Fail && finding.text.contains("whoever wrote the"), "{finding:?}");
        world.beat_for_primary(&id("a"), "a").await;
        assert_eq!(found(&world, "b", "a", Some(&record)).await.unwrap().level, Level::Ok);
    }
}
