//! The charts that a chart uses, which `helm dependency build` copies into its folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Chart, command, files_in};

/// Held while one of this process's tests looks, and builds.
static LOOKING: Mutex<()> = Mutex::new(());

impl Chart {
    /// Copies the charts that this one uses into its folder, unless they are there as they are now. Safe beside other
    /// tests, in this process or another.
    pub fn build_dependencies(&self) -> Result<()> {
        let _this_process = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_its_dependencies() {
            return Ok(());
        }
        // Looked for first: where there are no tools, there is no folder for the lock either.
        let mut helm = command::helm()?;
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/charts.lock");
        let all_processes = File::create(path).with_context(|| format!("cannot create {path}"))?;
        all_processes.lock().with_context(|| format!("cannot lock {path}"))?;
        if self.has_its_dependencies() {
            return Ok(());
        }
        command::output(helm.args(["dependency", "build"]).arg(&self.folder)).map(drop)
    }

    /// When the last of its files, or of those of the charts that it uses, was changed.
    pub fn changed_at(&self) -> Option<SystemTime> {
        let sources = self.neighbours().map(|(_, source)| newest(&source));
        // Its own copies of those are no change.
        let own =
            files_in(&self.folder).unwrap_or_default().into_iter().filter(|path| !path.ends_with("charts"));
        own.map(|path| newest(&path)).chain(sources).max().flatten()
    }

    /// Whether every chart from a neighbouring folder has been packed since it changed. A copy of a chart, which has no
    /// such neighbours, brought them along.
    fn has_its_dependencies(&self) -> bool {
        let manifest = newest(&self.folder.join("Chart.yaml")).max(newest(&self.folder.join("Chart.lock")));
        self.neighbours().all(|(archive, source)| {
            let packed = newest(&archive);
            !source.exists() || packed > newest(&source).max(manifest)
        })
    }

    /// The archive and the source of each chart that this one uses.
    fn neighbours(&self) -> impl Iterator<Item = (PathBuf, PathBuf)> {
        let used = self.about["dependencies"].as_array().into_iter().flatten();
        used.filter_map(|chart| {
            let text = |key: &str| chart.get(key).and_then(Value::as_str);
            let archive = format!("charts/{}-{}.tgz", text("name")?, text("version")?);
            let source = text("repository")?.strip_prefix("file://")?;
            Some((self.folder.join(archive), self.folder.join(source)))
        })
    }
}

/// When a file, or the last of all in a folder, was changed; `None` where there is nothing.
fn newest(path: &Path) -> Option<SystemTime> {
    let own = fs::metadata(path).ok()?.modified().ok();
    let inner = if path.is_dir() { files_in(path).unwrap_or_default() } else { Vec::new() };
    inner.iter().filter_map(|path| newest(path)).chain(own).max()
}
