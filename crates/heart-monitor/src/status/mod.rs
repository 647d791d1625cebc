//! `status`: who owns the work, and every cluster in the store, a line each.

mod away;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;

use anstyle::Style;
use failover_policy::{ClusterId, LeaseTiming, Letter, Span, Timing, UnknownCause, Verdict, WatchRule};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use futures::future::{join, join_all};
use heartbeat_store::Store;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Output, StatusArgs};
use crate::heart_report::HeartReport;
use crate::owner_heart::{self, OwnerFault};
use crate::paint;
use crate::record_report::{RecordReport, letter, maintenance_value};
use crate::strangers::Stranger;
use crate::timing_args::deadlines;
use crate::watcher::Watcher;

/// The JSON document of `status`, format version 1.
#[derive(Debug, Serialize)]
struct StatusReport {
    version: u32,
    store: String,
    checked_at: String,
    primary: Option<ClusterId>,
    /// As in `/state` of a gate: `state` is `found`, `absent`, `unusable` or `unreadable`; the stored fields where it
    /// is found.
    record: Value,
    /// As in `/state` of a gate: `state` is `off`, `on`, `unusable` or `unreadable`.
    maintenance: Value,
    clusters: Vec<HeartReport>,
    /// Why the clusters could not be listed; `null` where they were.
    error: Option<String>,
    /// What happens while guards cannot read the record either, a sentence each; none where it was read.
    meanwhile: Vec<String>,
    /// What is wrong with the owner's heart, where it is known not to beat.
    owner_fault: Option<String>,
    /// The record and maintenance for a person.
    #[serde(skip)]
    lines: Vec<(Style, String)>,
}

pub(crate) async fn run(
    args: &StatusArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let timing = Timing { stop_grace: args.stop_grace, ..args.heart.timing.safe_timing()? };
    let store = args.heart.store.open_and_reach(environment, deadlines(&timing)).await?;
    let (listed, record) = join(store.clusters(), RecordReport::read(&store, clock.now())).await;
    let (listed, error) = match listed {
        Ok(listed) => (listed, None),
        Err(error) => (BTreeSet::new(), Some(error)),
    };
    // Clusters that were named belong in the picture even where the store has nothing of them.
    let named = args.heart.clusters.named().chain(record.clusters()).cloned();
    let known = listed.clone();
    let clusters: BTreeSet<ClusterId> = listed.into_iter().chain(named).collect();
    let primary = args.heart.clusters.primary_among(&clusters);
    let is_away = error.is_some() && record.found.is_err();
    let hearts = clusters.into_iter().filter(|_| !is_away).map(|cluster| {
        let watcher = Watcher::new(store.clone(), cluster, Arc::clone(&clock), WatchRule::new(&timing));
        report(watcher, &store, &record, primary.as_ref(), args.watch_for)
    });
    let mut clusters = join_all(hearts).await;
    introduce(&mut clusters, &store, &known);
    let fault = owner_fault(&record, &clusters, &store, &known);
    let mut lines = record.lines(primary.as_ref(), LeaseTiming::of(&timing), clock.now());
    lines.extend(fault.as_ref().map(|fault| (paint::BAD, format!("FAIL: {}; {}", fault.text, fault.remedy))));
    let report = StatusReport {
        version: 1,
        store: store.location(),
        checked_at: clock.now().wall.to_string(),
        record: record.record_value(),
        maintenance: maintenance_value(&record.maintenance),
        lines,
        owner_fault: fault.map(|fault| fault.text),
        primary,
        clusters,
        error: error.map(|error| error.to_string()),
        meanwhile: if record.found.is_err() { away::meanwhile(&timing) } else { Vec::new() },
    };
    if let Some(error) = &report.error {
        paint::print_error(error);
    }
    match args.output.output {
        Output::Human if is_away => paint::print(&away::human(&report))?,
        Output::Human => paint::print(&table::table(&report))?,
        Output::Json => paint::print_json(&report)?,
    };
    Ok(if report.error.is_some() { Exit::CannotTell } else { Exit::Done })
}

/// Says of clusters that were named and never beat here which ones did.
fn introduce(hearts: &mut [HeartReport], store: &Store, known: &BTreeSet<ClusterId>) {
    let never = Verdict::Unknown(UnknownCause::NeverSeen);
    for heart in hearts.iter_mut().filter(|heart| heart.verdict == never) {
        heart.info = Stranger::among(store, &heart.cluster, Some(known.clone())).to_string();
    }
}

/// What is wrong with the heart of the owner.
fn owner_fault(
    record: &RecordReport,
    hearts: &[HeartReport],
    store: &Store,
    known: &BTreeSet<ClusterId>,
) -> Option<OwnerFault> {
    let owner = owner_heart::whose(record.record()?)?;
    let heart = hearts.iter().find(|heart| heart.cluster == *owner)?;
    let stranger = Stranger::among(store, owner, Some(known.clone()));
    owner_heart::fault(owner, heart.verdict, Some(&stranger))
}

async fn report(
    mut watcher: Watcher,
    store: &Store,
    record: &RecordReport,
    primary: Option<&ClusterId>,
    watch_for: Span,
) -> HeartReport {
    let sight = watcher.look_until_decided(watch_for).await;
    let cluster = watcher.cluster();
    let details = store.read_details(cluster).await.ok().flatten();
    let judged = sight.believed(watcher.rule());
    let letter = letter(&record.found, cluster, judged.verdict, primary).map(Letter::as_str);
    let report = HeartReport::new(cluster, primary, &judged, sight.error.as_ref(), details);
    HeartReport { letter, ..report }
}

#[cfg(test)]
mod tests {
    use failover_policy::{Assessment, Evidence, FlatlineCause, MaintenanceFinding, SignedSpan, Stamp, Tick};
    use heartbeat_store::{BeatDetails, StoreError, WriterId};

    use super::*;
    use crate::operator::testing::{ACTIVE, World};
    use crate::record_report::stored_value;

    fn assessment(verdict: Verdict, age: i64) -> Assessment {
        let stamp = Stamp::new(Tick::from_count(639_000_000_000_000_000 - age).unwrap());
        let evidence = Evidence {
            stamp: Some(stamp),
            stamp_age: Some(SignedSpan::from_ticks(age)),
            ..Evidence::default()
        };
        Assessment { verdict, evidence }
    }

    fn details() -> BeatDetails {
        BeatDetails {
            version: 1,
            writer: WriterId("beacon-7f9c-x/12/5e".to_owned()),
            beat_count: 1234,
            interval_ms: 2000,
            process_start: "2025-11-27T00:00:00.000Z".to_owned(),
            primary: None,
        }
    }

    #[test]
    fn a_table_shows_what_is_known_and_below_it_what_is_not() {
        let id = |text: &str| text.parse::<ClusterId>().unwrap();
        let primary = id("a");
        let mut beating = assessment(Verdict::Beating, 5_320_000);
        beating.evidence.skew = Some(SignedSpan::from_ticks(120_000));
        let flat = assessment(Verdict::Flatlined(FlatlineCause::StampAge), 36_000_000_000);
        let unknown =
            Assessment { verdict: Verdict::Unknown(UnknownCause::Malformed), evidence: Evidence::default() };
        let error =
            StoreError::Malformed { what: "x/heartbeat.txt".to_owned(), detail: "it is empty".to_owned() };
        let report = |cluster: &ClusterId, assessment, error, details| {
            HeartReport::new(cluster, Some(&primary), assessment, error, details)
        };
        let status = StatusReport {
            version: 1,
            store: "/mnt/heartbeat".to_owned(),
            checked_at: "2025-11-27T08:00:00.000Z".to_owned(),
            primary: Some(primary.clone()),
            record: stored_value(&World::record("a", ACTIVE)),
            maintenance: maintenance_value(&MaintenanceFinding::Off),
            owner_fault: None,
            lines: vec![(Style::new(), "cluster a owns the work".to_owned())],
            clusters: vec![
                report(&id("a"), &beating, None, Some(details())),
                report(&id("b"), &flat, None, None),
                report(&id("west-1"), &unknown, Some(&error), None),
            ],
            error: None,
            meanwhile: Vec::new(),
        };
        insta::assert_snapshot!("table", anstream::adapter::strip_str(&table::table(&status)).to_string());
        insta::assert_snapshot!("json", serde_json::to_string_pretty(&status).unwrap());
    }

    #[test]
    fn an_empty_store_says_so() {
        let status = StatusReport {
            version: 1,
            store: "/mnt/heartbeat".to_owned(),
            checked_at: String::new(),
            primary: None,
            record: Value::Null,
            maintenance: Value::Null,
            owner_fault: None,
            lines: Vec::new(),
            clusters: Vec::new(),
            error: None,
            meanwhile: Vec::new(),
        };
        assert!(table::table(&status).ends_with("no cluster has a stamp in /mnt/heartbeat\n"));
    }
}
