//! The Pod Security Standard `restricted`, rule by rule, as the documents of Kubernetes 1.34 list them, and what this
//! project asks for beyond it.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{list, of_every_object, text};

/// One rule about a pod's `spec`.
struct Rule {
    sentence: &'static str,
    holds: fn(&Value) -> bool,
    /// Changes of [`good`] that break this rule and no other: a place, and what stands there instead.
    breaches: &'static [(&'static str, &'static str)],
}

const RULES: [Rule; 17] = [
    Rule {
        sentence: "shares no namespace with its node",
        holds: |pod| ["hostNetwork", "hostPID", "hostIPC"].iter().all(|name| !is_true(pod, name)),
        breaches: &[("hostNetwork", "true"), ("hostPID", "true"), ("hostIPC", "true")],
    },
    Rule {
        sentence: "is not privileged",
        holds: |pod| all(pod, |container| !is_true(security(container), "privileged")),
        breaches: &[(IN_CONTAINER, r#"{ "privileged": true }"#), (IN_INIT, r#"{ "privileged": true }"#)],
    },
    Rule {
        sentence: "drops every capability, and adds none but NET_BIND_SERVICE",
        holds: |pod| all(pod, has_no_capability),
        breaches: &[
            (IN_CONTAINER, r#"{ "capabilities": { "drop": ["NET_RAW"] } }"#),
            (IN_CONTAINER, r#"{ "capabilities": { "drop": ["ALL"], "add": ["NET_RAW"] } }"#),
            (IN_INIT, r#"{ "capabilities": null }"#),
        ],
    },
    Rule {
        sentence: "has only volumes of the kinds that reach nothing of the node",
        holds: |pod| list(pod, "/volumes").iter().all(is_harmless_volume),
        breaches: &[("volumes", r#"[{ "name": "a", "hostPath": { "path": "/" } }]"#)],
    },
    Rule {
        sentence: "takes no port of its node",
        holds: |pod| all(pod, |it| list(it, "/ports").iter().all(|port| number(port, "hostPort") == 0)),
        breaches: &[("containers/0/ports", r#"[{ "containerPort": 1, "hostPort": 1 }]"#)],
    },
    Rule {
        sentence: "keeps its AppArmor profile",
        holds: |pod| everywhere(pod, "/appArmorProfile/type", &["RuntimeDefault", "Localhost"]),
        breaches: &[(IN_CONTAINER, r#"{ "appArmorProfile": { "type": "Unconfined" } }"#)],
    },
    Rule {
        sentence: "keeps its SELinux context",
        holds: |pod| {
            let types = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
            let names = ["/seLinuxOptions/user", "/seLinuxOptions/role"];
            everywhere(pod, "/seLinuxOptions/type", &types)
                && names.iter().all(|name| everywhere(pod, name, &[]))
        },
        breaches: &[
            (IN_CONTAINER, r#"{ "seLinuxOptions": { "type": "spc_t" } }"#),
            (IN_CONTAINER, r#"{ "seLinuxOptions": { "user": "u" } }"#),
        ],
    },
    Rule {
        sentence: "sees the usual /proc",
        holds: |pod| everywhere(pod, "/procMount", &["Default"]),
        breaches: &[(IN_CONTAINER, r#"{ "procMount": "Unmasked" }"#)],
    },
    Rule {
        sentence: "runs under a seccomp profile",
        holds: |pod| {
            let profiles = ["RuntimeDefault", "Localhost"];
            let of_pod = profiles.contains(&text(security(pod), "/seccompProfile/type"));
            everywhere(pod, "/seccompProfile/type", &profiles)
                && (of_pod || all(pod, |it| security(it).pointer("/seccompProfile/type").is_some()))
        },
        breaches: &[
            ("securityContext/seccompProfile", "null"),
            (IN_CONTAINER, r#"{ "seccompProfile": { "type": "Unconfined" } }"#),
        ],
    },
    Rule {
        sentence: "sets no sysctl",
        // The standard allows a few; nothing here needs one.
        holds: |pod| list(pod, "/securityContext/sysctls").is_empty(),
        breaches: &[("securityContext/sysctls", r#"[{ "name": "kernel.msgmax", "value": "1" }]"#)],
    },
    Rule {
        sentence: "cannot gain privileges",
        holds: |pod| all(pod, |it| security(it)["allowPrivilegeEscalation"] == false),
        breaches: &[(IN_CONTAINER, r#"{ "allowPrivilegeEscalation": null }"#)],
    },
    Rule {
        sentence: "must not run as root",
        holds: |pod| {
            let of_pod = security(pod)["runAsNonRoot"] == true;
            all(pod, |it| {
                security(it).get("runAsNonRoot").map_or(of_pod, |it| *it == true || it.is_null() && of_pod)
            })
        },
        breaches: &[("securityContext/runAsNonRoot", "null"), (IN_INIT, r#"{ "runAsNonRoot": false }"#)],
    },
    Rule {
        sentence: "does not name root as its user",
        holds: |pod| holders(pod).all(|it| security(it)["runAsUser"] != 0),
        breaches: &[(IN_CONTAINER, r#"{ "runAsUser": 0 }"#), ("securityContext/runAsUser", "0")],
    },
    Rule {
        sentence: "is no process of a Windows host",
        holds: |pod| holders(pod).all(|it| security(it).pointer("/windowsOptions/hostProcess").is_none()),
        breaches: &[(IN_CONTAINER, r#"{ "windowsOptions": { "hostProcess": true } }"#)],
    },
    Rule {
        sentence: "is probed at its own address",
        holds: |pod| all(pod, |it| !mentions_a_host(it)),
        breaches: &[("containers/0/livenessProbe", r#"{ "httpGet": { "host": "10.0.0.1", "port": 1 } }"#)],
    },
    Rule {
        sentence: "cannot change its image's files (ours)",
        holds: |pod| all(pod, |it| security(it)["readOnlyRootFilesystem"] == true),
        breaches: &[(IN_INIT, r#"{ "readOnlyRootFilesystem": null }"#)],
    },
    Rule {
        sentence: "asks for processor time and memory, and has a limit of memory (ours)",
        holds: |pod| {
            let places =
                ["/resources/requests/cpu", "/resources/requests/memory", "/resources/limits/memory"];
            all(pod, |it| places.iter().all(|place| it.pointer(place).is_some()))
        },
        breaches: &[("containers/0/resources", r#"{ "requests": { "cpu": "1", "memory": "1Mi" } }"#)],
    },
];

/// Where [`broken`] merges a security context into a container, or an init container.
const IN_CONTAINER: &str = "containers/0/securityContext";
const IN_INIT: &str = "initContainers/0/securityContext";

#[test]
fn every_pod_is_restricted() -> Result<()> {
    of_every_object(|object| {
        let spec = object.pod().and_then(|pod| pod.get("spec"));
        spec.map(breaches).into_iter().flatten().map(|rule| format!("breaks a rule: a pod {rule}")).collect()
    })
}

#[test]
fn a_pod_that_breaks_one_rule_breaks_that_one_alone() -> Result<()> {
    assert_eq!(breaches(&good()), Vec::<&str>::new());
    for Rule { sentence, breaches: changes, .. } in RULES {
        assert!(!changes.is_empty(), "nothing shows that this rule can fail: {sentence}");
        for (place, change) in changes {
            assert_eq!(breaches(&broken(place, change)?), [sentence], "{place}: {change}");
        }
    }
    Ok(())
}

/// The rules that a pod breaks.
fn breaches(pod: &Value) -> Vec<&'static str> {
    RULES.iter().filter(|rule| !(rule.holds)(pod)).map(|rule| rule.sentence).collect()
}

fn good() -> Value {
    let container = json!({
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
        },
        "resources": { "requests": { "cpu": "10m", "memory": "1Mi" }, "limits": { "memory": "1Mi" } },
    });
    json!({
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "volumes": [{ "name": "a", "emptyDir": {} }],
        "initContainers": [container],
        "containers": [container],
    })
}

/// A good pod with one change: objects are merged into what stands there, anything else replaces it.
fn broken(place: &str, change: &str) -> Result<Value> {
    let mut pod = good();
    let change: Value = serde_json::from_str(change)?;
    let (parent, key) =
        place.rsplit_once('/').map_or((String::new(), place), |(parent, key)| (format!("/{parent}"), key));
    let slot = &mut pod.pointer_mut(&parent).context("a place in the pod")?[key];
    match (slot.as_object_mut(), change.as_object()) {
        (Some(old), Some(new)) if key == "securityContext" => old.extend(new.clone()),
        _ => *slot = change,
    }
    Ok(pod)
}

fn all(pod: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    containers(pod).all(holds)
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["/initContainers", "/containers", "/ephemeralContainers"].into_iter().flat_map(|place| list(pod, place))
}

/// What may have a security context: the pod and its containers.
fn holders(pod: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(pod).chain(containers(pod))
}

fn security(holder: &Value) -> &Value {
    holder.get("securityContext").unwrap_or(&Value::Null)
}

/// Whether a text in the security contexts is one of the allowed wherever it stands.
fn everywhere(pod: &Value, place: &str, allowed: &[&str]) -> bool {
    let found = holders(pod).filter_map(|holder| security(holder).pointer(place));
    found.filter(|value| !value.is_null()).all(|value| value.as_str().is_some_and(|it| allowed.contains(&it)))
}

fn is_true(holder: &Value, name: &str) -> bool {
    holder.get(name).is_some_and(|value| *value != false && !value.is_null())
}

fn number(holder: &Value, name: &str) -> i64 {
    holder.get(name).and_then(Value::as_i64).unwrap_or_default()
}

fn has_no_capability(container: &Value) -> bool {
    let security = security(container);
    let added = list(security, "/capabilities/add");
    list(security, "/capabilities/drop").contains(&json!("ALL"))
        && added.iter().all(|it| it == "NET_BIND_SERVICE")
}

fn is_harmless_volume(volume: &Value) -> bool {
    const HARMLESS: [&str; 8] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let kinds = volume.as_object().into_iter().flat_map(|volume| volume.keys()).filter(|key| *key != "name");
    kinds.into_iter().all(|kind| HARMLESS.contains(&kind.as_str()))
}

fn mentions_a_host(container: &Value) -> bool {
    let hooks = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"];
    hooks.iter().filter_map(|hook| container.get(hook)).any(|hook| hook.to_string().contains("\"host\":"))
}
