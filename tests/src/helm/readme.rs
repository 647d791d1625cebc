//! The tables of parameters in the charts' README files, made from the comments in `values.yaml`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Chart, command};
use crate::pinned_tool;

impl Chart {
    /// Its README file.
    pub fn readme(&self) -> PathBuf {
        self.folder.join("README.md")
    }

    /// Writes the table of its parameters under `## Parameters` of a README file. Fails where a value has no description,
    /// or a description no value.
    pub fn write_parameters(&self, readme: &Path) -> Result<()> {
        let mut generator = command::isolated(&pinned_tool("readme-generator")?);
        generator.arg("--values").arg(self.folder.join("values.yaml")).arg("--readme").arg(readme);
        command::output(&mut generator).map(drop)
    }
}
