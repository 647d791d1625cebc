//! Charts of others, in the shapes that such charts have: what a person does who guards one with the files in
//! `charts/heart-monitor/copy-paste`, by values where it takes them and by a patch where it does not.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};

use crate::manifest::parse_yaml;
use crate::{Chart, Manifest, optional_tool};

/// A chart that knows nothing of ours.
#[derive(Debug, Clone, Copy)]
pub struct Foreign {
    /// The name of its folder below `tests/fixtures/charts`.
    pub chart: &'static str,
    way: Way,
}

/// How it is brought to run a guard.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// By values, some of which have other names there than in our files; empty where it has none.
    Values(&'static [(&'static str, &'static str)]),
    /// By a patch over what it renders.
    Patch,
}

/// A Deployment that renders no ports, a `StatefulSet`, and one that takes neither init containers nor a command.
pub const FOREIGN: [Foreign; 3] = [
    Foreign {
        chart: "stream-processor",
        way: Way::Values(&[
            ("podLabels", "labels"),
            ("extraInitContainers", "initContainers"),
            ("extraEnv", "env"),
            ("extraVolumes", "volumes"),
            ("extraVolumeMounts", "volumeMounts"),
            ("extraPorts", ""),
        ]),
    },
    Foreign {
        chart: "database",
        way: Way::Values(&[
            ("extraInitContainers", "initContainers"),
            ("extraEnv", "extraEnvVars"),
            ("livenessProbe", "customLivenessProbe"),
            ("readinessProbe", "customReadinessProbe"),
            ("extraPorts", ""),
        ]),
    },
    Foreign { chart: "sealed", way: Way::Patch },
];

/// Where the names that our files of values use stand in the patch.
const IN_PATCH: [(&str, &str); 5] = [
    ("extraInitContainers", "/spec/template/spec/initContainers"),
    ("extraVolumes", "/spec/template/spec/volumes"),
    ("extraEnv", "/spec/template/spec/containers/0/env"),
    ("extraVolumeMounts", "/spec/template/spec/containers/0/volumeMounts"),
    ("args", "/spec/template/spec/containers/0/args"),
];

impl Foreign {
    /// What it renders with a file of ours, `guard` or `gate-and-guard`, after a person has edited that; and with values of its
    /// own. `None` where this machine has nothing to patch with.
    pub fn render(
        &self,
        file: &str,
        own: &Value,
        edit: impl Fn(&mut Value) -> Result<()>,
    ) -> Result<Option<Vec<Manifest>>> {
        let chart = Chart::at(&repository("tests/fixtures/charts").join(self.chart))?;
        let folder = tempfile::tempdir()?;
        let values = folder.path().join("values.json");
        match self.way {
            Way::Values(names) => {
                let mut block = parse_yaml(&fs::read_to_string(copy_paste().join(format!("{file}.yaml")))?)?;
                edit(&mut block)?;
                let mut all = renamed(block, names)?;
                all.extend(own.as_object().cloned().unwrap_or_default());
                fs::write(&values, Value::Object(all).to_string())?;
                chart.render(&[&values], &[]).map(Some)
            }
            Way::Patch => {
                fs::write(&values, own.to_string())?;
                let rendered = chart.render(&[&values], &[])?;
                patched(&rendered, &copy_paste().join("kustomize").join(file), edit)
            }
        }
    }
}

/// What somebody's renderer makes of a release with one of our kustomizations, its patch edited. `None` where there is no
/// kubectl to do it.
fn patched(
    release: &[Manifest],
    kustomization: &Path,
    edit: impl Fn(&mut Value) -> Result<()>,
) -> Result<Option<Vec<Manifest>>> {
    if optional_tool("kubectl").is_none() {
        println!("skipped: there is no kubectl, which has kustomize in it");
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    for name in ["kustomization.yaml", "patch.yaml", "post-render.sh"] {
        fs::copy(kustomization.join(name), folder.path().join(name)).with_context(|| name.to_owned())?;
    }
    let file = folder.path().join("patch.yaml");
    let patch = edited(&fs::read_to_string(&file)?, edit)?;
    fs::write(&file, patch.to_string())?;
    let texts: Vec<_> = release.iter().map(|object| object.yaml.as_str()).collect();
    let mut renderer = Command::new(folder.path().join("post-render.sh"));
    let mut running = renderer.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    running.stdin.take().context("it has an input")?.write_all(texts.join("\n---\n").as_bytes())?;
    let output = running.wait_with_output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Manifest::parse_all(&String::from_utf8(output.stdout)?).map(Some)
}

/// A patch, edited by the names that our files of values use.
fn edited(patch: &str, edit: impl Fn(&mut Value) -> Result<()>) -> Result<Value> {
    let mut patch = parse_yaml(patch)?;
    let mut block = Map::new();
    for (name, place) in IN_PATCH {
        let there = patch.pointer(place).with_context(|| format!("the patch has no {place}"))?;
        block.insert(name.to_owned(), there.clone());
    }
    let mut block = Value::Object(block);
    edit(&mut block)?;
    for (name, place) in IN_PATCH {
        if let Some(slot) = patch.pointer_mut(place) {
            *slot = block[name].take();
        }
    }
    Ok(patch)
}

fn renamed(block: Value, names: &[(&str, &str)]) -> Result<Map<String, Value>> {
    let Value::Object(mut block) = block else { anyhow::bail!("a file of values is a map") };
    for (ours, theirs) in names {
        if let Some(value) = block.remove(*ours).filter(|_| !theirs.is_empty()) {
            block.insert((*theirs).to_owned(), value);
        }
    }
    Ok(block)
}

fn copy_paste() -> PathBuf {
    repository("charts/heart-monitor/copy-paste")
}

fn repository(folder: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder)
}
