//! All findings put together: one line a cause, the worst first, and how many there are.

use serde::Serialize;

use crate::doctor::finding::{Finding, Level};
use crate::paint;

/// The JSON document of `doctor`, format version 1.
#[derive(Debug, Serialize)]
pub(crate) struct DoctorReport {
    version: u32,
    store: String,
    /// Whether nothing failed.
    pub(crate) healthy: bool,
    findings: Vec<Line>,
}

/// A finding, and how it hangs together with the others.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    finding: Finding,
    /// What was found for the same reason, and is not said again.
    blocks: Vec<String>,
    /// The finding that this one follows from: a person reads only that one.
    because_of: Option<String>,
}

impl DoctorReport {
    pub(crate) fn new(store: String, findings: Vec<Finding>) -> Self {
        let healthy = findings.iter().all(|finding| finding.level != Level::Fail);
        let mut lines = folded(findings);
        lines.sort_by_key(|line| std::cmp::Reverse(line.finding.level));
        Self { version: 1, store, healthy, findings: lines }
    }

    fn shown(&self) -> impl Iterator<Item = &Line> {
        self.findings.iter().filter(|line| line.because_of.is_none())
    }
}

/// Finds what follows from an earlier finding. What is worse than its cause stands for itself.
fn folded(findings: Vec<Finding>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for finding in findings {
        let covers = |line: &&mut Line| {
            let same =
                line.finding.cause.as_ref().zip(finding.cause.as_ref()).is_some_and(|(a, b)| a.covers(b));
            same && line.because_of.is_none() && line.finding.level >= finding.level
        };
        let because_of = lines.iter_mut().find(covers).map(|cause| {
            cause.blocks.push(finding.title());
            cause.finding.title()
        });
        lines.push(Line { finding, blocks: Vec::new(), because_of });
    }
    lines
}

/// The report for a person: a line a cause, and below it what it blocks and what to do.
pub(crate) fn human(report: &DoctorReport) -> String {
    let mut text = format!("store {}\n", report.store);
    for Line { finding, blocks, .. } in report.shown() {
        let (style, word) = painted(finding.level);
        let took = finding
            .took_us
            .map_or(String::new(), |took| format!(" ({}.{} ms)", took / 1000, took % 1000 / 100));
        text += &format!("{style}{word:<4}{style:#}  {}: {}{took}\n", finding.subject, finding.text);
        if !blocks.is_empty() {
            text += &format!("      blocks: {}\n", blocks.join(", "));
        }
        if let Some(remedy) = &finding.remedy {
            text += &format!("      {remedy}\n");
        }
    }
    text + &totals(report)
}

const fn painted(level: Level) -> (anstyle::Style, &'static str) {
    match level {
        Level::Ok => (paint::GOOD, "ok"),
        Level::Warn => (paint::DOUBTFUL, "warn"),
        Level::Fail => (paint::BAD, "FAIL"),
    }
}

/// The last line. A level that nothing has is left out, so that a search for FAIL finds failures only.
fn totals(report: &DoctorReport) -> String {
    let counted = [Level::Fail, Level::Warn, Level::Ok].into_iter().filter_map(|level| {
        let count = report.shown().filter(|line| line.finding.level == level).count();
        let (style, word) = painted(level);
        (count > 0).then(|| format!("{count} {style}{word}{style:#}"))
    });
    format!("{}\n", counted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use heartbeat_store::StoreError;
    use serde_json::json;

    use super::*;
    use crate::doctor::finding::Cause;

    fn plain(findings: Vec<Finding>) -> String {
        let report = DoctorReport::new("/mnt".to_owned(), findings);
        anstream::adapter::strip_str(&human(&report)).to_string()
    }

    fn some_of_each() -> Vec<Finding> {
        vec![
            Finding::ok("read", "clusters with a stamp: a, b").taking(Duration::from_micros(1234)),
            Finding::warn("mount", "actimeo=30: a beat may be seen late", "mount with actimeo=1"),
            Finding::ok("maintenance", "maintenance is off"),
            Finding::fail("write", "not allowed", "mend it"),
        ]
    }

    #[test]
    fn the_worst_comes_first_with_what_to_do_below_it_and_the_last_line_counts() {
        insta::assert_snapshot!("findings", plain(some_of_each()));
        assert!(!DoctorReport::new(String::new(), some_of_each()).healthy);
        let mut mended = some_of_each();
        mended.pop();
        assert!(plain(mended.clone()).ends_with("\n1 warn, 2 ok\n"));
        assert!(DoctorReport::new(String::new(), mended).healthy);
    }

    fn no_store() -> StoreError {
        StoreError::NoStore { place: "/mnt".to_owned(), hint: "it may not be mounted".to_owned() }
    }

    fn away(attempt: &str, detail: &str) -> StoreError {
        StoreError::Unreachable { attempt: attempt.to_owned(), detail: detail.to_owned() }
    }

    fn failing(subject: &'static str, error: &StoreError) -> Finding {
        Finding::fail(subject, error.to_string(), "mend it").because(Cause::of(error))
    }

    #[test]
    fn what_follows_from_another_finding_is_said_once_with_all_that_it_blocks() {
        let findings = vec![
            failing("read", &no_store()),
            failing("write", &no_store()),
            failing("ownership", &no_store()),
            failing("heart", &no_store()).of("cluster a"),
            failing("heart", &no_store()).of("cluster b"),
            Finding::ok("timing", "all is well"),
        ];
        insta::assert_snapshot!("one_cause", plain(findings.clone()));
        let report = serde_json::to_value(DoctorReport::new("/mnt".to_owned(), findings)).unwrap();
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 6, "a program is told of each");
        let titles = json!(["write", "ownership", "heart of cluster a", "heart of cluster b"]);
        assert_eq!((&findings[0]["blocks"], &findings[0]["because_of"]), (&titles, &json!(null)));
        assert_eq!((&findings[4]["blocks"], &findings[4]["because_of"]), (&json!([]), &json!("read")));
    }

    #[test]
    fn only_what_has_the_same_cause_and_is_no_worse_is_folded() {
        let whole = |error: &StoreError| failing("read", error).because(Cause::of_the_whole(error));
        let denied = |hint: &str| StoreError::Denied {
            attempt: "x".to_owned(),
            detail: "HTTP 403".to_owned(),
            hint: hint.to_owned(),
        };
        let late = away("list the clusters", "no answer within 1s");
        let refused = away("read the record", "connection refused");
        let lost_answer = StoreError::Ambiguous { attempt: "x".to_owned(), detail: "no answer".to_owned() };
        let empty = |subject| Finding::warn(subject, "empty", "wait").because(Cause::EMPTY_STORE);
        let table = [
            (vec![whole(&late), failing("ownership", &refused)], 1, "a store that is away is away for all"),
            (vec![whole(&late), failing("write", &lost_answer)], 1, "nor can a write be told there"),
            (vec![failing("swap", &late), failing("write", &lost_answer)], 2, "a write that may have landed"),
            (vec![failing("swap", &late), failing("ownership", &refused)], 2, "two errors of single calls"),
            (vec![failing("swap", &late), failing("heart", &late)], 1, "one error of single calls"),
            (
                vec![whole(&denied("expired")), failing("write", &denied("expired"))],
                1,
                "an expired credential",
            ),
            (vec![whole(&denied("expired")), failing("write", &denied("no w"))], 2, "two rights are missing"),
            (vec![whole(&late), failing("write", &no_store())], 2, "two kinds"),
            (vec![empty("read"), empty("heart")], 1, "an empty store has no heart"),
            (
                vec![empty("read"), Finding::fail("heart", "x", "y").because(Cause::EMPTY_STORE)],
                2,
                "what fails is not hidden behind a warning",
            ),
            (vec![Finding::ok("a", "x"), Finding::ok("b", "x")], 2, "no cause"),
        ];
        for (findings, lines, why) in table {
            let report = DoctorReport::new(String::new(), findings);
            assert_eq!(report.shown().count(), lines, "{why}: {report:#?}");
        }
    }
}
