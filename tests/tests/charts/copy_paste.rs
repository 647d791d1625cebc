//! What is written out for charts of others is what the library renders.

use std::path::PathBuf;

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};
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
    for (file, _) in FILES {
        let text = std::fs::read_to_string(copy_paste().join(file))?;
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
    let deployment = of_kind("Deployment")?;
    let pod = deployment.pod().context("the Deployment makes no pod")?;
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
