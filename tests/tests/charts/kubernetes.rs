//! The schemas of Kubernetes: the oldest version that the charts allow, and the one that they are rendered for.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use flatline_tests::kubernetes_validate;

use crate::{nothing_in, rendered};

const VERSIONS: [&str; 2] = ["1.29", "1.33"];
/// Kinds that are no part of Kubernetes, so that nothing but their own rules is known about them.
const WITHOUT_SCHEMA: [&str; 2] = ["PodMonitor", "PrometheusRule"];

#[test]
fn kubernetes_would_take_every_object() -> Result<()> {
    // Most objects are the same in many variants; each is looked at once.
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for rendered in rendered()? {
        let name = format!("{}-{}", rendered.chart.name(), rendered.variant.name);
        let objects = rendered.manifests.iter().map(|object| object.yaml.as_str());
        let new: Vec<_> = objects.filter(|yaml| seen.insert(*yaml)).collect();
        texts.push((name, new.join("\n---\n")));
    }
    nothing_in(&refused(&texts)?);
    Ok(())
}

#[test]
fn an_unknown_field_a_wrong_type_and_an_unknown_kind_are_refused() -> Result<()> {
    let table = [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndataa: {}\n", "'dataa' was unexpected"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndata: { a: 1 }\n",
            "1 is not of type 'string'",
        ),
        (
            "apiVersion: example.org/v1\nkind: Thing\nmetadata: { name: x }\n",
            "Couldn't find schema for kind Thing",
        ),
        ("apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: { name: x }\n", "Couldn't find schema"),
    ];
    let texts: Vec<_> =
        (0..).zip(table).map(|(number, (text, _))| (format!("bad-{number}"), text.to_owned())).collect();
    let found = refused(&texts)?;
    for ((name, text), (_, reason)) in texts.iter().zip(table) {
        let is_refused = found.iter().any(|line| line.contains(name) && line.contains(reason));
        assert!(is_refused, "{text} was not refused with {reason}, but: {found:#?}");
    }
    Ok(())
}

/// What is wrong with the objects in texts. One call for all: its start is what takes time.
fn refused(texts: &[(String, String)]) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let mut files = Vec::new();
    for (name, text) in texts {
        let file = folder.path().join(format!("{name}.yaml"));
        fs::write(&file, text)?;
        files.push(file);
    }
    let (passed, lines) = kubernetes_validate(&files, &VERSIONS)?;
    let lines = lines.lines().filter(|line| !line.starts_with("INFO ") && !is_without_schema(line));
    let findings: Vec<_> = lines.map(str::to_owned).collect();
    ensure!(passed || !findings.is_empty(), "kubernetes-validate failed without a reason");
    Ok(findings)
}

fn is_without_schema(line: &str) -> bool {
    let kind = line.split_once("Couldn't find schema for kind ").and_then(|(_, rest)| rest.split(' ').next());
    kind.is_some_and(|kind| WITHOUT_SCHEMA.contains(&kind))
}
