//! Volumes, and where containers mount them.

use anyhow::{Result, ensure};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) empty_dir: Option<EmptyDir>,
    pub(crate) persistent_volume_claim: Option<Claim>,
    pub(crate) secret: Option<SecretVolume>,
    pub(crate) config_map: Option<ConfigMapVolume>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmptyDir {
    /// `Memory`, or the disk.
    #[serde(default)]
    pub(crate) medium: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Claim {
    pub(crate) claim_name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretVolume {
    pub(crate) secret_name: String,
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    #[serde(default = "for_all_to_read")]
    pub(crate) default_mode: u32,
    #[serde(default)]
    pub(crate) optional: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConfigMapVolume {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    #[serde(default = "for_all_to_read")]
    pub(crate) default_mode: u32,
    #[serde(default)]
    pub(crate) optional: bool,
}

/// One key, as a file of another name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) path: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Mount {
    pub(crate) name: String,
    #[serde(rename = "mountPath")]
    pub(crate) place: String,
    #[serde(default)]
    pub(crate) read_only: bool,
    #[serde(default)]
    pub(crate) sub_path: String,
}

impl Volume {
    pub(super) fn check(&self) -> Result<()> {
        let Self { name, empty_dir, persistent_volume_claim, secret, config_map } = self;
        let sources =
            [empty_dir.is_some(), persistent_volume_claim.is_some(), secret.is_some(), config_map.is_some()];
        let count = sources.into_iter().filter(|there| *there).count();
        ensure!(count == 1, "volume {name} has {count} sources that are played, and needs one");
        Ok(())
    }
}

/// Kubernetes' default, 0644.
fn for_all_to_read() -> u32 {
    0o644
}
