//! Looks at the ownership record, at maintenance and at the activation key: do they fit this configuration?

use failover_policy::{LeaseTiming, MaintenanceFinding, Now, OwnershipRecord, Phase, Role, Span, Timing};
use flatline_shell::activation::ActivationKey;
use flatline_shell::{ClusterArgs, Environment};
use heartbeat_store::Store;

use crate::advice::{Advice, Whom};
use crate::doctor::finding::{Cause, Finding};
use crate::operator::found::FoundRecord;
use crate::operator::words;
use crate::record_advice;
use crate::record_report::RecordReport;
use crate::store_advice::advice;

/// Examines both records. `now` is the present by the wall clock.
pub(crate) async fn examine(
    report: &RecordReport,
    store: &Store,
    clusters: &ClusterArgs,
    timing: &Timing,
    now: Now,
) -> Vec<Finding> {
    let mut findings = match &report.found {
        Ok(FoundRecord::Absent) => vec![without_a_record(clusters, is_plainly_new(store).await)],
        Ok(FoundRecord::Usable(record, _)) => {
            let others = stranger(record, clusters).into_iter().chain(durations(record, timing));
            std::iter::once(recorded(record)).chain(others).collect()
        }
        Ok(FoundRecord::Unusable(why, ..)) => {
            vec![Finding::fail("ownership", why.to_string(), record_advice::unusable(why))]
        }
        Ok(FoundRecord::Untouchable(detail)) => vec![Finding::fail(
            "ownership",
            format!("the ownership record is malformed: {detail}"),
            record_advice::untouchable(),
        )],
        Err(error) => {
            vec![Finding::fail("ownership", error.to_string(), advice(error)).because(Cause::of(error))]
        }
    };
    let cause = report.maintenance_error.as_ref().and_then(Cause::of);
    findings.push(maintenance(&report.maintenance, now).because(cause));
    findings
}

/// The form of `ACTIVATION_KEY`, where it is set.
pub(crate) fn activation_key(environment: &Environment) -> Option<Finding> {
    match ActivationKey::from_environment(environment) {
        Ok(None) => None,
        Ok(Some(_)) => Some(Finding::ok("activation", "ACTIVATION_KEY has the form of a key")),
        Err(error) => Some(Finding::fail(
            "activation",
            error.to_string(),
            "a monitor does not start with it; set another",
        )),
    }
}

/// Whether no heart ever beat here. Where one did, only whoever read the record before knows that it is lost.
async fn is_plainly_new(store: &Store) -> bool {
    store.clusters().await.is_ok_and(|clusters| clusters.is_empty())
}

fn may_be_lost() -> String {
    format!(
        "fine until the first guard of the primary runs; where it is lost, {}",
        record_advice::may_be_lost()
    )
}

/// Without a record a standby watches the primary, and must have been told so.
fn without_a_record(clusters: &ClusterArgs, is_new: bool) -> Finding {
    let Some(primary) = clusters.primary_among(clusters.named()) else {
        let text = "there is no ownership record, and which cluster is the primary is not known";
        return Finding::warn("ownership", text, "set --primary, and --this-cluster and --that-cluster");
    };
    let is_standby = clusters.this_cluster.as_ref().is_some_and(|this| *this != primary);
    match &clusters.that_cluster {
        Some(that) if is_standby && *that != primary => Finding::fail(
            "ownership",
            format!(
                "there is no ownership record, and --that-cluster is {that} while the primary is {primary}"
            ),
            "a standby watches the primary where nothing is recorded: change --that-cluster or --primary",
        ),
        _ if is_new => {
            Finding::ok("ownership", format!("no record yet: cluster {primary} owns the work as the primary"))
        }
        _ => Finding::warn("ownership", words::no_record(Some(&primary)), may_be_lost()),
    }
}

fn recorded(record: &OwnershipRecord) -> Finding {
    let text = format!("{} ({})", words::sentence(record), words::origin(record));
    if let Some(why) = record.exhausted() {
        return Finding::fail("ownership", format!("{text}: {why}"), record_advice::exhausted());
    }
    match &record.phase {
        Phase::Active { .. } => Finding::ok("ownership", text),
        Phase::Pending { .. } => Finding::warn(
            "ownership",
            text,
            format!(
                "fine while a takeover is under way; where it lasts, a monitor of either cluster ends it, or {}",
                Advice::Activate(Whom::Chosen)
            ),
        ),
        Phase::Releasing { successor, .. } => Finding::warn(
            "ownership",
            text,
            format!(
                "fine while a handover is under way; where it lasts, {} completes it",
                Advice::Handover(successor.into())
            ),
        ),
    }
}

/// An owner that this configuration does not know.
fn stranger(record: &OwnershipRecord, clusters: &ClusterArgs) -> Option<Finding> {
    let owner = &record.owner;
    let is_known = clusters.named().next().is_none() || clusters.named().any(|named| named == owner);
    (!is_known).then(|| {
        Finding::warn(
            "clusters",
            format!("the owner by the record, {owner}, is neither --this-cluster nor --that-cluster"),
            "fine with more than two clusters; else compare the stores, prefixes and names of both sides",
        )
    })
}

/// Both sides stay safe whatever they are set to, but a guard may be left with too little.
fn durations(record: &OwnershipRecord, timing: &Timing) -> Option<Finding> {
    let own = LeaseTiming::of(timing);
    if own == record.timing {
        return None;
    }
    let text = format!(
        "the record promises {}, this configuration watch {}, stop {}: claimants watch the longer, guards hold for the \
         shorter",
        words::promises(record),
        own.watch,
        own.stop,
    );
    let remedy = "fine during a rollout; give both sides the same --flatline-after, --poll and --stop-grace; a longer watch \
                  is recorded at once, a shorter one by the next takeover, handover or activation";
    match effective(timing, own.under(record.timing)).check(Role::Guard) {
        Ok(()) => Some(Finding::warn("durations", text, remedy)),
        Err(error) => {
            Some(Finding::warn("durations", format!("{text}; a guard is left with {error}"), remedy))
        }
    }
}

/// The durations that a guard really has under these promises.
fn effective(timing: &Timing, promises: LeaseTiming) -> Timing {
    let span = |duration| Span::try_from(duration).unwrap_or(Span::MAX);
    let margin = timing.stop().saturating_sub(timing.stop_grace.get());
    Timing {
        flatline_after: span(promises.watch.get() + timing.poll.get()),
        stop_grace: span(promises.stop.get().saturating_sub(margin)),
        ..*timing
    }
}

fn maintenance(finding: &MaintenanceFinding, now: Now) -> Finding {
    let text = words::maintenance(finding, now.wall);
    match finding {
        MaintenanceFinding::Off => Finding::ok("maintenance", text),
        MaintenanceFinding::On(record) if record.is_over_long(now.wall) => {
            Finding::fail("maintenance", text, "no gate takes over for 30 days from when it first read this")
        }
        MaintenanceFinding::On(_) => {
            Finding::warn("maintenance", text, format!("{} ends it", Advice::MaintenanceOff))
        }
        MaintenanceFinding::Unusable(_) | MaintenanceFinding::Unreadable => {
            Finding::fail("maintenance", text, "no gate takes over until it can be read and understood")
        }
    }
}

#[cfg(test)]
mod tests {
    use flatline_shell::Clock;
    use heartbeat_store::{Fault, Operation};

    use super::*;
    use crate::doctor::finding::Level;
    use crate::operator::testing::{ACTIVE, World, id, pending, releasing};

    fn clusters(this: &str, that: &str, primary: &str) -> ClusterArgs {
        let named = |text: &str| (!text.is_empty()).then(|| id(text));
        ClusterArgs { this_cluster: named(this), that_cluster: named(that), primary: named(primary) }
    }

    async fn findings(world: &World, clusters: &ClusterArgs) -> Vec<Finding> {
        let (store, now) = (world.store(), world.clock.now());
        examine(&RecordReport::read(&store, now).await, &store, clusters, &Timing::default(), now).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_compared_with_the_configuration() {
        let longer = OwnershipRecord {
            timing: LeaseTiming { watch: Span::from_secs(34), stop: Span::from_secs(2) },
            ..World::record("a", ACTIVE)
        };
        let short = OwnershipRecord {
            timing: LeaseTiming { watch: Span::from_secs(5), stop: Span::from_secs(2) },
            ..World::record("a", ACTIVE)
        };
        let newer = br#"{"version":2}"#.to_vec();
        let pair = || clusters("b", "a", "");
        let table = [
            (Some(World::record("a", ACTIVE).to_json()), pair(), Level::Ok, "cluster a owns the work"),
            (Some(World::record("c", ACTIVE).to_json()), pair(), Level::Warn, "neither --this-cluster nor"),
            (Some(World::record("b", pending("a")).to_json()), pair(), Level::Warn, "claims the work"),
            (
                Some(World::record("a", releasing("b", 0)).to_json()),
                pair(),
                Level::Warn,
                "hands the work over",
            ),
            (Some(longer.to_json()), pair(), Level::Warn, "promises watch 34s, stop 2s"),
            (Some(short.to_json()), pair(), Level::Warn, "a guard is left with unsafe timing"),
            (Some(newer), pair(), Level::Fail, "format version 2"),
            (None, pair(), Level::Ok, "cluster a owns the work as the primary"),
            (None, clusters("c", "b", "a"), Level::Fail, "--that-cluster is b while the primary is a"),
            (None, clusters("c", "b", ""), Level::Warn, "is not known"),
        ];
        for (stored, clusters, worst, part) in table {
            let world = World::new();
            stored.inspect(|bytes| world.plant_bytes(bytes));
            let found = findings(&world, &clusters).await;
            let is_worst = |finding: &&Finding| finding.level == worst && finding.text.contains(part);
            assert!(found.iter().any(|finding| is_worst(&finding)), "{part}: {found:#?}");
            let level = |level| found.iter().filter(|finding| finding.level == level).count();
            assert_eq!(
                (level(Level::Fail) > 0, level(Level::Warn) > 0),
                (worst == Level::Fail, worst == Level::Warn)
            );
        }
        let away = World::new();
        away.memory.break_with(&Operation::ALL, Fault::Unreachable);
        assert!(findings(&away, &pair()).await.iter().all(|finding| finding.level == Level::Fail));
    }

    #[tokio::test(start_paused = true)]
    async fn where_a_heart_has_beaten_a_record_that_is_not_there_may_be_lost() {
        let world = World::new();
        world.beat_once(&id("b")).await;
        let found = findings(&world, &clusters("b", "a", "")).await;
        let finding = found.iter().find(|finding| finding.subject == "ownership").unwrap();
        assert_eq!(finding.level, Level::Warn, "{finding:?}");
        assert!(finding.text.ends_with("where there ever was one it is lost"), "{finding:?}");
        let found = findings(&world, &clusters("c", "b", "a")).await;
        assert!(found.iter().any(|finding| finding.level == Level::Fail), "{found:#?}");
    }

    #[tokio::test(start_paused = true)]
    async fn maintenance_that_is_on_is_pointed_out_and_one_that_makes_no_sense_fails() {
        let on = br#"{"version":1,"active":true,"until":"2025-11-30T00:00:00Z","by":"me","reason":"nodes"}"#;
        let for_years =
            br#"{"version":1,"active":true,"until":"2030-01-01T00:00:00Z","by":"me","reason":"nodes"}"#;
        let table = [(&on[..], Level::Warn), (&for_years[..], Level::Fail), (b"on!", Level::Fail)];
        for (stored, level) in table {
            let world = World::new();
            world.memory.plant_maintenance(stored);
            let found = findings(&world, &clusters("a", "b", "")).await;
            let finding = found.iter().find(|finding| finding.subject == "maintenance").unwrap();
            assert_eq!(finding.level, level, "{finding:?}");
        }
    }

    #[test]
    fn the_activation_key_is_examined_where_it_is_set_and_never_shown() {
        let with = |key: &str| activation_key(&Environment::from_iter([(ActivationKey::VARIABLE, key)]));
        assert_eq!(activation_key(&Environment::default()), None);
        assert_eq!(with("Open5esame").unwrap().level, Level::Ok);
        let bad = with("too-short").unwrap();
        assert_eq!(bad.level, Level::Fail);
        assert!(!format!("{bad:?}").contains("too-short"), "{bad:?}");
    }
}
