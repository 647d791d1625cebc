//! A store in a temporary folder, and what a test needs to know of it without asking the code under test.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Program, TestStore, Ticks};

/// A folder that is removed when dropped. The store's root is a folder inside, so that it can be taken away and
/// brought back as a mount can.
#[derive(Debug)]
pub struct FolderStore {
    parent: TempDir,
}

impl FolderStore {
    /// An empty store.
    pub fn new() -> Result<Self> {
        let store = Self::missing()?;
        fs::create_dir(store.path())?;
        Ok(store)
    }

    /// The place of a store whose root does not exist.
    pub fn missing() -> Result<Self> {
        let parent = tempfile::Builder::new()
            .prefix("flatline-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        Ok(Self { parent })
    }

    /// The store's root.
    pub fn path(&self) -> PathBuf {
        self.parent.path().join("store")
    }

    /// The file that holds a cluster's stamp.
    pub fn stamp_path(&self, cluster: &str) -> PathBuf {
        self.path().join(cluster).join("heartbeat.txt")
    }

    /// The folder of the ownership record, a file for each revision.
    fn records(&self) -> PathBuf {
        self.path().join("ownership")
    }

    /// Writes a text where a cluster's stamp stands.
    pub fn put_stamp(&self, cluster: &str, text: impl Into<String>) -> Result<()> {
        let path = self.stamp_path(cluster);
        fs::create_dir_all(path.parent().context("a stamp has a folder")?)?;
        fs::write(&path, text.into()).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What stands where the record of this revision belongs.
    pub fn planted(&self, revision: u64) -> Result<String> {
        Ok(fs::read_to_string(self.records().join(format!("{revision:020}.json")))?)
    }

    /// Takes the root away, as a mount that is lost.
    pub fn take_away(&self) -> Result<()> {
        fs::rename(self.path(), self.parent.path().join("away")).context("cannot take the store away")
    }

    /// Brings it back.
    pub fn bring_back(&self) -> Result<()> {
        fs::rename(self.parent.path().join("away"), self.path()).context("cannot bring the store back")
    }

    /// Every file and folder in the store with its content, to tell whether anything changed.
    pub fn snapshot(&self) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let mut found = Vec::new();
        walk(self.parent.path(), &mut found)?;
        found.sort();
        Ok(found)
    }
}

impl TestStore for FolderStore {
    fn place(&self) -> String {
        self.path().display().to_string()
    }

    fn joined_by(&self, program: Program) -> Program {
        program.arg("--store").arg(self.path())
    }

    fn stamp(&self, cluster: &str) -> Result<Ticks> {
        let path = self.stamp_path(cluster);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ticks::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    fn record(&self) -> Result<Option<Value>> {
        let Ok(entries) = fs::read_dir(self.records()) else { return Ok(None) };
        let files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        let Some(highest) = files.into_iter().max() else { return Ok(None) };
        let text = fs::read(&highest).with_context(|| format!("cannot read {}", highest.display()))?;
        Ok(Some(serde_json::from_slice(&text)?))
    }

    fn plant_record(&self, revision: u64, text: &str) -> Result<()> {
        fs::create_dir_all(self.records())?;
        fs::write(self.records().join(format!("{revision:020}.json")), text).context("cannot plant a record")
    }

    fn lose_record(&self) -> Result<()> {
        fs::remove_dir_all(self.records()).context("cannot remove the record")
    }
}

fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.push((path.clone(), Vec::new()));
            walk(&path, found)?;
        } else {
            let content = fs::read(&path)?;
            found.push((path, content));
        }
    }
    Ok(())
}
