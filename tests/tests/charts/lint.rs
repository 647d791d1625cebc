//! Helm's own opinion.

use anyhow::{Context, Result};
use flatline_tests::Chart;

use crate::changed;

#[test]
fn every_variant_of_every_chart_passes_a_strict_lint() -> Result<()> {
    for chart in Chart::all()? {
        for variant in chart.variants()? {
            chart.lint(&[&variant.values], &[]).with_context(|| variant.name.clone())?;
        }
    }
    Ok(())
}

#[test]
fn a_template_that_is_broken_does_not_pass() -> Result<()> {
    let (chart, folder) = (Chart::named("heartbeat-writer")?, tempfile::tempdir()?);
    let values = &chart.variants()?[0].values;
    let broken =
        changed(&chart, folder.path(), "templates/deployment.yaml", |text| format!("{text}\n  a: b: c\n"))?;
    assert!(broken.lint(&[values], &[]).is_err());
    assert!(broken.render(&[values], &[]).is_err());
    Ok(())
}
