//! How many processes beat for a cluster: two on two nodes outlast a pause of one host.

use failover_policy::{ClusterId, Inequality, SignedSpan, Span};
use flatline_shell::{Clock, sleep_until};
use heartbeat_store::{Store, WriterId};

use crate::doctor::finding::Finding;

/// How many beacons of a cluster were seen to beat in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beacons {
    /// Fewer than two, as far as could be seen.
    NotTwo,
    /// Two or more.
    Two,
}

/// Looks at who wrote the last beat, until one beacon was seen to beat after another one had, for `watch_for` at most. A
/// beacon that replaced another one is not two: the old one does not come back.
pub(crate) async fn count(store: &Store, cluster: &ClusterId, clock: &dyn Clock, watch_for: Span) -> Beacons {
    let end = clock.now().boot.after(watch_for.get());
    let mut seen: Vec<WriterId> = Vec::new();
    loop {
        let looked = clock.now().boot;
        let Ok(Some(details)) = store.read_details(cluster).await else { return Beacons::NotTwo };
        if seen.last() != Some(&details.writer) {
            if seen.contains(&details.writer) {
                return Beacons::Two;
            }
            seen.push(details.writer.clone());
        }
        // Beats come at fixed places of the interval, and 3/20 meets 20 different ones in three intervals.
        let interval = details.interval().map_or(watch_for.get(), Span::get);
        let next = looked.after(interval * 3 / 20);
        if next > end {
            return Beacons::NotTwo;
        }
        sleep_until(clock, next).await;
    }
}

/// What the beacons that were seen make of `line`, a threshold that is shorter than the pause of a host.
pub(crate) fn judge(line: &Inequality, seen: &[(ClusterId, Beacons)]) -> Finding {
    let text = broken(line);
    let unsure = format!("{text}, so nothing ensures that {}", line.meaning);
    let (two, others): (Vec<_>, Vec<_>) = seen.iter().partition(|(_, beacons)| *beacons == Beacons::Two);
    match (&two[..], &others[..]) {
        ([], _) => Finding::warn("timing", unsure, line.remedy),
        (_, []) => {
            let pairs = named(&two);
            Finding::ok(
                "timing",
                format!(
                    "{text}, and two beacons beat in {pairs}: as long as they run on two nodes, {}",
                    line.meaning
                ),
            )
        }
        _ => {
            let text = format!("{unsure}; two beacons beat in {} alone", named(&two));
            let remedy = format!(
                "run two beacons on two nodes in {} as well, or raise --flatline-after",
                named(&others)
            );
            Finding::warn("timing", text, remedy)
        }
    }
}

/// By how much a line of the budget is broken.
pub(crate) fn broken(line: &Inequality) -> String {
    format!("{} misses by {}", line.formula, SignedSpan::from_ticks(-line.slack().ticks()))
}

fn named(clusters: &[&(ClusterId, Beacons)]) -> String {
    let names: Vec<String> = clusters.iter().map(|(cluster, _)| format!("cluster {cluster}")).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use failover_policy::{Role, Timing};
    use heartbeat_store::{Fault, Operation};
    use tokio::time::sleep;

    use super::*;
    use crate::doctor::finding::Level;
    use crate::operator::testing::{SECOND, World, id};

    async fn counted(world: &World) -> Beacons {
        count(&world.store(), &id("a"), &world.clock, Span::from_secs(5)).await
    }

    #[tokio::test(start_paused = true)]
    async fn two_beacons_are_seen_wherever_their_beats_fall_and_one_that_was_replaced_is_not_two() {
        for apart in [150, 400, 1000, 1500, 1850] {
            let world = World::new();
            let _one = world.beat_as("a", "beacon-1");
            sleep(Duration::from_millis(apart)).await;
            let _other = world.beat_as("a", "beacon-2");
            sleep(SECOND / 3).await;
            assert_eq!(counted(&world).await, Beacons::Two, "{apart} ms apart");
        }
        let world = World::new();
        let one = world.beat_as("a", "beacon-1");
        sleep(SECOND).await;
        let successor = tokio::spawn({
            let world = world.clone();
            async move {
                sleep(SECOND).await;
                drop(one);
                let _other = world.beat_as("a", "beacon-2");
                sleep(60 * SECOND).await;
            }
        });
        assert_eq!(counted(&world).await, Beacons::NotTwo, "a rollout");
        successor.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn one_beacon_a_silent_one_and_a_store_that_is_away_are_not_two() {
        let world = World::new();
        assert_eq!(counted(&world).await, Beacons::NotTwo, "no beat");
        let _beacon = world.beat_as("a", "beacon-1");
        sleep(SECOND).await;
        assert_eq!(counted(&world).await, Beacons::NotTwo, "one");
        world.memory.break_with(&Operation::ALL, Fault::Unreachable);
        assert_eq!(counted(&world).await, Beacons::NotTwo, "away");
    }

    #[test]
    fn nobody_is_asked_for_two_beacons_who_has_them() {
        let budget = Timing::default().budget();
        let line = budget.lines(Role::Gate).find(|line| line.is_about_pauses()).unwrap();
        let seen = |a, b| vec![(id("a"), a), (id("b"), b)];
        let table = [
            (vec![], Level::Warn, "run two beacons on two nodes, or"),
            (seen(Beacons::NotTwo, Beacons::NotTwo), Level::Warn, "run two beacons on two nodes, or"),
            (seen(Beacons::Two, Beacons::NotTwo), Level::Warn, "two nodes in cluster b as well"),
            (seen(Beacons::Two, Beacons::Two), Level::Ok, ""),
        ];
        for (seen, level, remedy) in table {
            let finding = judge(line, &seen);
            assert_eq!(finding.level, level, "{finding:?}");
            assert!(finding.remedy.clone().unwrap_or_default().contains(remedy), "{finding:?}");
        }
        let text = judge(line, &seen(Beacons::Two, Beacons::Two)).text;
        assert!(text.contains("two beacons beat in cluster a and cluster b"), "{text}");
    }
}
