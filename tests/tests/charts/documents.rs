//! What the documents show is what the programs and charts take: command lines, blocks of values, containers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flatline_tests::{Chart, Manifest, parse_yaml};
use serde_json::{Value, json};

use crate::order::out_of_order;
use crate::programs::unknown_in;
use crate::{commands, nothing_in};

/// The programs whose command lines are looked at.
const PROGRAMS: [&str; 3] = ["heart-monitor", "heartbeat-writer", "helm"];
/// What may stand before a program.
const LEADS: [&str; 5] = ["do", "$", "…", "--", "then"];

#[test]
fn every_command_line_in_a_document_exists() -> Result<()> {
    let shown = of_every_page(|page| Ok(commands_on(page).into_iter().map(|(_, line)| line).collect()))?;
    assert!(!shown.is_empty(), "no document shows a command");
    nothing_in(&of_every_page(wrong_commands)?);
    Ok(())
}

#[test]
fn every_block_of_yaml_in_a_document_is_one_that_charts_and_programs_take() -> Result<()> {
    let shown = of_every_page(|page| Ok(yaml_blocks(page).into_iter().map(|(_, block)| block).collect()))?;
    assert!(!shown.is_empty(), "no document shows a block of YAML");
    nothing_in(&of_every_page(wrong_blocks)?);
    Ok(())
}

#[test]
fn a_wrong_command_and_a_wrong_block_are_found() -> Result<()> {
    let table = [
        ("Type `heart-monitor statis --quick`.", "1: there is no heart-monitor statis"),
        (
            "x\n\n    for c in a; do kubectl exec d -- heart-monitor maintenance on --fur 2h; done\n",
            "3: heart-monitor maintenance has no flag --fur",
        ),
        ("```\nhelm -n x upgrade \\\n  --instal a b\n```\n", "2: helm upgrade has no flag --instal"),
    ];
    for (page, finding) in table {
        assert_eq!(wrong_commands(page)?, [finding], "{page}");
    }
    let fine =
        "`heart-monitor maintenance on --for 2h`, `heart-monitor [wait]`, heart-monitor wrong, `helm --wait`";
    assert_eq!(wrong_commands(fine)?, Vec::<String>::new());

    let table = [
        ("flatline: { clusterx: {} }", "Additional property clusterx is not allowed"),
        ("containers: [{ name: a, env: [{ name: HEARTBEAT_STOR }] }]", "no program reads HEARTBEAT_STOR"),
        (
            "initContainers: [{ name: a, image: heart-monitor }, { name: b, args: [install, /v] }]\ncontainers: []",
            "binary comes behind gate",
        ),
        ("a: [", "not YAML"),
    ];
    for (block, finding) in table {
        let found = wrong_blocks(&format!("Text.\n```yaml\n{block}\n```\n"))?;
        assert!(found.len() == 1 && found[0].contains(finding), "{block}: {found:?}");
    }
    Ok(())
}

/// Applies a rule to every page, and says on which one it found something.
fn of_every_page(rule: impl Fn(&str) -> Result<Vec<String>>) -> Result<Vec<String>> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "charts", "cluster-scripts", "images"] {
        collect_pages(&root.join(folder), &mut pages)?;
    }
    ensure!(pages.len() > 1, "there are no documents");
    let mut found = Vec::new();
    for page in pages {
        let name = page.strip_prefix(&root).unwrap_or(&page).display().to_string();
        let findings = rule(&fs::read_to_string(&page)?).with_context(|| name.clone())?;
        found.extend(findings.into_iter().map(|finding| format!("{name}:{finding}")));
    }
    Ok(found)
}

fn collect_pages(folder: &Path, pages: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect_pages(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

fn wrong_commands(page: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (number, line) in commands_on(page) {
        let wrong = commands::mistake(&line.split(' ').collect::<Vec<_>>())?;
        found.extend(wrong.map(|wrong| format!("{number}: {wrong}")));
    }
    Ok(found)
}

/// The numbered command lines of a page.
fn commands_on(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, code) in code(page) {
        let words = code.split([';', '|', '&']).map(|part| part.split_whitespace().collect::<Vec<_>>());
        found.extend(words.filter_map(|words| Some((number, command(&words)?.join(" ")))));
    }
    found
}

/// The command line of a program among some words, unless it leaves the subcommand open.
fn command<'a, 'b>(words: &'a [&'b str]) -> Option<&'a [&'b str]> {
    let is_program = |word: &str| {
        PROGRAMS.iter().any(|name| {
            word == *name || word.ends_with(&format!("/bin/{name}")) || word == format!("/flatline/{name}")
        })
    };
    let starts = |at: &usize| is_program(words[*at]) && (*at == 0 || LEADS.contains(&words[*at - 1]));
    let line = &words[(0..words.len()).find(starts)?..];
    let end = line.iter().position(|word| word.starts_with(['#', '>', '<', '['])).unwrap_or(line.len());
    let subcommand = commands::without_place(&line[..end]).get(1).copied().unwrap_or_default();
    (!subcommand.starts_with('-') && subcommand.contains(char::is_lowercase)).then_some(&line[..end])
}

/// The numbered pieces of code of a page: lines of blocks, joined where a backslash says so, and what stands between
/// backticks.
fn code(page: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut is_fenced, mut goes_on) = (false, false);
    for (number, line) in (1..).zip(page.lines()) {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced || line.starts_with("    ") {
            let text = line.trim_end_matches('\\');
            match found.last_mut().filter(|_| goes_on) {
                Some((_, before)) => before.push_str(text),
                None => found.push((number, text.to_owned())),
            }
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|code| (number, code.to_owned())));
        }
        goes_on = line.ends_with('\\');
    }
    found
}

fn wrong_blocks(page: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (number, block) in yaml_blocks(page).into_iter().filter(|(_, block)| !block.contains("{{")) {
        for document in block.split("\n---\n") {
            let wrong = match parse_yaml(document) {
                Ok(value) => wrong_in_block(&value)?,
                Err(error) => vec![format!("{error:#}")],
            };
            found.extend(wrong.into_iter().map(|wrong| format!("{number}: {wrong}")));
        }
    }
    Ok(found)
}

fn yaml_blocks(page: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_in_block = false;
    for (number, line) in (1..).zip(page.lines()) {
        match line.trim_start().strip_prefix("```") {
            Some("yaml") => {
                is_in_block = true;
                found.push((number, String::new()));
            }
            Some(_) => is_in_block = false,
            None if is_in_block => {
                if let Some((_, block)) = found.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            None => {}
        }
    }
    found
}

fn wrong_in_block(value: &Value) -> Result<Vec<String>> {
    if value.get("flatline").is_some() {
        return refused_by_chart(value);
    }
    let spec = value.get("spec").unwrap_or(value);
    if spec.get("containers").is_none() {
        return Ok(Vec::new());
    }
    let pod = json!({ "kind": "Pod", "metadata": { "name": "document" }, "spec": spec });
    let pod = Manifest::parse_all(&pod.to_string())?;
    let found = pod.iter().map(unknown_in).collect::<Result<Vec<_>>>()?.concat();
    Ok(found.into_iter().chain(pod.iter().filter_map(out_of_order)).collect())
}

/// What the beacon's chart says about values in which capitals stand for something.
fn refused_by_chart(values: &Value) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    let mut values = json!({ "flatline": values["flatline"] });
    fill_in(&mut values);
    fs::write(&file, values.to_string())?;
    let chart = Chart::named("heartbeat-writer")?;
    let variant = chart.variants()?.into_iter().find(|variant| variant.name == "workload-identity");
    let base = variant.context("the beacon's chart has a variant workload-identity")?.values;
    Ok(chart.lint(&[&base, &file], &[]).err().map(|error| format!("{error:#}")).into_iter().collect())
}

/// Puts something in the place of what a reader has to fill in: words in capitals, and `…`.
fn fill_in(values: &mut Value) {
    match values {
        Value::Object(map) => {
            map.values_mut().for_each(fill_in);
            if let Some(id) = map.get_mut("clientId") {
                *id = json!("00000000-0000-0000-0000-000000000000");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(fill_in),
        Value::String(text) if text.ends_with('…') => *text = text.replace('…', &"0".repeat(64)),
        Value::String(text) => *text = without_capitals(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Words in capitals as a name in small letters; `azureFiles` is no such word.
fn without_capitals(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c));
    let small = words.map(|word| {
        if word.contains(char::is_lowercase) {
            word.to_owned()
        } else {
            word.to_lowercase().replace('_', "-")
        }
    });
    small.collect()
}
