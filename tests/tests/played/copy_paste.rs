//! The blocks for other people's charts: played as they stand, in charts of the shapes that such charts have.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use flatline_tests::{FOREIGN, Foreign, Happening, parse_yaml};
use serde_json::{Value, json};

use crate::SOON;
use crate::cluster::{WORKLOAD, went_in_order};
use crate::stage::{Stage, on_azurite};
use crate::store::PlayedStore;

const GATE: &str = "flatline-gate";
const IMAGE: &str = "registry.example/orders:7.1.0";

/// The block, as a person would edit it for one of two clusters.
fn block(name: &str, stage: &Stage<impl PlayedStore>, this: &str) -> Result<Value> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/heart-monitor/copy-paste"));
    let file = folder.join(name);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut block = parse_yaml(&text)?;
    edited(&mut block, stage, this);
    block["image"] = json!(IMAGE);
    Ok(block)
}

fn edited(block: &mut Value, stage: &Stage<impl PlayedStore>, this: &str) {
    for place in ["/extraEnv", "/extraInitContainers/2/env"] {
        if let Some(Value::Array(variables)) = block.pointer_mut(place) {
            edit(variables, stage, this);
        }
    }
    block["args"] = json!(["marking-workload", "/marks/marks"]);
    append(
        block,
        "extraVolumes",
        json!({ "name": "marks", "persistentVolumeClaim": { "claimName": "marks" } }),
    );
    append(block, "extraVolumeMounts", json!({ "name": "marks", "mountPath": "/marks" }));
}

fn append(block: &mut Value, list: &str, item: Value) {
    if let Some(items) = block[list].as_array_mut() {
        items.push(item);
    }
}

fn edit(variables: &mut Vec<Value>, stage: &Stage<impl PlayedStore>, this: &str) {
    let that = if this == "a" { "b" } else { "a" };
    let place = stage.store.place();
    for variable in variables.iter_mut() {
        let value = match variable["name"].as_str() {
            Some("HEARTBEAT_STORE") => &place,
            Some("HEARTBEAT_CREDENTIAL") => "sas",
            Some("THIS_CLUSTER") => this,
            Some("THAT_CLUSTER") => that,
            _ => continue,
        };
        variable["value"] = json!(value);
    }
    let secret = json!({ "secretKeyRef": { "name": "heartbeat-store", "key": "sas-token" } });
    variables.push(json!({ "name": "AZURE_STORAGE_SAS_TOKEN", "valueFrom": secret }));
    variables.extend(stage.pace.variables());
}

#[test]
fn gate_and_guard_in_a_chart_that_knows_nothing_of_them() -> Result<()> {
    on_azurite(pasted)
}

fn pasted(stage: &Stage<impl PlayedStore>) -> Result<()> {
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let init_containers = ["flatline-guard-binary", "flatline-pre-pull", GATE];
    let (beacon, work) = (a.beacon()?, a.foreign(&block("gate-and-guard.yaml", stage, "a")?)?);
    stage.runs("a", 1)?;
    went_in_order(&work, &init_containers)?;

    let _beacon = b.beacon()?;
    let standby = b.foreign(&block("gate-and-guard.yaml", stage, "b")?)?;
    standby.comes_to(GATE, &Happening::Started, SOON)?;
    stage.log.runs_on("a", stage.pace.watch)?;
    ensure!(standby.starts(WORKLOAD) == 0, "the gate holds the pod");
    beacon.kill()?;
    work.kill()?;
    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    went_in_order(&standby, &init_containers)?;
    standby.comes_to(WORKLOAD, &Happening::Ready, SOON)?;
    Ok(())
}

/// Each shape with each file: the chart, and the init container of its own that works.
macro_rules! played {
    ($($name:ident: $number:literal, $file:literal, $own:expr;)*) => {
        $(#[test]
        fn $name() -> Result<()> {
            on_azurite(|stage| in_a_chart_of_others(stage, &FOREIGN[$number], $file, $own))
        })*
    };
}

played! {
    a_guard_in_a_deployment_that_renders_no_ports: 0, "guard", None;
    gate_and_guard_in_a_deployment_that_renders_no_ports: 0, "gate-and-guard", None;
    a_guard_in_a_stateful_set: 1, "guard", Some("prepare-data");
    gate_and_guard_in_a_stateful_set: 1, "gate-and-guard", Some("prepare-data");
    a_guard_patched_into_a_chart_without_values_for_it: 2, "guard", Some("migrate");
    gate_and_guard_patched_into_a_chart_without_values_for_them: 2, "gate-and-guard", Some("migrate");
}

fn in_a_chart_of_others(
    stage: &Stage<impl PlayedStore>,
    foreign: &Foreign,
    file: &str,
    own: Option<&str>,
) -> Result<()> {
    let with_gate = file == "gate-and-guard";
    let gate: &[_] = if with_gate { &["flatline-pre-pull", GATE] } else { &[] };
    let inits = [&["flatline-guard-binary"], gate, own.as_slice()].concat();
    let (a, b) = (stage.cluster("a")?, stage.cluster("b")?);
    let start = |cluster: &crate::cluster::Cluster<'_, _>| {
        let values = json!({ "image": IMAGE });
        let edit = |block: &mut Value| {
            edited(block, stage, cluster.name);
            Ok(())
        };
        foreign.render(file, &values, edit)?.map(|rendered| cluster.start_workload(rendered)).transpose()
    };
    let beacon = a.beacon()?;
    let Some(work) = start(&a)? else { return Ok(()) };
    stage.runs("a", 1)?;
    went_in_order(&work, &inits)?;
    work.comes_to(WORKLOAD, &Happening::Ready, SOON)?;

    let _beacon = b.beacon()?;
    let standby = start(&b)?.context("what could be patched once can be patched again")?;
    let waits = if with_gate { (GATE, Happening::Started) } else { (WORKLOAD, Happening::Ready) };
    standby.comes_to(waits.0, &waits.1, SOON)?;
    stage.log.runs_on("a", stage.pace.watch)?;
    beacon.kill()?;
    work.kill()?;
    let run = stage.runs("b", 2)?;
    stage.began_by_the_stamp(&run, "a")?;
    went_in_order(&standby, &inits)?;
    standby.comes_to(WORKLOAD, &Happening::Ready, SOON)?;
    Ok(())
}
