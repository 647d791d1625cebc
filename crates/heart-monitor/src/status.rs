//! `status`: who owns the work, and every cluster in the store, a line each.

use std::collections::BTreeSet;
use std::sync::Arc;

use anstyle::Style;
use failover_policy::{
    Assessment, ClusterId, Detector, Letter, SignedSpan, Span, UnknownCause, Verdict, WatchRule,
};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use futures::future::join_all;
use heartbeat_store::Store;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Output, StatusArgs};
use crate::heart_report::HeartReport;
use crate::paint;
use crate::record_report::{RecordReport, letter, maintenance_value};
use crate::timing_args::deadlines;
use crate::watcher::{Sight, Watcher};

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
    /// The record and maintenance for a person.
    #[serde(skip)]
    lines: Vec<(Style, String)>,
}

pub(crate) async fn run(
    args: &StatusArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let timing = args.heart.timing.safe_timing()?;
    let store = args.heart.store.open(environment, deadlines(&timing))?;
    let listed = match store.clusters().await {
        Ok(listed) => listed,
        Err(error) => {
            paint::print_error(&error.to_string());
            return Ok(Exit::CannotTell);
        }
    };
    let record = RecordReport::read(&store, clock.now()).await;
    // Clusters that were named belong in the picture even where the store has nothing of them.
    let named = args.heart.clusters.named().chain(record.clusters()).cloned();
    let clusters: BTreeSet<ClusterId> = listed.into_iter().chain(named).collect();
    let primary = args.heart.clusters.primary_among(&clusters);
    let hearts = clusters.into_iter().map(|cluster| {
        let watcher = Watcher::new(store.clone(), cluster, Arc::clone(&clock), WatchRule::new(&timing));
        report(watcher, &store, &record, primary.as_ref(), args.watch_for)
    });
    let clusters = join_all(hearts).await;
    let report = StatusReport {
        version: 1,
        store: store.location(),
        checked_at: clock.now().wall.to_string(),
        record: record.record_value(),
        maintenance: maintenance_value(&record.maintenance),
        lines: record.lines(primary.as_ref(), clock.now()),
        primary,
        clusters,
    };
    match args.output.output {
        Output::Human => paint::print(&table(&report))?,
        Output::Json => paint::print_json(&report)?,
    };
    Ok(Exit::Done)
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
    let judged = judged(&sight, watcher.rule());
    let letter = letter(&record.found, cluster, judged.verdict, primary).map(Letter::as_str);
    let report = HeartReport::new(cluster, primary, &judged, sight.error.as_ref(), details);
    HeartReport { letter, ..report }
}

/// A beat that came in proves a beating heart whatever the clocks say. Without one, a short watch cannot tell,
/// and the stamp's age is believed, as `check` does.
fn judged(sight: &Sight, rule: &WatchRule) -> Assessment {
    let full = sight.assessment;
    if full.verdict != Verdict::Unknown(UnknownCause::Watching) {
        return full;
    }
    let mut first_sight = Detector::new(rule.at_first_sight());
    first_sight.handle_look(sight.look);
    let verdict = first_sight.assess(sight.look.completed.boot).verdict;
    Assessment { verdict, evidence: full.evidence }
}

const COLUMNS: [&str; 8] =
    ["CLUSTER", "LETTER", "VERDICT", "LAST BEAT", "COUNT", "INTERVAL", "SKEW", "WRITER"];

fn table(report: &StatusReport) -> String {
    let rows: Vec<[String; 8]> = report.clusters.iter().map(row).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([COLUMNS[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    let line = |cells: &[String; 8]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let heading = paint::HEADING;
    let mut text: String =
        report.lines.iter().map(|(style, line)| format!("{style}{line}{style:#}\n")).collect();
    text += &format!("{heading}{}{heading:#}\n", line(&COLUMNS.map(str::to_owned)));
    for (heart, row) in report.clusters.iter().zip(&rows) {
        let style = paint::of(heart.verdict);
        text += &format!("{style}{}{style:#}\n", line(row));
    }
    for heart in report.clusters.iter().filter(|heart| matches!(heart.verdict, Verdict::Unknown(_))) {
        text += &format!("{}: {}\n", heart.cluster, heart.info);
    }
    if report.clusters.is_empty() {
        text += &format!("no cluster has a stamp in {}\n", report.store);
    }
    text
}

fn row(heart: &HeartReport) -> [String; 8] {
    let dash = || "-".to_owned();
    let seconds = |millis: i64| SignedSpan::from_millis(millis).to_string();
    let last_beat = match (&heart.stamp_time, heart.stamp_age_ms) {
        (Some(time), Some(age)) => format!("{time} ({})", seconds(age)),
        _ => dash(),
    };
    [
        heart.cluster.to_string(),
        heart.letter.map_or_else(dash, str::to_owned),
        heart.verdict.to_string(),
        last_beat,
        heart.heart_beat_count.map_or_else(dash, |count| count.to_string()),
        heart.interval_ms.map_or_else(dash, seconds),
        heart.skew_ms.map_or_else(dash, seconds),
        heart.writer.clone().unwrap_or_else(dash),
    ]
}

#[cfg(test)]
mod tests {
    use failover_policy::{Evidence, FlatlineCause, MaintenanceFinding, Stamp, Tick};
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
            lines: vec![(Style::new(), "cluster a owns the work".to_owned())],
            clusters: vec![
                report(&id("a"), &beating, None, Some(details())),
                report(&id("b"), &flat, None, None),
                report(&id("west-1"), &unknown, Some(&error), None),
            ],
        };
        insta::assert_snapshot!("table", anstream::adapter::strip_str(&table(&status)).to_string());
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
            lines: Vec::new(),
            clusters: Vec::new(),
        };
        assert!(table(&status).ends_with("no cluster has a stamp in /mnt/heartbeat\n"));
    }
}
