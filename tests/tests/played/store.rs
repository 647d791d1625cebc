//! What a chart and its cluster are told about a store.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use flatline_tests::{BlobStore, FolderStore, Objects, TestStore};
use serde_json::{Value, json};

/// A store that pods can use.
pub(crate) trait PlayedStore: TestStore {
    /// The chart's values below `flatline.store`.
    fn values(&self) -> Value;

    /// The objects that those refer to.
    fn objects(&self) -> Result<Objects>;
}

/// An existing claim, and a folder within its volume.
impl PlayedStore for FolderStore {
    fn values(&self) -> Value {
        let folder = self.path().file_name().map(|name| name.to_string_lossy().into_owned());
        json!({ "type": "claim", "claim": { "name": "heartbeat", "folder": folder } })
    }

    fn objects(&self) -> Result<Objects> {
        open_to_everybody(&self.path())?;
        let volume = self.path().parent().context("a store's root is in a folder")?.to_owned();
        Ok(Objects::default().claim("heartbeat", volume))
    }
}

/// A signature in a secret.
impl PlayedStore for BlobStore {
    fn values(&self) -> Value {
        let secret = json!({ "name": "heartbeat-store", "key": "sas-token" });
        json!({ "type": "blob", "blob": { "url": self.url(), "credential": "sas", "existingSecret": secret } })
    }

    fn objects(&self) -> Result<Objects> {
        Ok(Objects::default().secret("heartbeat-store", "sas-token", self.sas()))
    }
}

/// Lets the containers' user write there: a temporary folder is for its owner alone.
pub(crate) fn open_to_everybody(path: &Path) -> Result<()> {
    let parent = path.parent().context("a temporary file or folder is in one")?;
    fs::set_permissions(parent, Permissions::from_mode(0o755))?;
    fs::set_permissions(path, Permissions::from_mode(0o777))?;
    Ok(())
}
