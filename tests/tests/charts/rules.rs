//! The alerts, by Prometheus's own `promtool`: it reads them, and plays the days of `tests/prometheus` to them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use flatline_tests::{Chart, Manifest, optional_tool, parse_yaml};
use serde_json::{Value, json};

use crate::{list, nothing_in, rendered, text};

/// What the tests of the rules call the file with the rules.
const RULES: &str = "rules.yaml";

#[test]
fn prometheus_reads_the_rules_of_every_variant() -> Result<()> {
    let objects = rendered()?.iter().flat_map(|rendered| &rendered.manifests);
    let rules: Vec<_> = objects.filter(|object| object.kind == "PrometheusRule").collect();
    ensure!(!rules.is_empty(), "no variant has rules");
    for object in rules {
        promtool("check", object.at("/spec").context("rules have a spec")?, &[])?.passes()?;
    }
    Ok(())
}

#[test]
fn every_alert_fires_when_it_should_and_keeps_quiet_on_ordinary_days() -> Result<()> {
    promtool("test", &rules(&[])?, &days()?)?.passes()
}

#[test]
fn an_alert_that_never_fires_waits_longer_or_does_not_parse_is_found() -> Result<()> {
    let changed = |alert: &str, key: &str, value: &str| {
        let mut rules = rules(&[])?;
        let groups = rules["groups"].as_array_mut().into_iter().flatten();
        let mut alerts = groups.filter_map(|group| group["rules"].as_array_mut()).flatten();
        let found = alerts.find(|rule| rule["alert"] == alert).context("there is such an alert")?;
        found[key] = value.into();
        anyhow::Ok(rules)
    };
    let never = changed("FlatlineBeaconSilent", "expr", "vector(0) > 1")?;
    assert!(promtool("test", &never, &days()?)?.is_refused());
    let later = changed("FlatlineOwnerBlocked", "for", "75s")?;
    assert!(promtool("test", &later, &days()?)?.is_refused());
    assert!(promtool("check", &changed("FlatlineBeaconSilent", "expr", "min by (x")?, &[])?.is_refused());
    assert!(promtool("check", &changed("FlatlineBeaconSilent", "for", "soon")?, &[])?.is_refused());
    Ok(())
}

#[test]
fn every_alert_is_seen_firing_in_a_test_and_tests_name_no_others() -> Result<()> {
    let there: BTreeSet<_> =
        alerts(&rules(&[])?).iter().map(|alert| text(alert, "/alert").to_owned()).collect();
    let mut fired = BTreeSet::new();
    for day in days()? {
        let day = parse_yaml(&fs::read_to_string(day)?)?;
        let tests = list(&day, "/tests").iter().flat_map(|test| list(test, "/promql_expr_test"));
        let samples = tests.flat_map(|test| list(test, "/exp_samples")).map(|sample| text(sample, "/labels"));
        let firing = samples.filter(|labels| labels.contains("alertstate=\"firing\""));
        fired.extend(
            firing.filter_map(|labels| {
                Some(labels.split_once("alertname=\"")?.1.split_once('"')?.0.to_owned())
            }),
        );
    }
    assert_eq!(fired, there);
    Ok(())
}

#[test]
fn every_alert_says_what_happened_what_to_do_and_where_to_read_on() -> Result<()> {
    let runbook = fs::read_to_string(repository().join("docs/runbook.md"))?;
    let guide = fs::read_to_string(repository().join("docs/operations.md"))?;
    let headings: BTreeSet<_> = runbook.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let mut findings = Vec::new();
    for alert in alerts(&rules(&[])?) {
        let (name, annotations) = (text(&alert, "/alert"), &alert["annotations"]);
        let mut finding = |holds: bool, what: &str| {
            if !holds {
                findings.push(format!("{name}: {what}"));
            }
        };
        let anchor = format!("docs/runbook.md#{}", name.to_lowercase());
        finding(text(annotations, "/runbook_url") == anchor, "its runbook_url is not its section's");
        finding(headings.contains(name), "docs/runbook.md has no section of that name");
        finding(guide.contains(&format!("`{name}`")), "docs/operations.md does not say when it fires");
        finding(!text(annotations, "/summary").is_empty(), "no summary");
        finding(text(annotations, "/description").len() > 100, "no description that says what to do");
        finding(["critical", "warning", "info"].contains(&text(&alert, "/labels/severity")), "no severity");
        finding(!alert.to_string().contains("${"), "a name in ${…} is not filled in");
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn the_values_set_severities_labels_runbook_durations_and_thresholds() -> Result<()> {
    let rules = rules(&[
        "metrics.rules.severity.critical=page",
        "metrics.rules.alertLabels.team=platform",
        "metrics.rules.runbookUrl=https://wiki.example.com/runbook",
        "metrics.rules.for.silent=7s",
        "metrics.rules.thresholds.silentIntervals=4",
        "metrics.rules.disabled={FlatlineClockSkew,FlatlineClockStepped}",
        "metrics.rules.interval=20s",
    ])?;
    let alerts = alerts(&rules);
    let silent =
        alerts.iter().find(|alert| alert["alert"] == "FlatlineBeaconSilent").context("it is there")?;
    assert_eq!(silent["labels"], json!({"severity": "page", "team": "platform"}));
    let runbook = "https://wiki.example.com/runbook#flatlinebeaconsilent";
    assert_eq!(silent["annotations"]["runbook_url"], runbook);
    assert_eq!(silent["for"], "7s");
    assert!(text(silent, "/expr").contains("> 4 * max by"), "{silent}");
    assert!(alerts.iter().all(|alert| !text(alert, "/alert").starts_with("FlatlineClock")));
    assert!(list(&rules, "/groups").iter().all(|group| group["interval"] == "20s"), "{rules}");
    Ok(())
}

/// What promtool said, or that it is not there to be asked.
enum Judged {
    Well,
    Badly(String),
    Unasked,
}

impl Judged {
    fn passes(self) -> Result<()> {
        match self {
            Self::Badly(said) => bail!("promtool: {said}"),
            Self::Well | Self::Unasked => Ok(()),
        }
    }

    fn is_refused(&self) -> bool {
        !matches!(self, Self::Well)
    }
}

/// Has promtool check these rules, or test them by these files.
fn promtool(verb: &str, rules: &Value, tests: &[PathBuf]) -> Result<Judged> {
    let Some(program) = optional_tool("promtool") else {
        eprintln!("skipped: promtool is not installed, so rules are not tried by `promtool {verb} rules`");
        return Ok(Judged::Unasked);
    };
    let folder = tempfile::tempdir()?;
    // JSON is YAML too.
    fs::write(folder.path().join(RULES), rules.to_string())?;
    let mut command = Command::new(program);
    command.args([verb, "rules"]).current_dir(folder.path()).stdin(Stdio::null());
    if verb == "check" {
        command.arg(RULES);
    }
    for test in tests {
        let name = test.file_name().context("a test is a file")?;
        fs::copy(test, folder.path().join(name))?;
        command.arg(name);
    }
    let output = command.output().context("cannot run promtool")?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Ok(if output.status.success() { Judged::Well } else { Judged::Badly(said) })
}

/// The rules of cluster a as the chart writes them, with some values set.
pub(crate) fn rules(sets: &[&str]) -> Result<Value> {
    let found = watched(&[&["metrics.rules.enabled=true"], sets].concat())?;
    let rules =
        found.into_iter().find(|object| object.kind == "PrometheusRule").context("no PrometheusRule")?;
    rules.at("/spec").cloned().context("rules have a spec")
}

/// The beacon's chart in cluster a, with some values set.
pub(crate) fn watched(sets: &[&str]) -> Result<Vec<Manifest>> {
    let chart = Chart::named("heartbeat-writer")?;
    let values = chart.folder().join("ci/workload-identity-values.yaml");
    let clusters = ["flatline.cluster.this=a", "flatline.cluster.that=b"];
    chart.render(&[&values], &[&clusters, sets].concat())
}

/// The alerts of rules.
pub(crate) fn alerts(rules: &Value) -> Vec<Value> {
    list(rules, "/groups").iter().flat_map(|group| list(group, "/rules")).cloned().collect()
}

/// The files of `tests/prometheus`.
fn days() -> Result<Vec<PathBuf>> {
    let folder = repository().join("tests/prometheus");
    let days = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    ensure!(!days.is_empty(), "{} is empty", folder.display());
    Ok(days)
}

pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
