//! The dashboard: what Grafana would load without a word, and show wrongly or not at all.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use flatline_tests::Manifest;
use serde_json::Value;

use crate::metrics::grouping_labels;
use crate::rules::watched;
use crate::{list, nothing_in, text};

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;

#[test]
fn the_dashboard_is_a_config_map_that_the_sidecar_finds() -> Result<()> {
    let objects = watched(&["metrics.dashboard.enabled=true"])?;
    let map = config_map(&objects)?;
    assert_eq!(map.at("/metadata/labels/grafana_dashboard"), Some(&"1".into()));
    assert_eq!(dashboard(&objects)?["title"], "Flatline");
    Ok(())
}

#[test]
fn every_panel_can_be_read_and_none_is_bound_to_one_source_of_data() -> Result<()> {
    nothing_in(&findings(&dashboard(&watched(&["metrics.dashboard.enabled=true"])?)?));
    Ok(())
}

#[test]
fn a_fixed_source_an_unknown_variable_a_silent_panel_and_an_overlap_are_found() -> Result<()> {
    let good = dashboard(&watched(&["metrics.dashboard.enabled=true"])?)?;
    let table = [
        ("/panels/1/datasource/uid", Value::from("prom-1"), "datasource"),
        ("/panels/1/targets/0/datasource/uid", "prom-1".into(), "datasource"),
        ("/panels/1/targets/0/expr", "heart_monitor_term{job=\"$jobs\"}".into(), "$jobs"),
        ("/panels/1/targets/0/legendFormat", "{{cluster}}".into(), "{{cluster}}"),
        ("/panels/1/description", "".into(), "description"),
        ("/panels/1/id", 1.into(), "id"),
        ("/panels/2/gridPos/x", 0.into(), "overlap"),
        ("/panels/2/gridPos/w", 25.into(), "wide"),
    ];
    for (place, value, finding) in table {
        let mut bad = good.clone();
        *bad.pointer_mut(place).with_context(|| format!("no {place}"))? = value;
        let found = findings(&bad);
        assert!(found.iter().any(|found| found.contains(finding)), "{place}: {found:?}");
    }
    Ok(())
}

/// The dashboard in what the chart renders.
pub(crate) fn dashboard(objects: &[Manifest]) -> Result<Value> {
    let json = config_map(objects)?.at("/data/flatline.json").and_then(Value::as_str);
    serde_json::from_str(json.context("no flatline.json")?).context("flatline.json is no JSON")
}

/// Every expression of a dashboard, with the panel that it stands in.
pub(crate) fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let of = |panel: &Value| {
        let title = text(panel, "/title").to_owned();
        let of = move |target: &Value| (format!("panel '{title}'"), text(target, "/expr").to_owned());
        list(panel, "/targets").iter().map(of).collect::<Vec<_>>()
    };
    list(dashboard, "/panels").iter().flat_map(of).collect()
}

fn config_map(objects: &[Manifest]) -> Result<&Manifest> {
    let found = objects.iter().find(|object| object.at("/data/flatline.json").is_some());
    let found = found.context("no object has a flatline.json")?;
    ensure!(found.kind == "ConfigMap", "{} has the dashboard", found.id());
    Ok(found)
}

/// What is wrong with a dashboard.
fn findings(dashboard: &Value) -> Vec<String> {
    let panels = list(dashboard, "/panels");
    let mut found = of_the_layout(panels);
    let variables = list(dashboard, "/templating/list").iter().map(|variable| text(variable, "/name"));
    let variables: BTreeSet<_> = variables.chain(["__rate_interval"]).collect();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = text(panel, "/title");
        found
            .extend(of_a_panel(panel, &variables).into_iter().map(|finding| format!("'{title}': {finding}")));
    }
    found
}

fn of_a_panel(panel: &Value, variables: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    if text(panel, "/title").is_empty() || text(panel, "/description").is_empty() {
        found.push("no title or no description".to_owned());
    }
    let targets = list(panel, "/targets");
    if targets.is_empty() {
        found.push("it shows nothing".to_owned());
    }
    for asked in targets.iter().chain([panel]) {
        if text(asked, "/datasource/uid") != "${datasource}" {
            found.push(format!("a datasource of its own: {}", asked["datasource"]));
        }
    }
    for target in targets {
        let (expression, legend) = (text(target, "/expr"), text(target, "/legendFormat"));
        let used = expression
            .split('$')
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next());
        found
            .extend(used.filter(|name| !variables.contains(name)).map(|name| format!("no variable ${name}")));
        let labels = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
        let grouped = grouping_labels(expression);
        // What is not grouped keeps every label that it has.
        let unknown =
            labels.filter(|label| !grouped.is_empty() && !grouped.iter().any(|known| known == label));
        found.extend(unknown.map(|label| format!("its expression has no {{{{{label}}}}}")));
    }
    found
}

/// Panels have ids of their own, and room of their own in the grid.
fn of_the_layout(panels: &[Value]) -> Vec<String> {
    let (mut ids, mut taken, mut found) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for panel in panels {
        let title = text(panel, "/title");
        if !ids.insert(panel["id"].as_u64()) {
            found.push(format!("'{title}': its id is another panel's"));
        }
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap_or_default();
        if at("x") + at("w") > COLUMNS {
            found.push(format!("'{title}' is too wide"));
        }
        let cells =
            (at("y")..at("y") + at("h")).flat_map(|y| (at("x")..at("x") + at("w")).map(move |x| (x, y)));
        if cells.filter(|cell| !taken.insert(*cell)).count() > 0 {
            found.push(format!("'{title}' overlaps another panel"));
        }
    }
    found
}
