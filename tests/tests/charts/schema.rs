//! The schemas of the values: what somebody mistypes is refused, not ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use flatline_tests::{Chart, Variant};
use serde_json::{Map, Value, json};

use crate::{applications, changed, nothing_in};

#[test]
fn a_misspelt_key_is_refused_wherever_it_stands() -> Result<()> {
    for chart in Chart::all()? {
        nothing_in(&accepted_misspellings(&chart)?);
    }
    Ok(())
}

#[test]
fn a_value_of_the_wrong_type_is_refused_wherever_it_stands() -> Result<()> {
    for chart in Chart::all()? {
        nothing_in(&accepted_types(&chart)?);
    }
    Ok(())
}

#[test]
fn the_shared_block_is_checked_in_every_chart_that_has_it() -> Result<()> {
    for chart in applications()? {
        let answer = answer_to(&chart, &json!({ "flatline": { "clusterx": {} } }))?;
        assert!(
            answer.contains("flatline:\n- (root): Additional property clusterx is not allowed"),
            "{answer}"
        );
    }
    Ok(())
}

#[test]
fn a_mounted_store_at_the_root_of_its_volume_is_refused_since_a_lost_mount_would_look_like_a_new_store()
-> Result<()> {
    let mounted = [
        ("azureFiles", json!({ "account": "heartbeats", "share": "heartbeat", "secretName": "heartbeats" })),
        ("claim", json!({ "name": "heartbeat" })),
    ];
    for chart in applications()? {
        for (kind, store) in &mounted {
            let with = |folder: &str| {
                let mut store = store.clone();
                store["folder"] = folder.into();
                answer_to(&chart, &json!({ "flatline": { "store": { "type": kind, *kind: store } } }))
            };
            for root in [".", "orders/.."] {
                let refused = with(root)?;
                assert!(refused.contains(&format!("- store.{kind}.folder: ")), "{kind} {root:?}: {refused}");
            }
            assert_eq!(with("orders")?, "", "{kind}");
        }
    }
    Ok(())
}

#[test]
fn definitions_of_one_name_say_the_same_in_every_chart() -> Result<()> {
    let mut schemas = Vec::new();
    for chart in Chart::all()? {
        schemas.push((chart.name().to_owned(), chart.schema()?));
    }
    nothing_in(&differing_definitions(&schemas));
    Ok(())
}

#[test]
fn a_schema_that_accepts_a_misspelling_or_any_type_is_found() -> Result<()> {
    let (chart, folder) = (Chart::named("heart-monitor")?, tempfile::tempdir()?);
    let loose = changed(&chart, &folder.path().join("key"), "values.schema.json", |text| {
        text.replacen(r#""additionalProperties": false"#, r#""additionalProperties": true"#, 1)
    })?;
    let found = accepted_misspellings(&loose)?;
    assert!(found.contains(&"heart-monitor accepts clusterx".to_owned()), "{found:?}");

    let loose = changed(&chart, &folder.path().join("type"), "values.schema.json", |text| {
        text.replacen(r#""server": { "type": "string" }"#, r#""server": {}"#, 1)
    })?;
    assert_eq!(accepted_types(&loose)?, ["heart-monitor accepts store.azureFiles.server: [\"x\"]"]);

    let differing = [("a", "string"), ("b", "number")]
        .map(|(chart, kind)| (chart.to_owned(), json!({ "definitions": { "port": { "type": kind } } })));
    assert_eq!(differing_definitions(&differing), ["b defines port in another way than a"]);
    Ok(())
}

/// The described keys that a chart accepts with one letter more. All are tried at once: Helm names each that it refuses.
/// `global` is shared with other charts, which may have anything in it.
fn accepted_misspellings(chart: &Chart) -> Result<Vec<String>> {
    let described = described(chart)?;
    let keys = described.iter().flat_map(|key| prefixes(key)).filter(|key| !key.starts_with("global."));
    let keys: BTreeSet<_> = keys.collect();
    let mut values = Value::Object(Map::new());
    for key in &keys {
        set(&mut values, &format!("{key}x"), json!("x"));
    }
    let answer = answer_to(chart, &values)?;
    let is_accepted = |key: &&&str| {
        let (parent, name) = key.rsplit_once('.').unwrap_or(("(root)", key));
        !answer.contains(&format!("- {parent}: Additional property {name}x is not allowed"))
    };
    Ok(keys.iter().filter(is_accepted).map(|key| format!("{} accepts {key}x", chart.name())).collect())
}

/// The described values that a chart accepts with a type that their default has not. Maps are left out: Helm itself
/// keeps a map where something else is given.
fn accepted_types(chart: &Chart) -> Result<Vec<String>> {
    let defaults = chart.values()?;
    let mut wrong = BTreeMap::new();
    for key in described(chart)? {
        let default = defaults.pointer(&format!("/{}", key.replace('.', "/"))).unwrap_or(&Value::Null);
        if !default.is_object() {
            wrong.insert(key, if default.is_array() { json!("x") } else { json!(["x"]) });
        }
    }
    let mut values = Value::Object(Map::new());
    for (key, value) in &wrong {
        set(&mut values, key, value.clone());
    }
    let answer = answer_to(chart, &values)?;
    let accepted = wrong.iter().filter(|(key, _)| !answer.contains(&format!("- {key}: ")));
    Ok(accepted.map(|(key, value)| format!("{} accepts {key}: {value}", chart.name())).collect())
}

/// What Helm says about values beside those of a variant.
fn answer_to(chart: &Chart, values: &Value) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    fs::write(&file, values.to_string())?;
    let Variant { values, .. } = chart.variants()?.remove(0);
    let files: [&Path; 2] = [&values, &file];
    // The word of a list is joined to the first finding: each gets a line of its own.
    let answer = |error: anyhow::Error| format!("{error:#}").replace("values.yaml: - ", "values.yaml:\n- ");
    Ok(chart.lint(&files, &[]).err().map(answer).unwrap_or_default())
}

/// The keys that a chart describes: everything below one of them that is not described itself belongs to Kubernetes.
fn described(chart: &Chart) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(chart.folder().join("values.yaml"))?;
    let params = text.lines().filter_map(|line| line.trim_start().strip_prefix("## @param "));
    let keys: BTreeSet<_> =
        params.filter_map(|param| param.split_whitespace().next()).map(str::to_owned).collect();
    ensure!(!keys.is_empty(), "{} describes no values", chart.name());
    Ok(keys)
}

/// `a`, `a.b` and `a.b.c` for `a.b.c`.
fn prefixes(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices('.').map(|(end, _)| &key[..end]).chain([key])
}

fn set(values: &mut Value, key: &str, value: Value) {
    let slot = key.split('.').fold(values, |parent, name| &mut parent[name]);
    *slot = value;
}

fn differing_definitions(schemas: &[(String, Value)]) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut found = Vec::new();
    for (chart, schema) in schemas {
        for (name, definition) in schema["definitions"].as_object().into_iter().flatten() {
            let (first, wanted) = known.entry(name).or_insert((chart, definition));
            if *wanted != definition {
                found.push(format!("{chart} defines {name} in another way than {first}"));
            }
        }
    }
    found
}
