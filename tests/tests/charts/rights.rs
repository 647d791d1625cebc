//! Nothing here talks to the API server, so nothing has a right there.

use anyhow::Result;
use flatline_tests::Manifest;
use serde_json::Value;

use crate::{object, of_every_object};

/// Every kind that a chart may make. What gives rights is not among them, and a new kind must be thought about.
const KINDS: [&str; 11] = [
    "ConfigMap",
    "Deployment",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodMonitor",
    "PrometheusRule",
    "Service",
    "ServiceAccount",
];

#[test]
fn no_chart_asks_for_a_right() -> Result<()> {
    of_every_object(rights)
}

#[test]
fn a_role_and_a_token_are_refused() -> Result<()> {
    let table = [
        ("kind: Role\nmetadata: { name: x }", "is of a kind that no chart may make"),
        ("kind: ClusterRoleBinding\nmetadata: { name: x }", "is of a kind that no chart may make"),
        ("kind: ServiceAccount\nmetadata: { name: x }", "mounts a token of the API server"),
        ("kind: Pod\nmetadata: { name: x }\nspec: {}", "mounts a token of the API server"),
        (
            "kind: Deployment\nmetadata: { name: x }\nspec: { template: { spec: { automountServiceAccountToken: true } } }",
            "mounts a token of the API server",
        ),
        (
            "kind: Pod\nmetadata: { name: x }\nspec: { automountServiceAccountToken: false, volumes: [{ name: v, projected: { sources: [{ serviceAccountToken: { path: t } }] } }] }",
            "projects a token of its account",
        ),
    ];
    for (yaml, finding) in table {
        assert_eq!(rights(&object(yaml)?), [finding], "{yaml}");
    }
    Ok(())
}

fn rights(object: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    if !KINDS.contains(&object.kind.as_str()) {
        found.push("is of a kind that no chart may make");
    }
    let account = (object.kind == "ServiceAccount").then_some(&object.value);
    let pod = object.pod().and_then(|pod| pod.get("spec"));
    let mounts_token = |owner: &Value| owner.get("automountServiceAccountToken") != Some(&Value::Bool(false));
    if account.or(pod).is_some_and(mounts_token) {
        found.push("mounts a token of the API server");
    }
    if pod.is_some_and(|pod| pod.to_string().contains("\"serviceAccountToken\"")) {
        found.push("projects a token of its account");
    }
    found.into_iter().map(str::to_owned).collect()
}
