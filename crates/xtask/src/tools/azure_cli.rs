//! The Azure CLI, in a virtual environment of its own: it is large, and brings much along.

use std::path::PathBuf;

use anyhow::Result;

/// Installs the Azure CLI unless it is there; returns its program.
pub(crate) fn install() -> Result<PathBuf> {
    let folder = super::folder().join("azure-cli");
    super::python::make_environment(&folder, "azure-cli.txt", "the Azure CLI")?;
    Ok(folder.join("bin/az"))
}
