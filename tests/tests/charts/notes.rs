//! What Helm says after an installation: the next three commands, which must be commands.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::process::Command;

use anyhow::{Context, Result};
use flatline_tests::pinned_tool;

use crate::programs::unknown_words;
use crate::{Rendered, nothing_in, rendered};

/// The programs of which the notes may speak.
const PROGRAMS: [&str; 4] = ["kubectl", "helm", "heart-monitor", "heartbeat-writer"];
/// Flags of kubectl that the notes may use, as its reference has them; there is no kubectl here to ask.
const KUBECTL: [(&str, &[&str]); 5] = [
    ("rollout status", &["-n", "--namespace", "--timeout", "-w", "--watch"]),
    ("logs", &["-n", "--namespace", "--all-containers", "--follow", "-f", "-c", "--tail", "--previous"]),
    ("exec", &["-n", "--namespace", "-c", "--container", "-i", "-t"]),
    ("get", &["-n", "--namespace", "-o", "--output", "-w", "--watch", "-l", "--selector"]),
    ("describe", &["-n", "--namespace"]),
];

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

fn mistake(command: &[&str], rendered: &Rendered) -> Result<Option<String>> {
    match command {
        ["kubectl", words @ ..] => mistake_of_kubectl(words, rendered),
        ["helm", words @ ..] => mistake_of_helm(words, rendered),
        words => unknown_words(words),
    }
}

fn mistake_of_kubectl(words: &[&str], rendered: &Rendered) -> Result<Option<String>> {
    let (own, inner) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
    let plain = without_namespace(own);
    let Some((name, flags)) = KUBECTL.iter().find(|(name, _)| plain.join(" ").starts_with(name)) else {
        let name = plain.first().copied().unwrap_or_default();
        return Ok(Some(format!("kubectl {name} is no subcommand that is known here")));
    };
    if let Some(flag) = flags_of(&plain).find(|flag| !flags.contains(flag)) {
        return Ok(Some(format!("kubectl {name} has no flag {flag}")));
    }
    let (_, namespace) = rendered.chart.release();
    let is_own = !own.contains(&"-n") || own.contains(&namespace);
    let known: Vec<_> = rendered.manifests.iter().map(flatline_tests::Manifest::id).collect();
    let named = plain.iter().find(|word| word.contains('/'));
    if let Some(stranger) = named.filter(|word| is_own && !known.iter().any(|id| id == *word)) {
        return Ok(Some(format!("there is no {stranger}")));
    }
    unknown_words(inner.get(1..).unwrap_or_default())
}

fn mistake_of_helm(words: &[&str], rendered: &Rendered) -> Result<Option<String>> {
    let plain = without_namespace(words);
    let Some((subcommand, rest)) = plain.split_first() else { return Ok(Some("helm alone".to_owned())) };
    let help = Command::new(pinned_tool("helm")?).args([subcommand, "--help"]).output()?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let flags: Vec<_> = help.split([' ', ',', '\n', '=']).filter(|word| word.starts_with('-')).collect();
    if let Some(flag) = flags_of(rest).find(|flag| !flags.contains(flag)) {
        return Ok(Some(format!("helm {subcommand} has no flag {flag}")));
    }
    let (release, _) = rendered.chart.release();
    let named = rest.first().filter(|word| !word.starts_with('-'));
    Ok(named.filter(|name| **name != release).map(|name| format!("there is no release {name}")))
}

fn flags_of<'a>(words: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let flags = words.iter().filter(|word| word.starts_with('-'));
    flags.map(|flag| flag.split('=').next().unwrap_or(flag)).collect::<Vec<_>>().into_iter()
}

/// A command line without `-n NAMESPACE`, which may stand before the subcommand.
fn without_namespace<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let at = words.iter().position(|word| *word == "-n").unwrap_or(words.len());
    words
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != at && *index != at + 1)
        .map(|(_, word)| *word)
        .collect()
}
