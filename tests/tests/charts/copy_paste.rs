//! What is written out for charts of others is what the library renders.

use std::path::PathBuf;

use anyhow::{Context, Result};
use flatline_tests::{Chart, FOREIGN, Manifest};
use serde_json::{Value, json};

/// Files to copy from, and what makes the example render the same.
const FILES: [(&str, &str); 2] =
    [("guard.yaml", "gate.enabled=false"), ("gate-and-guard.yaml", "gate.enabled=true")];

/// The image of the workload that the files guard.
const WORKLOAD: &str = "image=myregistry.azurecr.io/orders:7.1.0";

/// What the files say that is somebody's own.
const PLACEHOLDERS: [&str; 4] = ["myregistry", "myaccount", "00000000-", "/app/orders"];

#[test]
fn a_chart_of_others_with_the_copied_values_is_held_back_as_one_that_uses_the_library() -> Result<()> {
    let (theirs, ours) = (Chart::at(&fixtures().join("third-party"))?, Chart::named("hot-standby-example")?);
    for (file, gate) in FILES {
        let copied = theirs.render(&[&copy_paste().join(file)], &[WORKLOAD])?;
        let rendered = ours.render(&[&fixtures().join("copy-paste-values.yaml")], &[gate])?;
        assert_eq!(held_back(&copied)?, held_back(&rendered)?, "{file}");
    }
    Ok(())
}

#[test]
fn three_shapes_of_charts_of_others_are_held_back_as_well() -> Result<()> {
    let ours = Chart::named("hot-standby-example")?;
    for (file, gate) in FILES {
        let library = ours.render(&[&fixtures().join("copy-paste-values.yaml")], &[gate])?;
        let library = held_back(&library)?;
        for foreign in FOREIGN {
            let own = json!({ "image": "myregistry.azurecr.io/orders:7.1.0" });
            let Some(copied) = foreign.render(file.trim_end_matches(".yaml"), &own, |_| Ok(()))? else {
                continue;
            };
            let lacking = lacking(&held_back(&copied)?, &library);
            assert!(lacking.is_empty(), "{} with {file} lacks {lacking:?}", foreign.chart);
        }
    }
    Ok(())
}

#[test]
fn nothing_that_is_copied_asks_for_a_port_by_its_name_which_charts_of_others_do_not_render() -> Result<()> {
    for foreign in FOREIGN {
        let own = json!({ "image": "registry.example/orders:1" });
        let Some(copied) = foreign.render("gate-and-guard", &own, |_| Ok(()))? else { continue };
        for container in copied.iter().flat_map(Manifest::containers).map(|(_, container)| container) {
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                let asked = container.get(probe).filter(|probe| !probe.is_null());
                let port = asked.map(|probe| probe.pointer("/httpGet/port").cloned().unwrap_or_default());
                assert!(port.is_none_or(|port| port == 9600), "{} {probe} of {container}", foreign.chart);
            }
        }
    }
    Ok(())
}

/// What of one way to be held back is not there in another, which may have more: its init containers, though, must be the
/// first.
fn lacking(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for part in ["usesIdentity", "identity"] {
        if theirs[part] != ours[part] {
            found.push(part.to_owned());
        }
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if !list(&theirs["initContainers"]).starts_with(&list(&ours["initContainers"])) {
        found.push("initContainers".to_owned());
    }
    let volumes = list(&theirs["volumes"]);
    found.extend(list(&ours["volumes"]).iter().filter(|it| !volumes.contains(it)).map(Value::to_string));
    for (theirs, ours) in list(&theirs["container"]).iter().zip(list(&ours["container"])) {
        let (name, theirs, ours) = (ours[0].to_string(), &theirs[1], &ours[1]);
        // Not every chart lets a port be added, and nothing needs it.
        let is_there = match ours {
            _ if name == r#""ports""# => true,
            Value::Array(items) if name == r#""env""# || name == r#""volumeMounts""# => {
                items.iter().all(|item| list(theirs).contains(item))
            }
            whole => theirs == whole,
        };
        if !is_there {
            found.push(format!("{name}: {ours}, and not {theirs}"));
        }
    }
    found
}

#[test]
fn a_copy_that_lacks_something_is_noticed() -> Result<()> {
    let theirs = Chart::at(&fixtures().join("third-party"))?;
    let file = copy_paste().join("gate-and-guard.yaml");
    let whole = held_back(&theirs.render(&[&file], &[WORKLOAD])?)?;
    let table = [
        "extraEnv=null",
        "extraInitContainers[2].image=other",
        "extraVolumeMounts[0].readOnly=false",
        "args[0]=other",
        "livenessProbe.periodSeconds=1",
        "podLabels=null",
        "serviceAccount=null",
    ];
    for change in table {
        let changed = theirs.render(&[&file], &[WORKLOAD, change]).and_then(|copied| held_back(&copied));
        assert!(changed.is_err() || changed? != whole, "{change} makes no difference");
    }
    Ok(())
}

#[test]
fn every_line_of_a_copy_that_is_somebodys_own_says_so() -> Result<()> {
    let mut files: Vec<_> = FILES.map(|(file, _)| file.to_owned()).into();
    for folder in FILES.map(|(file, _)| file.trim_end_matches(".yaml")) {
        files.extend(["patch", "kustomization"].map(|file| format!("kustomize/{folder}/{file}.yaml")));
    }
    for file in files {
        let text = std::fs::read_to_string(copy_paste().join(&file))?;
        let own = text.lines().filter(|line| PLACEHOLDERS.iter().any(|own| line.contains(own)));
        let silent: Vec<_> = own.filter(|line| !line.contains("# replace")).collect();
        assert!(silent.is_empty(), "{file} does not say that these are to be replaced: {silent:?}");
    }
    Ok(())
}

/// Everything about a workload that holds it back: of its pod, its container, and its service account.
fn held_back(release: &[Manifest]) -> Result<Value> {
    let of_kind = |kind: &str| {
        let found = release.iter().find(|object| object.kind == kind);
        found.with_context(|| format!("there is no {kind}"))
    };
    let workload = of_kind("Deployment").or_else(|_| of_kind("StatefulSet"))?;
    let pod = workload.pod().context("the workload makes no pod")?;
    let at = |place: &str| pod.pointer(place).with_context(|| format!("the pod has no {place}"));
    let container = at("/spec/containers/0")?;
    let parts =
        ["image", "command", "args", "env", "ports", "livenessProbe", "readinessProbe", "volumeMounts"];
    let identity = "/metadata/annotations/azure.workload.identity~1client-id";
    Ok(json!({
        "initContainers": at("/spec/initContainers")?,
        "volumes": at("/spec/volumes")?,
        "container": parts.map(|part| (part, &container[part])),
        "usesIdentity": at("/metadata/labels/azure.workload.identity~1use")?,
        "identity": of_kind("ServiceAccount")?.at(identity).context("no identity")?,
    }))
}

fn copy_paste() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/heart-monitor/copy-paste"))
}

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts"))
}
