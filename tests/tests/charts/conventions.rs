//! What people expect of any chart: the same names for the same things, in every chart here.

use std::fs;

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};
use serde_json::{Value, json};

use crate::{applications, nothing_in, object};

/// One value, and where it must come out in the Deployment.
struct Convention {
    key: &'static str,
    value: &'static str,
    place: &'static str,
    /// What stands there, or is among the items of the list there.
    expected: &'static str,
}

const CONVENTIONS: [Convention; 12] = [
    Convention::new("fullnameOverride", r#""other""#, "/metadata/name", r#""other""#),
    Convention::new("commonLabels", r#"{ "team": "heart" }"#, "/metadata/labels/team", r#""heart""#),
    Convention::new("podLabels", r#"{ "pod": "x" }"#, "/spec/template/metadata/labels/pod", r#""x""#),
    Convention::new(
        "podAnnotations",
        r#"{ "note": "x" }"#,
        "/spec/template/metadata/annotations/note",
        r#""x""#,
    ),
    Convention::new("deploymentAnnotations", r#"{ "note": "x" }"#, "/metadata/annotations/note", r#""x""#),
    Convention::new("replicaCount", "3", "/spec/replicas", "3"),
    Convention::new("extraArgs", r#"["--extra"]"#, "/spec/template/spec/containers/0/args", r#""--extra""#),
    Convention::new(
        "extraEnv",
        r#"[{ "name": "EXTRA", "value": "x" }]"#,
        "/spec/template/spec/containers/0/env",
        r#"{ "name": "EXTRA", "value": "x" }"#,
    ),
    Convention::new(
        "extraVolumes",
        r#"[{ "name": "extra", "emptyDir": {} }]"#,
        "/spec/template/spec/volumes",
        r#"{ "name": "extra", "emptyDir": {} }"#,
    ),
    Convention::new(
        "extraVolumeMounts",
        r#"[{ "name": "extra", "mountPath": "/extra" }]"#,
        "/spec/template/spec/containers/0/volumeMounts",
        r#"{ "name": "extra", "mountPath": "/extra" }"#,
    ),
    Convention::new("nodeSelector", r#"{ "disk": "x" }"#, "/spec/template/spec/nodeSelector/disk", r#""x""#),
    Convention::new(
        "image",
        r#"{ "registry": "r.example.org", "repository": "x", "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000" }"#,
        "/spec/template/spec/containers/0/image",
        r#""r.example.org/x@sha256:0000000000000000000000000000000000000000000000000000000000000000""#,
    ),
];

impl Convention {
    const fn new(
        key: &'static str,
        value: &'static str,
        place: &'static str,
        expected: &'static str,
    ) -> Self {
        Self { key, value, place, expected }
    }
}

#[test]
fn every_chart_has_the_usual_values_with_the_usual_effect() -> Result<()> {
    let mut findings = Vec::new();
    for chart in applications()? {
        let deployment = with_all(&chart)?;
        let told = |key| format!("{}: {key} has not the usual effect", chart.name());
        findings.extend(unheeded(&deployment)?.into_iter().map(told));
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn a_deployment_that_heeds_nothing_is_refused() -> Result<()> {
    let bare = object(
        "kind: Deployment\nmetadata: { name: x }\nspec: { template: { spec: { containers: [{ args: [] }] } } }",
    )?;
    assert_eq!(unheeded(&bare)?, CONVENTIONS.map(|convention| convention.key));
    Ok(())
}

/// The Deployment of a chart with every one of these values.
fn with_all(chart: &Chart) -> Result<Manifest> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    let mut values = json!({});
    for Convention { key, value, .. } in CONVENTIONS {
        values[key] = serde_json::from_str(value).with_context(|| format!("the value of {key}"))?;
    }
    fs::write(&file, values.to_string())?;
    let variant = chart.variants()?.remove(0);
    let rendered = chart.render(&[&variant.values, &file], &[])?;
    rendered.into_iter().find(|object| object.kind == "Deployment").context("the chart makes a Deployment")
}

/// The values that a Deployment does not show.
fn unheeded(deployment: &Manifest) -> Result<Vec<&'static str>> {
    let mut found = Vec::new();
    for Convention { key, place, expected, .. } in CONVENTIONS {
        let expected: Value = serde_json::from_str(expected)?;
        let shown = deployment.at(place).is_some_and(|it| match it {
            Value::Array(items) => items.contains(&expected),
            other => *other == expected,
        });
        if !shown {
            found.push(key);
        }
    }
    Ok(found)
}
