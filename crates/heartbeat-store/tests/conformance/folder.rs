//! The suite on a folder of the local disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use failover_policy::ClusterId;
use heartbeat_store::{Backend, FolderBackend, RecordName};
use tempfile::TempDir;

use crate::suite::{self, OddDetails, Planter, record_cases, stamp_cases};

/// A store in a folder, wherever that folder comes from.
pub(crate) struct Folder {
    root: PathBuf,
    missing: PathBuf,
    /// Removes the folder in the end, unless it belongs to somebody else.
    _owned: Option<TempDir>,
}

impl Folder {
    /// An empty store in `parent`, under this name.
    pub(crate) fn new_in(parent: &Path, name: &str) -> Self {
        let (root, missing) = (parent.join(name), parent.join(format!("{name}-missing")));
        fs::create_dir(&root).unwrap();
        Self { root, missing, _owned: None }
    }

    fn stamp_file(&self, cluster: &ClusterId) -> PathBuf {
        let folder = self.root.join(cluster.as_str());
        fs::create_dir_all(&folder).unwrap();
        folder.join("heartbeat.txt")
    }
}

fn planter() -> Folder {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::new_in(dir.path(), "store");
    Folder { _owned: Some(dir), ..folder }
}

#[async_trait]
impl Planter for Folder {
    fn open(&self) -> Arc<dyn Backend> {
        Arc::new(FolderBackend::new(self.root.clone()))
    }

    fn open_missing(&self) -> Arc<dyn Backend> {
        Arc::new(FolderBackend::new(self.missing.clone()))
    }

    async fn missing_exists(&self) -> bool {
        self.missing.exists()
    }

    async fn plant_stamp(&self, cluster: &ClusterId, bytes: &[u8]) {
        let file = self.stamp_file(cluster);
        fs::write(&file, bytes).unwrap();
        let _ = fs::remove_file(file.with_extension("json"));
    }

    async fn stored_stamp(&self, cluster: &ClusterId) -> Vec<u8> {
        fs::read(self.stamp_file(cluster)).unwrap()
    }

    async fn plant_details(&self, cluster: &ClusterId, details: OddDetails) {
        fs::write(self.stamp_file(cluster).with_extension("json"), details.as_json()).unwrap();
    }

    async fn plant_record(&self, name: &RecordName, body: &[u8]) {
        let folder = self.root.join(name.stem());
        fs::create_dir_all(&folder).unwrap();
        let next = fs::read_dir(&folder).unwrap().count() + 1;
        fs::write(folder.join(format!("{next:020}.json")), body).unwrap();
    }

    async fn plant_maintenance(&self, body: &[u8]) {
        fs::write(self.root.join("maintenance.json"), body).unwrap();
    }

    async fn probe_remains(&self, id: &str) -> bool {
        self.root.join(format!(".probe-{id}")).exists()
    }
}

macro_rules! run {
    ($($module:ident::$case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            suite::$module::$case(&planter()).await;
        }
    )*};
}

stamp_cases!(run);
record_cases!(run);
