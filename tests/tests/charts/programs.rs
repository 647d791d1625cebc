//! What the pods give to our programs is what these take: a flag that is no flag ends a pod, and a variable that nobody
//! reads is ignored in silence.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use flatline_tests::{Manifest, Program};
use serde_json::Value;

use crate::{list, object, of_every_object, text};

/// How the variables begin that are our programs' own.
const OURS: [&str; 6] = ["HEART", "THIS_", "THAT_", "PRIMARY_", "FLATLINE_", "LOG_FORMAT"];
/// The subcommands whose variables the pods of one release share, so that an operator's command runs with the settings of
/// the deployment.
const SHARED: [(&str, &str); 3] =
    [("heart-monitor", "wait"), ("heart-monitor", "run"), ("heartbeat-writer", "run")];

#[test]
fn our_programs_know_every_flag_and_variable_that_a_pod_gives_them() -> Result<()> {
    of_every_object(|object| told(unknown_in(object)))
}

#[test]
fn an_unknown_flag_subcommand_or_variable_is_refused() -> Result<()> {
    let table = [
        ("command: [/usr/local/bin/heart-monitor, wait, --pol, 1s]", "heart-monitor wait has no flag --pol"),
        (
            "command: [heartbeat-writer], args: [run, --intervall=1s]",
            "heartbeat-writer run has no flag --intervall",
        ),
        ("command: [heart-monitor, wayt]", "there is no heart-monitor wayt"),
        (
            "command: [heart-monitor, wait], env: [{ name: HEART_MONITOR_POL }]",
            "no program reads HEART_MONITOR_POL",
        ),
    ];
    for (container, finding) in table {
        let pod = object(&format!(
            "kind: Pod\nmetadata: {{ name: x }}\nspec: {{ containers: [{{ {container} }}] }}"
        ))?;
        let found = told(unknown_in(&pod));
        assert!(found.len() == 1 && found[0].starts_with(finding), "{container}: {found:?}");
    }
    let good =
        "{ command: [/flatline/heart-monitor, run, --], args: [sh, --x], env: [{ name: THIS_CLUSTER }] }";
    let pod = object(&format!("kind: Pod\nmetadata: {{ name: x }}\nspec: {{ containers: [{good}] }}"))?;
    assert_eq!(told(unknown_in(&pod)), Vec::<String>::new());
    Ok(())
}

/// What is wrong with a command line of one of our programs, if it is one: an unknown subcommand or flag.
pub(crate) fn unknown_words(line: &[&str]) -> Result<Option<String>> {
    let Some((program, rest)) = line.split_first() else { return Ok(None) };
    let program = program.rsplit('/').next().unwrap_or(program);
    if !SHARED.iter().any(|(name, _)| *name == program) {
        return Ok(None);
    }
    let subcommand = rest.first().copied().filter(|word| !word.starts_with('-')).unwrap_or_default();
    let Some(help) = help(program, subcommand)? else {
        return Ok(Some(format!("there is no {program} {subcommand}")));
    };
    let flags = rest.iter().take_while(|word| **word != "--").filter(|word| word.starts_with('-'));
    let mut names = flags.map(|flag| flag.split('=').next().unwrap_or(flag));
    let unknown = names.find(|name| !has_word(&help, name));
    Ok(unknown.map(|name| format!("{program} {subcommand} has no flag {name}")))
}

fn unknown_in(object: &Manifest) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (_, container) in object.containers() {
        let words = [list(container, "/command"), list(container, "/args")].concat();
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        found.extend(unknown_words(&words)?);
        for variable in list(container, "/env").iter().map(|variable| text(variable, "/name")) {
            if !is_known(variable)? {
                found.push(format!("no program reads {variable}"));
            }
        }
    }
    Ok(found)
}

fn is_known(variable: &str) -> Result<bool> {
    if !OURS.iter().any(|start| variable.starts_with(start)) {
        return Ok(true);
    }
    for (program, subcommand) in SHARED {
        if help(program, subcommand)?.is_some_and(|help| has_word(&help, variable)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The whole help of a subcommand, asked for once; `None` where the program has no such subcommand.
fn help(program: &str, subcommand: &str) -> Result<Option<String>> {
    static ASKED: Mutex<BTreeMap<(String, String), Option<String>>> = Mutex::new(BTreeMap::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (program.to_owned(), subcommand.to_owned());
    if let Some(help) = asked.get(&key) {
        return Ok(help.clone());
    }
    let built = if program == "heart-monitor" { Program::monitor()? } else { Program::writer()? };
    let words = [subcommand, "--help"].into_iter().filter(|word| !word.is_empty());
    let exit =
        built.args(words).run().with_context(|| format!("cannot ask {program} {subcommand} for help"))?;
    Ok(asked.entry(key).or_insert((exit.code == 0).then(|| exit.all_text())).clone())
}

/// Whether a text has a flag or variable that is not merely the start of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    text.match_indices(word).any(|(at, _)| !goes_on(&text[at + word.len()..]))
}

/// A rule's findings, with what kept it from finding any.
fn told(findings: Result<Vec<String>>) -> Vec<String> {
    findings.unwrap_or_else(|error| vec![format!("{error:#}")])
}
