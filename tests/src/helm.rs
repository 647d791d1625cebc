//! The charts of this repository, through the real Helm.

mod command;
mod dependencies;
mod notes;
mod readme;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

pub use command::kubernetes_validate;
pub use notes::Notes;

use crate::Manifest;
use crate::manifest::parse_yaml;

/// Releases whose names stand in documents and scripts: chart, release, namespace. Any other chart is released under
/// its own name.
const RELEASES: [(&str, &str, &str); 2] =
    [("heartbeat-writer", "heartbeat-writer", "flatline"), ("hot-standby-example", "orders", "orders")];

/// The version of Kubernetes that charts are rendered for.
const KUBERNETES: &str = "1.33";

/// A chart of this repository, or a copy of one that a test changes.
#[derive(Debug, Clone)]
pub struct Chart {
    folder: PathBuf,
    about: Value,
}

/// Values that a chart must cope with: one of its `ci/NAME-values.yaml`.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What the file calls it.
    pub name: String,
    /// The file.
    pub values: PathBuf,
}

impl Chart {
    /// The chart of this repository with that name.
    pub fn named(name: &str) -> Result<Self> {
        Self::at(&charts().join(name))
    }

    /// Every chart of this repository, by name.
    pub fn all() -> Result<Vec<Self>> {
        let folders = files_in(&charts())?.into_iter().filter(|path| path.join("Chart.yaml").is_file());
        folders.map(|folder| Self::at(&folder)).collect()
    }

    /// The chart in a folder.
    pub fn at(folder: &Path) -> Result<Self> {
        let about = parse_yaml(&read(&folder.join("Chart.yaml"))?)
            .with_context(|| format!("cannot parse {}/Chart.yaml", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), about })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.about["name"].as_str().unwrap_or_default()
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its `Chart.yaml`.
    pub fn about(&self) -> &Value {
        &self.about
    }

    /// Its `values.yaml`.
    pub fn values(&self) -> Result<Value> {
        parse_yaml(&read(&self.folder.join("values.yaml"))?)
    }

    /// Its `values.schema.json`.
    pub fn schema(&self) -> Result<Value> {
        let file = self.folder.join("values.schema.json");
        serde_json::from_str(&read(&file)?).with_context(|| format!("cannot parse {}", file.display()))
    }

    /// Whether it only lends its templates to other charts, and cannot be rendered by itself.
    pub fn is_library(&self) -> bool {
        self.about["type"] == "library"
    }

    /// What documents and scripts call its release, and the namespace of that.
    pub fn release(&self) -> (&str, &str) {
        let known = RELEASES.into_iter().find(|(chart, ..)| *chart == self.name());
        known.map_or((self.name(), self.name()), |(_, release, namespace)| (release, namespace))
    }

    /// The values that it must cope with, by name.
    pub fn variants(&self) -> Result<Vec<Variant>> {
        let variant = |values: PathBuf| {
            let name = values.file_name()?.to_str()?.strip_suffix("-values.yaml")?.to_owned();
            Some(Variant { name, values })
        };
        let variants: Vec<_> = files_in(&self.folder.join("ci"))?.into_iter().filter_map(variant).collect();
        ensure!(!variants.is_empty(), "{} has no ci/*-values.yaml", self.folder.display());
        Ok(variants)
    }

    /// Renders it as its usual release with files of values, and single values such as `replicas=1`.
    pub fn render(&self, values: &[&Path], sets: &[&str]) -> Result<Vec<Manifest>> {
        let (release, namespace) = self.release();
        let mut helm = self.helm("template")?;
        helm.arg(release).arg(&self.folder).args(["--namespace", namespace, "--kube-version", KUBERNETES]);
        let text = command::output(with_values(&mut helm, values, sets))?;
        Manifest::parse_all(&text).with_context(|| format!("chart {}", self.name()))
    }

    /// Lints it strictly.
    pub fn lint(&self, values: &[&Path], sets: &[&str]) -> Result<()> {
        let mut helm = self.helm("lint")?;
        helm.arg("--strict").arg(&self.folder).args(["--kube-version", KUBERNETES]);
        command::output(with_values(&mut helm, values, sets)).map(drop)
    }

    /// Copies it with its dependencies, for a test to change.
    pub fn copy_to(&self, folder: &Path) -> Result<Self> {
        self.build_dependencies()?;
        copy(&self.folder, folder).with_context(|| format!("cannot copy chart {}", self.name()))?;
        Self::at(folder)
    }

    /// What its package holds, which is not everything in its folder.
    pub fn packaged(&self, folder: &Path) -> Result<Self> {
        let mut helm = self.helm("package")?;
        command::output(helm.arg(&self.folder).arg("--destination").arg(folder))?;
        let archives = files_in(folder)?.into_iter();
        let mut archives = archives.filter(|path| path.extension().is_some_and(|kind| kind == "tgz"));
        let archive = archives.next().context("helm has packaged nothing")?;
        let file = fs::File::open(&archive)?;
        tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(folder)?;
        Self::at(&folder.join(self.name()))
    }

    fn helm(&self, subcommand: &str) -> Result<std::process::Command> {
        let mut helm = command::helm()?;
        self.build_dependencies()?;
        helm.arg(subcommand);
        Ok(helm)
    }
}

fn with_values<'a>(
    helm: &'a mut std::process::Command,
    values: &[&Path],
    sets: &[&str],
) -> &'a mut std::process::Command {
    for file in values {
        helm.arg("--values").arg(file);
    }
    for set in sets {
        helm.args(["--set", set]);
    }
    helm
}

/// The folder of this repository's charts.
fn charts() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../charts"))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// What lies in a folder, by name.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for path in files_in(from)? {
        let copied = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            fs::copy(&path, copied)?;
        }
    }
    Ok(())
}
