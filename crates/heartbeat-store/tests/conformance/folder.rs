//! The suite on a folder of the local disk, once per way of publishing records, and with both ways at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use failover_policy::ClusterId;
use heartbeat_store::{Backend, FolderBackend, Publishing, RecordName};
use tempfile::TempDir;

use crate::suite::{self, OddDetails, Planter, record_cases, stamp_cases};

/// A store in a folder, wherever that folder comes from.
pub(crate) struct Folder {
    root: PathBuf,
    missing: PathBuf,
    /// How the handles publish records, in turn.
    ways: &'static [Publishing],
    turn: AtomicUsize,
    race_rounds: usize,
    /// Removes the folder in the end, unless it belongs to somebody else.
    _owned: Option<TempDir>,
}

impl Folder {
    /// An empty store in `parent`, under this name, whose handles publish in these ways in turn; none leaves the
    /// choice to the back end.
    pub(crate) fn new_in(parent: &Path, name: &str, ways: &'static [Publishing]) -> Self {
        let (root, missing) = (parent.join(name), parent.join(format!("{name}-missing")));
        fs::create_dir(&root).unwrap();
        Self { root, missing, ways, turn: AtomicUsize::new(0), race_rounds: 40, _owned: None }
    }

    /// The same with fewer rounds in a race, where they take time.
    pub(crate) fn racing(self, race_rounds: usize) -> Self {
        Self { race_rounds, ..self }
    }

    /// An empty store on the local disk.
    fn local(ways: &'static [Publishing]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = Self::new_in(dir.path(), "store", ways);
        Self { _owned: Some(dir), ..folder }
    }

    fn next_way(&self) -> Option<Publishing> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.ways.get(turn % self.ways.len().max(1)).copied()
    }

    fn handle(&self, root: &Path) -> Arc<dyn Backend> {
        let root = root.to_owned();
        Arc::new(match self.next_way() {
            None => FolderBackend::new(root),
            Some(way) => FolderBackend::publishing_by(root, way),
        })
    }

    fn stamp_file(&self, cluster: &ClusterId) -> PathBuf {
        let folder = self.root.join(cluster.as_str());
        fs::create_dir_all(&folder).unwrap();
        folder.join("heartbeat.txt")
    }
}

#[async_trait]
impl Planter for Folder {
    fn open(&self) -> Arc<dyn Backend> {
        self.handle(&self.root)
    }

    fn open_missing(&self) -> Arc<dyn Backend> {
        self.handle(&self.missing)
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
        let mut path = folder.join(format!("{next:020}.json"));
        if self.next_way() == Some(Publishing::FolderRename) {
            fs::create_dir(&path).unwrap();
            path.push("record.json");
        }
        fs::write(path, body).unwrap();
    }

    async fn plant_maintenance(&self, body: &[u8]) {
        fs::write(self.root.join("maintenance.json"), body).unwrap();
    }

    async fn probe_remains(&self, id: &str) -> bool {
        self.root.join(format!(".probe-{id}")).exists()
    }

    fn race_rounds(&self) -> usize {
        self.race_rounds
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

mod as_the_place_has_it {
    use super::*;

    fn planter() -> Folder {
        Folder::local(&[])
    }

    stamp_cases!(run);
    record_cases!(run);
}

mod by_folder_rename {
    use super::*;

    fn planter() -> Folder {
        Folder::local(&[Publishing::FolderRename])
    }

    record_cases!(run);
}

/// No store is used like that; the two forms understand and exclude each other all the same.
mod in_both_ways_at_once {
    use super::*;

    fn planter() -> Folder {
        Folder::local(&[Publishing::HardLink, Publishing::FolderRename])
    }

    record_cases!(run);
}
