//! What somebody gives twice, or gives beside what the chart sets itself: it comes out once, ours before theirs, or is
//! refused by name. A key that stands twice is taken by Helm and refused by Flux, and a list with two items of one name by
//! the API server, in the middle of an upgrade. Everything that is rendered goes through a reader that refuses such keys.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Chart, Manifest, parse_yaml};
use serde_json::{Map, Value, json};

use crate::references::loose_ends;
use crate::{applications, list, nothing_in, text};

/// Lists whose items have names, and where those are among what a chart renders: in which list of a container, or of the pod.
const LISTS: [(&str, &str, &str); 5] = [
    ("extraEnv", "env", "name"),
    ("extraVolumes", "volumes", "name"),
    ("extraVolumeMounts", "volumeMounts", "mountPath"),
    ("extraInitContainers", "initContainers", "name"),
    ("extraContainers", "containers", "name"),
];

#[test]
fn a_label_or_annotation_that_the_chart_sets_itself_comes_out_once_and_unchanged() -> Result<()> {
    let mut findings = Vec::new();
    for chart in applications()? {
        let ours = rendered(&chart, &json!({}))?;
        for place in maps(&chart)? {
            findings.extend(doubled_in_map(&chart, &place, &ours)?);
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn one_label_in_every_map_comes_out_once() -> Result<()> {
    for chart in applications()? {
        let mut values = json!({});
        for place in maps(&chart)? {
            put(&mut values, &place, json!({ "example.com/shared": place }));
        }
        let rendered = rendered(&chart, &values).with_context(|| chart.name().to_owned())?;
        let pod = rendered.iter().find(|it| it.kind == "Deployment").and_then(Manifest::pod);
        let label = text(pod.context("no pod")?, "/metadata/labels/example.com~1shared");
        assert_eq!(label, "podLabels", "{}: what is said of pods alone goes before the rest", chart.name());
    }
    Ok(())
}

#[test]
fn what_says_the_same_as_the_block_flatline_is_taken_and_what_contradicts_it_is_refused() -> Result<()> {
    let (label, annotation) = ("azure.workload.identity/use", "azure.workload.identity/client-id");
    for chart in applications()? {
        let client = client_id(&chart)?;
        for (place, key, same) in [
            ("podLabels", label, "true"),
            ("commonLabels", label, "true"),
            ("serviceAccount.annotations", annotation, client.as_str()),
        ] {
            let with = |value: &str| {
                let mut values = json!({});
                put(&mut values, place, json!({ key: value }));
                rendered(&chart, &values)
            };
            with(same).with_context(|| format!("{}: {place}", chart.name()))?;
            let refusal = with("another").err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(refusal.contains(&format!("{place} sets {key} to another")), "{place}: {refusal}");
        }
    }
    Ok(())
}

#[test]
fn an_item_of_a_list_that_the_chart_has_itself_is_refused_by_name() -> Result<()> {
    let mut findings = Vec::new();
    for chart in applications()? {
        let ours = rendered(&chart, &json!({}))?;
        for (place, kind, key) in lists(&chart)? {
            for name in names(&ours, kind, key) {
                let mut values = json!({});
                put(&mut values, &place, json!([item(kind, &name)]));
                findings.extend(twice(&chart, &values, &name).map(|it| format!("{place}, {name}: {it}")));
            }
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn a_chart_that_writes_one_map_below_another_is_found() -> Result<()> {
    let (chart, folder) = (Chart::named("heartbeat-writer")?, tempfile::tempdir()?);
    let merged = r#"{{- include "heartbeat-writer.allBeaconLabels" . | nindent 8 }}"#;
    let below = format!("{merged}\n        {{{{- toYaml .Values.podLabels | nindent 8 }}}}");
    let careless = crate::changed(&chart, folder.path(), "templates/deployment.yaml", |text| {
        text.replace(merged, &below)
    })?;
    let ours = rendered(&careless, &json!({ "podLabels": { "a": "b" } }));
    assert!(format!("{:#}", ours.unwrap_err()).contains("cannot parse what"));
    Ok(())
}

/// What a chart makes of a map with every label and annotation that it sets itself.
fn doubled_in_map(chart: &Chart, place: &str, ours: &[Manifest]) -> Result<Vec<String>> {
    let mut keys = own_keys(ours);
    loop {
        let theirs: Map<_, _> = keys.iter().map(|key| (key.clone(), json!("theirs"))).collect();
        let mut values = json!({});
        put(&mut values, place, Value::Object(theirs));
        match rendered(chart, &values) {
            Ok(rendered) => {
                let told = |id| format!("{} {place}: {id} is no longer what the chart sets", chart.name());
                return Ok(changed_in(ours, &rendered).into_iter().map(told).collect());
            }
            Err(error) => {
                let (reason, before) = (format!("{error:#}"), keys.len());
                let refused = |key: &String| reason.contains(&format!("sets {key}"));
                keys.retain(|key| !refused(key));
                if keys.len() == before {
                    return Ok(vec![format!("{} {place}: {reason}", chart.name())]);
                }
            }
        }
    }
}

/// Where a label or annotation that was ours has changed.
fn changed_in(ours: &[Manifest], now: &[Manifest]) -> Vec<String> {
    let mut found = Vec::new();
    for before in ours {
        let after = now.iter().find(|after| after.id() == before.id());
        for (place, key, value) in labels(before) {
            let there = after.and_then(|after| after.value.pointer(&place)).and_then(|map| map.get(&key));
            if there != Some(&value) {
                found.push(format!("{}{place} {key}", before.id()));
            }
        }
    }
    found
}

/// Every label and annotation of an object and of the pod that it makes: place, key, value.
fn labels(object: &Manifest) -> Vec<(String, String, Value)> {
    let places = ["/metadata", "/spec/template/metadata"].into_iter();
    let places = places.flat_map(|place| ["labels", "annotations"].map(|kind| format!("{place}/{kind}")));
    let in_place = |place: String| {
        let map = object.value.pointer(&place).and_then(Value::as_object).cloned().unwrap_or_default();
        map.into_iter().map(move |(key, value)| (place.clone(), key, value))
    };
    places.flat_map(in_place).collect()
}

/// Without the label for Grafana, which is a value like any other, and without what makes Helm take an object for a hook.
fn own_keys(ours: &[Manifest]) -> BTreeSet<String> {
    let keys = ours.iter().flat_map(labels).map(|(_, key, _)| key);
    keys.filter(|key| key != "grafana_dashboard" && !key.starts_with("helm.sh/hook")).collect()
}

/// What is wrong with a release with these values; nothing where they are refused by this name.
fn twice(chart: &Chart, values: &Value, name: &str) -> Option<String> {
    match rendered(chart, values) {
        Ok(rendered) => {
            let found: Vec<_> = rendered.iter().filter_map(Manifest::pod).flat_map(loose_ends).collect();
            // What is added for this test is not always used.
            found.into_iter().find(|finding| !finding.starts_with("nothing mounts the volume"))
        }
        Err(error) => {
            let reason = format!("{error:#}");
            (!reason.contains(&format!("sets {name}"))).then_some(reason)
        }
    }
}

/// The names in one kind of list of a release's pods.
fn names(ours: &[Manifest], kind: &str, key: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for object in ours {
        let of_pod = object.pod().map(|pod| list(pod, &format!("/spec/{kind}")).to_vec()).unwrap_or_default();
        let of_containers = object.containers().into_iter();
        let of_containers = of_containers.flat_map(|(_, it)| list(it, &format!("/{kind}")).to_vec());
        let items = of_pod.into_iter().chain(of_containers);
        found.extend(items.map(|item| text(&item, &format!("/{key}")).to_owned()));
    }
    found
}

fn item(kind: &str, name: &str) -> Value {
    match kind {
        "env" => json!({ "name": name, "value": "theirs" }),
        "volumes" => json!({ "name": name, "emptyDir": {} }),
        "volumeMounts" => json!({ "name": "theirs", "mountPath": name }),
        _ => json!({ "name": name, "image": "registry.example.org/x:1" }),
    }
}

/// The lists of a chart's values whose items have names.
fn lists(chart: &Chart) -> Result<Vec<(String, &'static str, &'static str)>> {
    let mut found = Vec::new();
    for (place, _) in properties(chart)? {
        let name = place.rsplit('.').next().unwrap_or_default();
        let known = LISTS.iter().find(|(list, ..)| *list == name);
        found.extend(known.map(|(_, kind, key)| (place.clone(), *kind, *key)));
    }
    ensure!(found.len() > 4, "{} has only these lists: {found:?}", chart.name());
    Ok(found)
}

/// The maps of texts among a chart's values, those of the block `flatline` too.
fn maps(chart: &Chart) -> Result<Vec<String>> {
    let is_map = |schema: &Value| {
        let of_texts = text(schema, "/additionalProperties/type") == "string";
        of_texts || text(schema, "/$ref").ends_with("/stringMap")
    };
    let maps = properties(chart)?.into_iter().filter(|(_, schema)| is_map(schema));
    let maps: Vec<_> = maps.map(|(place, _)| place).collect();
    ensure!(maps.contains(&"podLabels".to_owned()), "{} has only these maps: {maps:?}", chart.name());
    Ok(maps)
}

/// Every value that a chart's schema, or the library's, knows.
fn properties(chart: &Chart) -> Result<Vec<(String, Value)>> {
    fn below(schema: &Value, place: &str, found: &mut Vec<(String, Value)>) {
        for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            below(schema, &place, found);
            found.push((place, schema.clone()));
        }
    }
    let mut found = Vec::new();
    below(&chart.schema()?, "", &mut found);
    below(&Chart::named("heart-monitor")?.schema()?, "flatline", &mut found);
    Ok(found)
}

/// Renders a chart with everything that it can add, by workload identity.
fn rendered(chart: &Chart, values: &Value) -> Result<Vec<Manifest>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    fs::write(&file, values.to_string())?;
    let everything = folder.path().join("everything.json");
    fs::write(&everything, everything_of(chart).to_string())?;
    chart.render(&[&workload_identity(chart)?, &everything, &file], &[])
}

fn everything_of(chart: &Chart) -> Value {
    if chart.name() == "heartbeat-writer" {
        let on = json!({ "enabled": true });
        json!({ "metrics": { "podMonitor": on, "rules": on, "dashboard": on } })
    } else {
        json!({ "gate": { "enabled": true }, "replicaCount": 2, "flatline": { "podMonitor": { "enabled": true } } })
    }
}

fn workload_identity(chart: &Chart) -> Result<std::path::PathBuf> {
    let variants = chart.variants()?;
    let found = variants.into_iter().find(|variant| variant.name == "workload-identity");
    Ok(found.context("no variant workload-identity")?.values)
}

fn client_id(chart: &Chart) -> Result<String> {
    let values = parse_yaml(&fs::read_to_string(workload_identity(chart)?)?)?;
    Ok(text(&values, "/flatline/store/blob/clientId").to_owned())
}

fn put(values: &mut Value, place: &str, value: Value) {
    let slot = place.split('.').fold(values, |parent, name| &mut parent[name]);
    *slot = value;
}
