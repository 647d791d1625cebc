//! The charts, each as one archive with what it depends on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use flatline_tests::pinned_tool;

use super::archive;
use super::place::Place;
use crate::{shell, workspace};

/// Packages every chart; says what is missing where there is no Helm.
pub(super) fn package(place: &Place) -> Result<()> {
    // The pinned one first: another Helm may order an archive in another way.
    let Some(helm) = pinned_tool("helm").ok().or_else(|| shell::find("helm")) else {
        println!("left out: charts, for want of Helm (`cargo xtask tools` installs it)");
        return Ok(());
    };
    let bench = place.workbench()?;
    let helm = Helm { program: helm, bench: bench.path() };
    let charts = stage(place, bench.path())?;
    for chart in &charts {
        helm.run("dependency", &[OsStr::new("build"), chart.as_ref()])?;
    }
    let out = place.out().join("charts");
    fs::create_dir_all(&out)?;
    for chart in &charts {
        helm.run("package", &[chart.as_ref(), OsStr::new("--destination"), out.as_ref()])?;
    }
    for archive in fs::read_dir(&out)? {
        // Helm's own archives hold the time of their making.
        archive::repack(&archive?.path())?;
    }
    println!("{:<18} {:>6}       archives", "charts", charts.len());
    Ok(())
}

/// Copies the charts as the repository has them, so that neither what lies about in the folders gets into an archive
/// nor what Helm fetches into the folders. Returns the folder of each.
fn stage(place: &Place, bench: &Path) -> Result<Vec<PathBuf>> {
    let mut charts = Vec::new();
    for file in workspace::files()?.into_iter().filter(|file| file.starts_with("charts")) {
        let to = bench.join(&file);
        let folder = to.parent().unwrap_or(bench);
        fs::create_dir_all(folder)?;
        fs::copy(place.sources.join(&file), &to)
            .with_context(|| format!("cannot copy {}", file.display()))?;
        if file.ends_with("Chart.yaml") {
            charts.push(folder.to_owned());
        }
    }
    charts.sort();
    Ok(charts)
}

/// Helm, with caches and settings of its own, so that nothing of the user's is read or written.
struct Helm<'a> {
    program: PathBuf,
    bench: &'a Path,
}

impl Helm<'_> {
    fn run(&self, subcommand: &str, args: &[&OsStr]) -> Result<()> {
        let mut helm: Command = shell::program(&self.program);
        for (variable, folder) in
            [("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")]
        {
            helm.env(variable, self.bench.join(folder));
        }
        shell::run(helm.arg(subcommand).args(args))
    }
}
