//! The archives that are shipped are the charts.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use flatline_tests::{Chart, Manifest, shipped};

use crate::rendered;

#[test]
fn what_is_shipped_renders_the_same_as_the_sources() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for rendered in rendered()? {
        let (chart, values) = (&rendered.chart, &rendered.variant.values);
        let Some(archive) = archive(chart) else {
            eprintln!(
                "skipped: there is no archive of chart {} as it is now: `cargo xtask dist` makes it",
                chart.name()
            );
            return Ok(());
        };
        let unpacked = unpacked(chart, &archive, folder.path())?;
        let (ours, theirs) = (texts(&rendered.manifests), unpacked.render(&[values], &[])?);
        assert_eq!(texts(&theirs), ours, "{} with {}", chart.name(), rendered.variant.name);
    }
    Ok(())
}

fn texts(manifests: &[Manifest]) -> Vec<&str> {
    manifests.iter().map(|object| object.yaml.as_str()).collect()
}

/// The archive of a chart, unless the chart was changed since.
fn archive(chart: &Chart) -> Option<PathBuf> {
    let version = chart.about()["version"].as_str()?;
    let file = shipped(&format!("charts/{}-{version}.tgz", chart.name()))?;
    let made_at = file.metadata().ok()?.modified().ok()?;
    (Some(made_at) > chart.changed_at()).then_some(file)
}

/// A shipped chart, with the charts that it brings along.
fn unpacked(chart: &Chart, archive: &Path, folder: &Path) -> Result<Chart> {
    let unpacked = folder.join(chart.name());
    if !unpacked.exists() {
        let tar = Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder).status()?;
        ensure!(tar.success(), "tar cannot read {}", archive.display());
    }
    Chart::at(&unpacked)
}
