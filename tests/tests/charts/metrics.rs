//! What rules, dashboard and documents say of metrics is what the programs say on their pages: a name or a label with a slip
//! in it gives no error anywhere, only an alert that never fires and a panel that stays empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use flatline_tests::{FolderStore, Program, Running, free_port, get, until};

use crate::rules::{alerts, repository, rules, watched};
use crate::{nothing_in, text};

const SOON: Duration = Duration::from_secs(30);
/// Labels that come from where a page is read, not from the page; `cluster` is one that installations add.
const OF_THE_TARGET: [&str; 4] = ["namespace", "job", "pod", "cluster"];
/// What is in no rule and no panel, and why.
const NOT_WATCHED: [(&str, &str); 2] = [
    ("heartbeat_writer_last_beat_timestamp_seconds", "silence_seconds says it without a wall clock"),
    ("heartbeat_writer_peer_stamp_timestamp_seconds", "peer_stamp_age_seconds says it"),
];

#[test]
fn rules_and_dashboard_use_what_the_programs_show() -> Result<()> {
    let pages = pages()?;
    let mut findings = Vec::new();
    for (place, expression) in expressions()? {
        findings.extend(pages.unknown_in(&expression).into_iter().map(|slip| format!("{place}: {slip}")));
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn whatever_the_programs_show_is_in_a_rule_or_a_panel_but_for_what_is_said() -> Result<()> {
    let used = expressions()?.into_iter().flat_map(|(_, expression)| names(&expression));
    let used: BTreeSet<_> = used.chain(NOT_WATCHED.map(|(name, _)| name.to_owned())).collect();
    let unused = pages()?.families.into_iter().filter(|series| series.is_disjoint(&used));
    nothing_in(&unused.map(|series| format!("nobody looks at {series:?}")).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn documents_name_no_metric_that_is_not_there() -> Result<()> {
    let pages = pages()?;
    let mut findings = Vec::new();
    for document in ["operations.md", "runbook.md", "deploy.md", "failover.md"] {
        let text = fs::read_to_string(repository().join("docs").join(document))?;
        let names = names(&text).into_iter().filter(|name| !name.ends_with('_'));
        let unknown = names.filter(|name| !pages.has(name));
        findings.extend(unknown.map(|name| format!("docs/{document}: no program shows {name}")));
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn a_slip_in_a_name_a_label_or_a_value_is_found() -> Result<()> {
    let pages = pages()?;
    let table = [
        ("heart_monitor_blockd == 1", "heart_monitor_blockd"),
        ("heartbeat_writer_beats[5m]", "heartbeat_writer_beats"),
        ("heart_monitor_record{state=\"los\"} == 1", "state=\"los\""),
        ("heart_monitor_record{sate=\"lost\"} == 1", "sate"),
        ("max by (this_cluser) (heart_monitor_blocked)", "this_cluser"),
        ("heart_monitor_swaps_total{purpose=~\"contest|give_bak\"}", "purpose=\"give_bak\""),
    ];
    for (expression, slip) in table {
        let found = pages.unknown_in(expression);
        assert!(found.len() == 1 && found[0].contains(slip), "{expression}: {found:?}");
    }
    let good = "sum by (job, reason) (rate(heartbeat_writer_beat_failures_total{reason!=\"denied\",pod=~\"x-.+\"}[5m]))";
    assert_eq!(pages.unknown_in(good), Vec::<String>::new());
    Ok(())
}

/// Every expression of the rules and of the dashboard, with the place where it stands.
fn expressions() -> Result<Vec<(String, String)>> {
    let rules = alerts(&rules(&[])?);
    let rules = rules.iter().map(|alert| (text(alert, "/alert").to_owned(), text(alert, "/expr").to_owned()));
    let panels = crate::dashboard::expressions(&crate::dashboard::dashboard(&watched(&[
        "metrics.dashboard.enabled=true",
    ])?)?);
    Ok(rules.chain(panels).collect())
}

/// What the programs show.
struct Pages {
    /// The names of the series of each family.
    families: Vec<BTreeSet<String>>,
    /// The values of each label, and the words that the help texts have for them.
    labels: BTreeMap<String, BTreeSet<String>>,
    words: BTreeSet<String>,
}

impl Pages {
    fn of(texts: &[String]) -> Self {
        let mut pages = Self { families: Vec::new(), labels: BTreeMap::new(), words: BTreeSet::new() };
        for line in texts.iter().flat_map(|text| text.lines()) {
            match line.splitn(4, ' ').collect::<Vec<_>>().as_slice() {
                ["#", "TYPE", family, kind] => pages.families.push(series_of(family, kind)),
                ["#", "HELP", _, help] => {
                    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                    pages.words.extend(words.map(str::to_owned));
                }
                ["#", ..] => {}
                _ => {
                    for (label, _, value) in matchers(line) {
                        pages.labels.entry(label).or_default().insert(value);
                    }
                }
            }
        }
        pages
    }

    fn has(&self, name: &str) -> bool {
        self.families.iter().any(|series| series.contains(name))
    }

    fn has_label(&self, label: &str) -> bool {
        OF_THE_TARGET.contains(&label) || self.labels.contains_key(label)
    }

    /// What an expression speaks of that no page has.
    fn unknown_in(&self, expression: &str) -> Vec<String> {
        let names = names(expression).into_iter().filter(|name| !self.has(name));
        let mut found: Vec<_> = names.map(|name| format!("no program shows {name}")).collect();
        for (label, operator, value) in matchers(expression) {
            if !self.has_label(&label) {
                found.push(format!("no series has a label {label}"));
            } else if !OF_THE_TARGET.contains(&label.as_str()) && !value.contains('$') {
                let choice =
                    if operator.ends_with('~') { value.split('|').collect() } else { vec![value.as_str()] };
                let unknown = choice.into_iter().filter(|value| !self.has_value(&label, value));
                found.extend(unknown.map(|value| format!("no series has {label}=\"{value}\"")));
            }
        }
        let grouped = grouping_labels(expression).into_iter().filter(|label| !self.has_label(label));
        found.extend(grouped.map(|label| format!("no series has a label {label} to group by")));
        found
    }

    fn has_value(&self, label: &str, value: &str) -> bool {
        self.labels.get(label).is_some_and(|values| values.contains(value)) || self.words.contains(value)
    }
}

/// The names under which a family's series are found.
fn series_of(family: &str, kind: &str) -> BTreeSet<String> {
    let suffixes: &[&str] = match kind {
        "counter" => &["_total"],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_count", "_sum"],
        _ => &[""],
    };
    suffixes.iter().map(|suffix| format!("{family}{suffix}")).collect()
}

/// The names of our metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours =
        words.filter(|word| word.starts_with("heart_monitor_") || word.starts_with("heartbeat_writer_"));
    ours.map(str::to_owned).collect()
}

/// What stands in braces: label, operator, value. No value of ours has a quotation mark or a brace in it.
fn matchers(expression: &str) -> Vec<(String, String, String)> {
    let braces = expression.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let matchers = braces.flat_map(|inside| inside.split("\",")).filter_map(|matcher| {
        let (left, value) = matcher.split_once('"')?;
        let label = left.trim_end_matches(['=', '!', '~']);
        Some((
            label.trim().to_owned(),
            left[label.len()..].to_owned(),
            value.trim_end_matches('"').to_owned(),
        ))
    });
    matchers.collect()
}

/// The labels behind `by`, `on` and `ignoring`.
pub(crate) fn grouping_labels(expression: &str) -> Vec<String> {
    let lists = ["by (", "on (", "ignoring (", "group_left ("]
        .into_iter()
        .flat_map(|word| expression.split(word).skip(1).filter_map(|rest| rest.split(')').next()));
    let labels = lists.flat_map(|list| list.split(',')).map(|label| label.trim().to_owned());
    labels.filter(|label| !label.is_empty()).collect()
}

/// The pages of a beacon that watches the other one, of a guard that runs its workload, and of a gate that stands by.
fn pages() -> Result<Pages> {
    let (store, ports) = (FolderStore::new()?, [free_port()?, free_port()?, free_port()?]);
    let started = |program: Program, this: &str, that: &str, port: u16| {
        let program =
            program.env("HEARTBEAT_STORE", store.path()).env("THIS_CLUSTER", this).env("THAT_CLUSTER", that);
        let address = format!("127.0.0.1:{port}");
        program.env("HEART_MONITOR_LISTEN", &address).env("HEARTBEAT_LISTEN", &address).start()
    };
    let shows = |port: u16, line: &str| {
        until(&format!("port {port} to show {line}"), SOON, || {
            get(port, "/metrics").ok().filter(|page| page.body.contains(line)).map(|page| page.body)
        })
    };
    let [beacon, guard, gate] = ports;
    // The gate looks before there is anything to see, so that a failed read is on its page.
    let _gate: Running = started(Program::monitor()?.arg("wait"), "b", "a", gate)?;
    shows(gate, "reason=\"not_found\"")?;
    let _beacon = started(Program::writer()?.arg("run"), "a", "b", beacon)?;
    let _guard = started(Program::monitor()?.args(["run", "--", "/bin/sleep", "600"]), "a", "b", guard)?;
    let mut texts = vec![
        shows(gate, "verdict=\"beating\"} 1")?,
        shows(guard, "heart_monitor_blocked{this_cluster=\"a\"} 0")?,
        shows(beacon, "heartbeat_writer_peer_readable")?,
    ];
    store.take_away()?;
    texts.push(shows(gate, "heart_monitor_failed_record_reads_total")?);
    let pages = Pages::of(&texts);
    Some(pages).filter(|pages| pages.families.len() > 20).context("the pages have hardly a metric")
}
