//! Keys without a value, such as `ownership:`. To YAML that is null, and Helm takes such a key away with its default, before
//! any schema looks. Each must render what the default renders, or be refused in a sentence that names it.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest, parse_yaml};
use serde_json::Value;

use crate::{applications, changed, nothing_in};

/// Entries of maps that are Kubernetes' own: as everywhere in Helm, null takes such an entry out.
const ENTRIES: [&str; 15] = [
    "flatline.podSecurityContext.runAsNonRoot",
    "flatline.podSecurityContext.fsGroup",
    "flatline.podSecurityContext.fsGroupChangePolicy",
    "flatline.containerSecurityContext.runAsNonRoot",
    "flatline.containerSecurityContext.runAsUser",
    "flatline.containerSecurityContext.runAsGroup",
    "flatline.gate.resources.requests.cpu",
    "flatline.gate.resources.requests.memory",
    "flatline.gate.resources.limits.memory",
    "resources.requests.cpu",
    "resources.requests.memory",
    "resources.limits.memory",
    "nodeSelector.kubernetes.io/os",
    "nodeSelector.kubernetes.io/arch",
    "metrics.dashboard.labels.grafana_dashboard",
];

/// A key, from the root of the values on.
type Key = Vec<String>;

#[test]
fn a_blank_key_of_the_beacon_is_its_default_or_refused_by_name() -> Result<()> {
    nothing_in(&taken_amiss(&Chart::named("heartbeat-writer")?)?);
    Ok(())
}

#[test]
fn a_blank_key_of_the_example_is_its_default_or_refused_by_name() -> Result<()> {
    nothing_in(&taken_amiss(&Chart::named("hot-standby-example")?)?);
    Ok(())
}

#[test]
fn a_blank_key_that_renders_something_else_is_found() -> Result<()> {
    let (chart, folder) = (Chart::named("heartbeat-writer")?, tempfile::tempdir()?);
    let careless =
        changed(&chart, folder.path(), "templates/_check.tpl", |text| text.replace("- replicaCount\n", ""))?;
    let variant = parse_yaml(&fs::read_to_string(&careless.variants()?[0].values)?)?;
    let found = amiss_among(&careless, &variant, &[vec!["replicaCount".to_owned()]])?;
    assert_eq!(found, ["replicaCount: without a value it renders something else than the default"]);
    Ok(())
}

#[test]
fn every_template_begins_with_the_check_so_that_none_stumbles_over_a_blank_key_before_it() -> Result<()> {
    for chart in applications()? {
        let begin = format!("{{{{- include \"{}.check\" . -}}}}\n", chart.name());
        let templates = chart.folder().join("templates");
        for folder in [templates.clone(), templates.join("tests")] {
            for file in fs::read_dir(folder)? {
                let path = file?.path();
                let renders = path.extension().is_some_and(|kind| kind == "yaml" || kind == "txt");
                assert!(!renders || fs::read_to_string(&path)?.starts_with(&begin), "{}", path.display());
            }
        }
    }
    Ok(())
}

/// The keys that a chart takes amiss in one of its variants: first those of which the variant says something are blank, then
/// the others. Groups of keys are blank in one variant alone.
fn taken_amiss(chart: &Chart) -> Result<Vec<String>> {
    let mut defaults = chart.values()?;
    defaults["flatline"] = Chart::named("heart-monitor")?.values()?;
    let every_key = leaves(&defaults);
    let mut found = Vec::new();
    let mut groups = groups(&defaults);
    for variant in chart.variants()? {
        let values = parse_yaml(&fs::read_to_string(&variant.values)?)?;
        let says = |key: &Key| at(&values, key).is_some();
        let (said, unsaid): (Vec<_>, Vec<_>) = every_key.iter().cloned().partition(says);
        let unsaid_groups =
            groups.drain(..).map(|group| group.into_iter().filter(|key| !says(key)).collect());
        for keys in [said, unsaid].into_iter().chain(unsaid_groups) {
            let amiss = amiss_among(chart, &values, &keys).with_context(|| variant.name.clone())?;
            found.extend(amiss.into_iter().map(|finding| format!("{} {finding}", variant.name)));
        }
    }
    Ok(found)
}

/// Which of some keys do not render as if they were not there when all of them are blank, but for those that are refused
/// by name.
fn amiss_among(chart: &Chart, values: &Value, keys: &[Key]) -> Result<Vec<String>> {
    let is_no_entry = |key: &&Key| !ENTRIES.contains(&key.join(".").as_str());
    let mut keys: Vec<_> = keys.iter().filter(is_no_entry).cloned().collect();
    let blank = loop {
        match rendered(chart, &with_blank(values, &keys)) {
            Ok(rendered) => break rendered,
            Err(error) => {
                let (reason, before) = (format!("{error:#}"), keys.len());
                keys.retain(|key| !names(&reason, key));
                if keys.len() == before {
                    return Ok(vec![format!("refused without a name: {reason}")]);
                }
            }
        }
    };
    if blank == rendered(chart, &without(values, &keys))? {
        return Ok(Vec::new());
    }
    let alone = |key: &Key| -> Result<bool> {
        let (values, key) = (without(values, &keys), std::slice::from_ref(key));
        Ok(rendered(chart, &with_blank(&values, key))? != rendered(chart, &without(&values, key))?)
    };
    let mut found = Vec::new();
    for key in &keys {
        if alone(key)? {
            let key = key.join(".");
            found.push(format!("{key}: without a value it renders something else than the default"));
        }
    }
    Ok(found)
}

/// Whether a refusal names a key, or one within it, and not only a longer name with the same end.
fn names(reason: &str, key: &Key) -> bool {
    let key = key.join(".");
    reason.match_indices(&key).any(|(start, _)| {
        let before = reason[..start].chars().next_back();
        let after = reason[start + key.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '.') && !after.is_some_and(char::is_alphanumeric)
    })
}

fn rendered(chart: &Chart, values: &Value) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    fs::write(&file, values.to_string())?;
    let text = |object: Manifest| object.yaml;
    Ok(chart.render(&[&file], &[])?.into_iter().map(text).collect())
}

/// Every key with a value of its own, or with an empty map.
fn leaves(values: &Value) -> Vec<Key> {
    let Some(map) = values.as_object().filter(|map| !map.is_empty()) else {
        return vec![Vec::new()];
    };
    let below = |(name, value): (&String, &Value)| {
        let name = name.clone();
        leaves(value).into_iter().map(move |rest| [vec![name.clone()], rest].concat())
    };
    map.iter().flat_map(below).collect()
}

/// The keys that have keys below them: the outermost, those within these, and so on.
fn groups(defaults: &Value) -> Vec<Vec<Key>> {
    let of_depth = |depth: usize| {
        let deeper = leaves(defaults).into_iter().filter(|key| key.len() > depth);
        deeper.map(|key| key[..depth].to_vec()).collect::<BTreeSet<Key>>().into_iter().collect()
    };
    (1..4).map(of_depth).collect()
}

fn at<'a>(values: &'a Value, key: &[String]) -> Option<&'a Value> {
    key.iter().try_fold(values, |value, name| value.get(name))
}

fn with_blank(values: &Value, keys: &[Key]) -> Value {
    let mut blank = values.clone();
    for key in keys {
        let slot = key.iter().fold(&mut blank, |value, name| &mut value[name]);
        *slot = Value::Null;
    }
    blank
}

fn without(values: &Value, keys: &[Key]) -> Value {
    let mut left = values.clone();
    for key in keys {
        let parent = key.iter().rev().skip(1).rev().try_fold(&mut left, |value, name| value.get_mut(name));
        if let (Some(map), Some(last)) = (parent.and_then(Value::as_object_mut), key.last()) {
            map.remove(last);
        }
    }
    left
}
