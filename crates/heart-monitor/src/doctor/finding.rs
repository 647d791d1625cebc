//! What `doctor` found, and what to do about it.

use std::time::Duration;

use serde::Serialize;

use crate::paint;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// What was examined, in a word or two.
    pub(crate) subject: &'static str,
    /// What was found.
    pub(crate) text: String,
    /// What to do about it; nothing where all is well.
    pub(crate) remedy: Option<String>,
    /// How long it took, in microseconds, where that matters.
    pub(crate) took_us: Option<u64>,
}

impl Finding {
    pub(crate) fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, text: text.into(), remedy: None, took_us: None }
    }

    pub(crate) fn warn(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Warn, remedy: Some(remedy.into()), ..Self::ok(subject, text) }
    }

    pub(crate) fn fail(subject: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { level: Level::Fail, ..Self::warn(subject, text, remedy) }
    }

    #[must_use]
    pub(crate) fn taking(self, took: Duration) -> Self {
        Self { took_us: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)), ..self }
    }
}

/// The JSON document of `doctor`, format version 1.
#[derive(Debug, Serialize)]
pub(crate) struct DoctorReport {
    version: u32,
    store: String,
    /// Whether nothing failed.
    pub(crate) healthy: bool,
    findings: Vec<Finding>,
}

impl DoctorReport {
    pub(crate) fn new(store: String, findings: Vec<Finding>) -> Self {
        let healthy = findings.iter().all(|finding| finding.level != Level::Fail);
        Self { version: 1, store, healthy, findings }
    }
}

/// The report for a person: a line a finding, and below it what to do.
pub(crate) fn human(report: &DoctorReport) -> String {
    let mut text = format!("store {}\n", report.store);
    for Finding { level, subject, text: found, remedy, took_us } in &report.findings {
        let (style, word) = match level {
            Level::Ok => (paint::GOOD, "ok"),
            Level::Warn => (paint::DOUBTFUL, "warn"),
            Level::Fail => (paint::BAD, "FAIL"),
        };
        let took =
            took_us.map_or(String::new(), |took| format!(" ({}.{} ms)", took / 1000, took % 1000 / 100));
        text += &format!("{style}{word:<4}{style:#}  {subject}: {found}{took}\n");
        if let Some(remedy) = remedy {
            text += &format!("      {remedy}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_a_line_with_what_to_do_below_it_and_one_failure_makes_the_whole_unhealthy() {
        let took = Duration::from_micros(1234);
        let findings = vec![
            Finding::ok("read", "clusters with a stamp: a, b").taking(took),
            Finding::warn("mount", "actimeo=30: a beat may be seen late", "mount with actimeo=1"),
        ];
        assert!(DoctorReport::new("/mnt".to_owned(), findings.clone()).healthy);
        let findings =
            findings.into_iter().chain([Finding::fail("write", "not allowed", "mend it")]).collect();
        let report = DoctorReport::new("/mnt".to_owned(), findings);
        assert!(!report.healthy);
        insta::assert_snapshot!("findings", anstream::adapter::strip_str(&human(&report)).to_string());
    }
}
