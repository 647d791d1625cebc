//! What Helm says after an installation.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::Chart;

/// The notes of a chart, which Helm tells only to somebody with a cluster: here they are an object of a copy.
#[derive(Debug)]
pub struct Notes {
    copy: Chart,
    _folder: TempDir,
}

const AS_OBJECT: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: notes-of-this-test
data:
  notes: {{ tpl (.Files.Get "NOTES.txt") . | quote }}
"#;

impl Chart {
    /// Its notes.
    pub fn notes(&self) -> Result<Notes> {
        let folder = tempfile::tempdir()?;
        let copy = self.copy_to(&folder.path().join(self.name()))?;
        fs::rename(copy.folder.join("templates/NOTES.txt"), copy.folder.join("NOTES.txt"))
            .with_context(|| format!("chart {} has no templates/NOTES.txt", self.name()))?;
        fs::write(copy.folder.join("templates/notes.yaml"), AS_OBJECT)?;
        Ok(Notes { copy, _folder: folder })
    }
}

impl Notes {
    /// What `helm install` would say at its end with these files of values.
    pub fn with(&self, values: &[&Path]) -> Result<String> {
        let rendered = self.copy.render(values, &[])?;
        let notes = rendered.iter().find(|object| object.name == "notes-of-this-test");
        let text = notes.and_then(|object| object.at("/data/notes")?.as_str().map(str::to_owned));
        text.context("the notes are not among what Helm has rendered")
    }
}
