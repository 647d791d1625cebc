//! What Helm says after an installation: the next three commands, which must be commands.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;

use anyhow::{Context, Result};
use flatline_tests::Chart;
use serde_json::json;

use crate::{Rendered, commands, nothing_in, rendered};

/// The programs of which the notes may speak.
const PROGRAMS: [&str; 4] = ["kubectl", "helm", "heart-monitor", "heartbeat-writer"];

#[test]
fn the_notes_of_every_variant_tell_three_commands_that_exist() -> Result<()> {
    let mut findings = Vec::new();
    let mut of_charts = BTreeMap::new();
    for rendered in rendered()? {
        let notes = match of_charts.entry(rendered.chart.name()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(rendered.chart.notes()?),
        };
        let notes = notes.with(&[&rendered.variant.values]).with_context(|| rendered.variant.name.clone())?;
        let told = |finding| format!("{} {}: {finding}", rendered.chart.name(), rendered.variant.name);
        findings.extend(mistakes(&notes, rendered)?.into_iter().map(told));
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn notes_with_too_few_or_wrong_commands_are_refused() -> Result<()> {
    let rendered = rendered()?.iter().find(|rendered| rendered.chart.name() == "heartbeat-writer");
    let rendered = rendered.context("the beacon's chart has variants")?;
    let table = [
        ("kubectl -n flatline destroy pod", "kubectl destroy is no subcommand that is known here"),
        ("kubectl get pods --everywhere", "kubectl get has no flag --everywhere"),
        ("kubectl -n flatline logs deployment/nobody", "there is no deployment/nobody"),
        ("helm -n flatline test heartbeat-writer --log", "helm test has no flag --log"),
        ("helm -n flatline test nobody", "there is no release nobody"),
        (
            "kubectl -n flatline exec deployment/heartbeat-writer -- heart-monitor statis",
            "there is no heart-monitor statis",
        ),
        (
            "kubectl -n flatline exec deployment/heartbeat-writer -- heart-monitor status --quick",
            "heart-monitor status has no flag --quick",
        ),
    ];
    for (command, finding) in table {
        let found = mistakes(&format!("Done.\n\n  {command}\n  {command}\n  {command}\n"), rendered)?;
        assert_eq!(found, [finding; 3], "{command}");
    }
    assert_eq!(mistakes("Done.\n  helm list\n", rendered)?, ["tells 1 commands, not three"]);
    assert_eq!(
        mistakes("<no value>\n  helm list\n  helm list\n  helm list\n", rendered)?,
        ["has a hole: <no value>"]
    );
    Ok(())
}

#[test]
fn the_notes_warn_of_values_that_let_both_clusters_run() -> Result<()> {
    let chart = Chart::named("hot-standby-example")?;
    let (notes, variants, folder) = (chart.notes()?, chart.variants()?, tempfile::tempdir()?);
    let variant =
        variants.iter().find(|variant| variant.name == "workload-identity").context("no variant")?;
    let file = folder.path().join("values.json");
    let table = [
        (json!({ "flatline": { "guard": { "onStoreLoss": "keep" } } }), "onStoreLoss is keep"),
        (
            json!({ "flatline": { "ownership": "off" }, "guard": { "enabled": false }, "gate": { "enabled": true } }),
            "ownership is off",
        ),
        (json!({ "guard": { "enabled": false }, "gate": { "enabled": true } }), "without a guard"),
    ];
    assert!(!notes.with(&[&variant.values])?.contains("WARNING"));
    for (values, warning) in table {
        fs::write(&file, values.to_string())?;
        let told = notes.with(&[&variant.values, &file])?;
        let mut warnings = told.lines().filter(|line| line.starts_with("WARNING"));
        assert!(warnings.any(|line| line.contains(warning)), "{values}: {told}");
    }
    Ok(())
}

fn mistakes(notes: &str, rendered: &Rendered) -> Result<Vec<String>> {
    let lines = notes.lines().filter_map(|line| line.strip_prefix("  "));
    let commands = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let commands = commands.filter(|words| words.first().is_some_and(|word| PROGRAMS.contains(word)));
    let commands: Vec<_> = commands.collect();
    let mut found = Vec::new();
    if notes.contains("<no value>") {
        found.push("has a hole: <no value>".to_owned());
    }
    if commands.len() != 3 {
        found.push(format!("tells {} commands, not three", commands.len()));
    }
    for command in commands {
        found.extend(mistake(&command, rendered)?);
    }
    Ok(found)
}

/// What is wrong with a command: with itself, or with the names in it.
fn mistake(command: &[&str], rendered: &Rendered) -> Result<Option<String>> {
    if let Some(mistake) = commands::mistake(command)? {
        return Ok(Some(mistake));
    }
    let (release, namespace) = rendered.chart.release();
    let is_elsewhere = command.contains(&"-n") && !command.contains(&namespace);
    let words = commands::without_place(command);
    match words.as_slice() {
        ["kubectl", words @ ..] if !is_elsewhere => Ok(unknown_object(words, rendered)),
        ["helm", _, name, ..] if *name != release => Ok(Some(format!("there is no release {name}"))),
        _ => Ok(None),
    }
}

/// The first object among some words, such as `deployment/orders`, that a release does not have.
fn unknown_object(words: &[&str], rendered: &Rendered) -> Option<String> {
    let mut named = words.iter().take_while(|word| **word != "--").filter(|word| word.contains('/'));
    let unknown = named.find(|word| !rendered.manifests.iter().any(|object| object.id() == **word));
    unknown.map(|stranger| format!("there is no {stranger}"))
}
