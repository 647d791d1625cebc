//! The charts, by the tools that their users have and by rules that no tool knows. Every rule is applied to every
//! variant of every chart, and shown something that it must refuse: a check that cannot fail is a defect.

mod blank;
mod certificates;
mod commands;
mod conventions;
mod copy_paste;
mod dashboard;
mod documents;
mod doubles;
mod images;
mod kubernetes;
mod labels;
mod lint;
mod metrics;
mod notes;
mod order;
mod pod_security;
mod programs;
mod readme;
mod references;
mod refusals;
mod rights;
mod rollouts;
mod rules;
mod schema;
mod shipped;
mod subcharts;
mod two_guards;
mod versions;
mod volumes;

use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, ensure};
use flatline_tests::{Chart, Manifest, Variant};
use serde_json::Value;

/// A chart with one of the values that it must cope with.
struct Rendered {
    chart: Chart,
    variant: Variant,
    manifests: Vec<Manifest>,
}

/// Every variant of every chart that can be rendered, rendered once.
fn rendered() -> Result<&'static [Rendered]> {
    static RENDERED: OnceLock<Result<Vec<Rendered>, String>> = OnceLock::new();
    let rendered = RENDERED.get_or_init(|| render().map_err(|error| format!("{error:#}")));
    rendered.as_deref().map_err(|reason| anyhow!(reason.clone()))
}

fn render() -> Result<Vec<Rendered>> {
    let mut rendered = Vec::new();
    for chart in applications()? {
        for variant in chart.variants()? {
            let manifests = chart.render(&[&variant.values], &[]).with_context(|| variant.name.clone())?;
            ensure!(!manifests.is_empty(), "{} {} renders nothing", chart.name(), variant.name);
            rendered.push(Rendered { chart: chart.clone(), variant, manifests });
        }
    }
    Ok(rendered)
}

/// The charts that can be rendered by themselves.
fn applications() -> Result<Vec<Chart>> {
    let charts: Vec<_> = Chart::all()?.into_iter().filter(|chart| !chart.is_library()).collect();
    ensure!(!charts.is_empty(), "there are no charts");
    Ok(charts)
}

/// Applies a rule to every rendered object. A rule says what is wrong with it.
fn of_every_object(rule: impl Fn(&Manifest) -> Vec<String>) -> Result<()> {
    of_every_release(|rendered| {
        let of = |object: &Manifest| {
            let told = |finding: String| format!("{} ({}): {finding}", object.id(), object.source);
            rule(object).into_iter().map(told).collect::<Vec<_>>()
        };
        rendered.manifests.iter().flat_map(of).collect()
    })
}

/// Applies a rule to everything that one variant of a chart renders.
fn of_every_release(rule: impl Fn(&Rendered) -> Vec<String>) -> Result<()> {
    let of = |rendered: &Rendered| {
        let told = |finding: String| {
            format!("{} with {}-values.yaml: {finding}", rendered.chart.name(), rendered.variant.name)
        };
        rule(rendered).into_iter().map(told).collect::<Vec<_>>()
    };
    nothing_in(&rendered()?.iter().flat_map(of).collect::<Vec<_>>());
    Ok(())
}

/// Fails with what a rule found.
fn nothing_in(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// An object for a rule to refuse.
fn object(yaml: &str) -> Result<Manifest> {
    Manifest::parse_all(yaml)?.pop().context("there is an object in the text")
}

/// The text at a JSON pointer; empty where there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer; empty where there is none.
fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A copy of a chart in which one file is changed.
fn changed(chart: &Chart, folder: &Path, file: &str, change: impl Fn(&str) -> String) -> Result<Chart> {
    let copy = chart.copy_to(&folder.join(chart.name()))?;
    let path = copy.folder().join(file);
    let before = std::fs::read_to_string(&path)?;
    let after = change(&before);
    ensure!(before != after, "the change of {file} changes nothing");
    std::fs::write(path, after)?;
    Chart::at(copy.folder())
}
