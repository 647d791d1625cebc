//! Command lines, against what the programs say about themselves.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use flatline_tests::{Program, pinned_tool};

/// Flags of kubectl that may be used, as its reference has them; there is no kubectl here to ask.
const KUBECTL: [(&str, &[&str]); 5] = [
    ("rollout status", &["--timeout", "-w", "--watch"]),
    ("logs", &["--all-containers", "--follow", "-f", "-c", "--tail", "--previous"]),
    ("exec", &["-c", "--container", "-i", "-t", "-it"]),
    ("get", &["-o", "--output", "-w", "--watch", "-l", "--selector"]),
    ("describe", &[]),
];
/// Flags of kubectl and Helm that say where. They take a value, and may stand before the subcommand.
const WHERE: [&str; 4] = ["-n", "--namespace", "--context", "--kube-context"];

/// What is wrong with a command line: an unknown subcommand or flag. Of other programs nothing is known.
pub(crate) fn mistake(words: &[&str]) -> Result<Option<String>> {
    let Some((program, rest)) = words.split_first() else { return Ok(None) };
    match program.rsplit('/').next().unwrap_or(program) {
        "kubectl" => mistake_of_kubectl(rest),
        "helm" => mistake_of("helm", &without_place(rest)),
        program @ ("heart-monitor" | "heartbeat-writer") => mistake_of(program, rest),
        _ => Ok(None),
    }
}

/// Whether the help of a subcommand tells of a flag or variable.
pub(crate) fn tells_of(program: &str, subcommand: &str, word: &str) -> Result<bool> {
    Ok(help(program, &[subcommand])?.is_some_and(|help| has_word(&help, word)))
}

/// A command line of kubectl or Helm without the flags that say where, and the values of these.
pub(crate) fn without_place<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let follows_flag = |at: usize| at > 0 && WHERE.contains(&words[at - 1]);
    let kept = words.iter().enumerate().filter(|(at, word)| !WHERE.contains(word) && !follows_flag(*at));
    kept.map(|(_, word)| *word).collect()
}

fn mistake_of_kubectl(words: &[&str]) -> Result<Option<String>> {
    let (own, inner) = words.split_at(words.iter().position(|word| *word == "--").unwrap_or(words.len()));
    let plain = without_place(own);
    let Some((name, known)) = KUBECTL.iter().find(|(name, _)| plain.join(" ").starts_with(name)) else {
        let name = plain.first().copied().unwrap_or_default();
        return Ok(Some(format!("kubectl {name} is no subcommand that is known here")));
    };
    match flags(&plain).find(|flag| !known.contains(flag)) {
        Some(flag) => Ok(Some(format!("kubectl {name} has no flag {flag}"))),
        None => mistake(inner.get(1..).unwrap_or_default()),
    }
}

fn mistake_of(program: &str, words: &[&str]) -> Result<Option<String>> {
    // A subcommand may have subcommands: the deepest that there is has the flags.
    let depth = words.iter().take(2).take_while(|word| !word.starts_with('-')).count();
    let mut called = program.to_owned();
    let mut own = help(program, &[])?;
    for depth in 1..=depth {
        match help(program, &words[..depth])? {
            // Helm ignores what it takes for an argument.
            Some(same) if own.as_ref() == Some(&same) => break,
            Some(deeper) => {
                called = format!("{program} {}", words[..depth].join(" "));
                own = Some(deeper);
            }
            None if depth == 1 => return Ok(Some(format!("there is no {program} {}", words[0]))),
            // An argument.
            None => break,
        }
    }
    let own = own.with_context(|| format!("{program} gives no help"))?;
    let unknown = flags(words).find(|flag| !has_word(&own, flag));
    Ok(unknown.map(|flag| format!("{called} has no flag {flag}")))
}

/// The flags of a command line, up to `--` and without their values.
fn flags<'a>(words: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let own = words.iter().take_while(|word| **word != "--").filter(|word| word.starts_with('-'));
    own.map(|flag| flag.split('=').next().unwrap_or(flag)).collect::<Vec<_>>().into_iter()
}

/// The whole help of a subcommand, asked for once; `None` where the program has no such subcommand.
fn help(program: &str, subcommand: &[&str]) -> Result<Option<String>> {
    static ASKED: Mutex<BTreeMap<String, Option<String>>> = Mutex::new(BTreeMap::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let line = format!("{program} {}", subcommand.join(" "));
    if let Some(known) = asked.get(&line) {
        return Ok(known.clone());
    }
    let told = ask(program, subcommand).with_context(|| format!("cannot ask {line} for help"))?;
    Ok(asked.entry(line).or_insert(told).clone())
}

fn ask(program: &str, subcommand: &[&str]) -> Result<Option<String>> {
    let words = subcommand.iter().filter(|word| !word.is_empty()).chain(&["--help"]);
    if program == "helm" {
        let output = Command::new(pinned_tool("helm")?).args(words).output()?;
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        // Asked for a subcommand that it does not have, Helm shows its own help.
        let is_its_own = help.contains("Common actions for Helm") && !subcommand.is_empty();
        return Ok((output.status.success() && !is_its_own).then_some(help));
    }
    let built = if program == "heart-monitor" { Program::monitor()? } else { Program::writer()? };
    let exit = built.args(words).run()?;
    Ok((exit.code == 0).then(|| exit.all_text()))
}

/// Whether a text has a flag or variable that is no part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(goes_on) && !text[at + word.len()..].starts_with(goes_on))
}
