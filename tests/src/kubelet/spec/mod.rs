//! The part of a pod that is played. Everything else is an error, so that nobody takes it for played; but for what makes
//! no difference here, which stands in [`irrelevant`] with the reason.

mod container;
mod irrelevant;
mod volume;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

pub(super) use container::{Container, Env, EnvFrom, Port, Probe, PullPolicy, Source};
pub(super) use volume::{Item, Volume};

/// A pod as a controller makes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    #[serde(default)]
    pub(super) metadata: Metadata,
    pub(super) spec: PodSpec,
}

/// Labels are all that a container can ask for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) labels: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodSpec {
    #[serde(default)]
    pub(super) init_containers: Vec<Container>,
    pub(super) containers: Vec<Container>,
    #[serde(default)]
    pub(super) volumes: Vec<Volume>,
    #[serde(default)]
    pub(super) restart_policy: RestartPolicy,
    /// Seconds; Kubernetes' default.
    #[serde(default = "thirty")]
    pub(super) termination_grace_period_seconds: u64,
    #[serde(default)]
    pub(super) security_context: PodSecurity,
    #[serde(default)]
    pub(super) service_account_name: String,
    /// There is no API server that a token would be good for.
    #[serde(default = "yes")]
    automount_service_account_token: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum RestartPolicy {
    #[default]
    Always,
    OnFailure,
    Never,
}

/// What containers have where they say nothing else.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodSecurity {
    pub(super) run_as_user: Option<u32>,
    pub(super) run_as_group: Option<u32>,
    pub(super) run_as_non_root: Option<bool>,
    /// A group of every process, which also may use the pod's own volumes.
    pub(super) fs_group: Option<u32>,
}

impl Template {
    /// Reads the pod in a manifest.
    pub(super) fn parse(pod: &Value) -> Result<Self> {
        let mut pod = pod.clone();
        irrelevant::leave_out(&mut pod);
        let template: Self =
            serde_json::from_value(pod).context("the pod asks for something that is not played")?;
        let spec = &template.spec;
        ensure!(!spec.automount_service_account_token, "a token for the API server is not played");
        spec.init_containers.iter().chain(&spec.containers).try_for_each(Container::check)?;
        spec.volumes.iter().try_for_each(Volume::check)?;
        Ok(template)
    }
}

fn thirty() -> u64 {
    30
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(extra: &Value) -> Value {
        let mut container = json!({
            "name": "main", "image": "x",
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] }
            }
        });
        merge(&mut container, extra);
        container
    }

    fn pod(extra: &Value) -> Value {
        let mut spec =
            json!({ "automountServiceAccountToken": false, "containers": [container(&json!({}))] });
        merge(&mut spec, extra);
        json!({ "metadata": { "labels": { "a": "b" } }, "spec": spec })
    }

    fn merge(into: &mut Value, extra: &Value) {
        for (key, value) in extra.as_object().unwrap() {
            match into.get_mut(key).filter(|there| there.is_object() && value.is_object()) {
                Some(there) => merge(there, value),
                None => into[key] = value.clone(),
            }
        }
    }

    #[test]
    fn what_is_not_played_is_refused_by_its_name() {
        let of = |extra: Value| json!({ "containers": [container(&extra)] });
        let table = [
            (json!({ "hostNetwork": true }), "hostNetwork"),
            (json!({ "automountServiceAccountToken": true }), "token"),
            (json!({ "securityContext": { "sysctls": [] } }), "sysctls"),
            (json!({ "volumes": [{ "name": "v", "hostPath": { "path": "/" } }] }), "hostPath"),
            (json!({ "volumes": [{ "name": "v" }] }), "volume v"),
            (of(json!({ "lifecycle": {} })), "lifecycle"),
            (of(json!({ "restartPolicy": "Always" })), "restartPolicy"),
            (of(json!({ "livenessProbe": { "exec": { "command": ["true"] } } })), "exec"),
            (of(json!({ "securityContext": { "privileged": true } })), "privileged"),
            (
                of(json!({ "securityContext": { "allowPrivilegeEscalation": true } })),
                "allowPrivilegeEscalation",
            ),
            (of(json!({ "securityContext": { "capabilities": { "drop": ["NET_RAW"] } } })), "capabilities"),
            (
                of(json!({ "env": [{ "name": "A", "valueFrom": { "resourceFieldRef": {} } }] })),
                "resourceFieldRef",
            ),
        ];
        for (extra, part) in table {
            let error = format!("{:#}", Template::parse(&pod(&extra)).unwrap_err());
            assert!(error.contains(part), "{extra}: {error}");
        }
    }

    #[test]
    fn what_makes_no_difference_here_is_passed_over() {
        let extra = json!({
            "nodeSelector": { "a": "b" }, "tolerations": [], "affinity": {}, "priorityClassName": "high",
            "securityContext": { "seccompProfile": { "type": "RuntimeDefault" }, "fsGroup": 65532 },
            "containers": [container(&json!({ "resources": { "limits": {} } }))],
            "volumes": [{ "name": "v", "emptyDir": { "sizeLimit": "64Mi" } }]
        });
        let template = Template::parse(&pod(&extra)).unwrap();
        assert_eq!(template.spec.security_context.fs_group, Some(65532));
        assert_eq!(template.spec.termination_grace_period_seconds, 30);
        assert_eq!(template.spec.restart_policy, RestartPolicy::Always);
    }
}
