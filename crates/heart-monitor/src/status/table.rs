//! `status` for a person: who owns the work, then a line per cluster.

use failover_policy::{SignedSpan, Verdict};

use crate::heart_report::HeartReport;
use crate::paint;
use crate::status::{StatusReport, away};

const COLUMNS: [&str; 8] =
    ["CLUSTER", "LETTER", "VERDICT", "LAST BEAT", "COUNT", "INTERVAL", "SKEW", "WRITER"];

pub(super) fn table(report: &StatusReport) -> String {
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
    text += &away::lines(report);
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
