//! A container: what it runs, with what around it.

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::volume::Mount;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    #[serde(default)]
    pub(crate) image_pull_policy: PullPolicy,
    /// In place of the image's entry point, and of its arguments.
    pub(crate) command: Option<Vec<String>>,
    /// In place of the image's arguments.
    pub(crate) args: Option<Vec<String>>,
    pub(crate) working_dir: Option<String>,
    #[serde(default)]
    pub(crate) env: Vec<Env>,
    #[serde(default)]
    pub(crate) env_from: Vec<EnvFrom>,
    #[serde(default)]
    pub(crate) ports: Vec<ContainerPort>,
    #[serde(default)]
    pub(crate) volume_mounts: Vec<Mount>,
    #[serde(default)]
    pub(crate) security_context: Security,
    pub(crate) startup_probe: Option<Probe>,
    pub(crate) liveness_probe: Option<Probe>,
    pub(crate) readiness_probe: Option<Probe>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum PullPolicy {
    Always,
    #[default]
    IfNotPresent,
    Never,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Env {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) value_from: Option<Source>,
}

/// Where a variable's value is taken from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Source {
    #[serde(rename = "secretKeyRef")]
    Secret(KeyRef),
    #[serde(rename = "configMapKeyRef")]
    ConfigMap(KeyRef),
    #[serde(rename = "fieldRef")]
    Field(FieldRef),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRef {
    pub(crate) name: String,
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) optional: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FieldRef {
    pub(crate) field_path: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvFrom {
    #[serde(default)]
    pub(crate) prefix: String,
    pub(crate) config_map_ref: Option<ObjectRef>,
    pub(crate) secret_ref: Option<ObjectRef>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectRef {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) optional: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ContainerPort {
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) container_port: u16,
}

/// Only the restricted form is played, which is that of all our containers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Security {
    pub(crate) run_as_user: Option<u32>,
    pub(crate) run_as_group: Option<u32>,
    pub(crate) run_as_non_root: Option<bool>,
    read_only_root_filesystem: Option<bool>,
    allow_privilege_escalation: Option<bool>,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capabilities {
    #[serde(default)]
    drop: Vec<String>,
}

/// A question over HTTP, with Kubernetes' defaults, in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Probe {
    pub(crate) http_get: HttpGet,
    #[serde(default)]
    pub(crate) initial_delay_seconds: u64,
    #[serde(default = "ten")]
    pub(crate) period_seconds: u64,
    #[serde(default = "one")]
    pub(crate) timeout_seconds: u64,
    #[serde(default = "one")]
    pub(crate) success_threshold: u64,
    #[serde(default = "three")]
    pub(crate) failure_threshold: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpGet {
    #[serde(default = "slash")]
    pub(crate) path: String,
    pub(crate) port: Port,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Port {
    Number(u16),
    Name(String),
}

impl Container {
    pub(super) fn check(&self) -> Result<()> {
        let Security { read_only_root_filesystem, allow_privilege_escalation, capabilities, .. } =
            &self.security_context;
        let name = &self.name;
        ensure!(
            *read_only_root_filesystem == Some(true),
            "{name}: played is only readOnlyRootFilesystem: true"
        );
        ensure!(
            *allow_privilege_escalation == Some(false),
            "{name}: played is only allowPrivilegeEscalation: false"
        );
        ensure!(
            capabilities.drop == ["ALL"],
            "{name}: played is only a container that drops all capabilities"
        );
        Ok(())
    }
}

fn ten() -> u64 {
    10
}

fn one() -> u64 {
    1
}

fn three() -> u64 {
    3
}

fn slash() -> String {
    "/".to_owned()
}
