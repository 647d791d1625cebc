//! The tables of parameters say what the values are.

use std::fs;

use anyhow::{Result, ensure};
use flatline_tests::Chart;

use crate::changed;

#[test]
fn the_tables_of_parameters_are_those_of_the_values() -> Result<()> {
    for chart in Chart::all()? {
        has_its_own_table(&chart)?;
    }
    Ok(())
}

#[test]
fn a_table_that_has_drifted_and_a_value_without_description_are_refused() -> Result<()> {
    let (chart, folder) = (Chart::named("heartbeat-writer")?, tempfile::tempdir()?);
    let drifted = changed(&chart, &folder.path().join("drifted"), "values.yaml", |text| {
        text.replacen("replicaCount: 2", "replicaCount: 3", 1)
    })?;
    let reason = has_its_own_table(&drifted).unwrap_err().to_string();
    assert!(reason.contains("run `cargo xtask charts`"), "{reason}");

    let undescribed = changed(&chart, &folder.path().join("undescribed"), "values.yaml", |text| {
        format!("{text}\nextra: 1\n")
    })?;
    let reason = has_its_own_table(&undescribed).unwrap_err().to_string();
    assert!(reason.contains("Missing metadata for key: extra"), "{reason}");
    Ok(())
}

fn has_its_own_table(chart: &Chart) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("README.md");
    fs::copy(chart.readme(), &copy)?;
    chart.write_parameters(&copy)?;
    ensure!(
        fs::read(&copy)? == fs::read(chart.readme())?,
        "the parameters in charts/{}/README.md are not those of values.yaml: run `cargo xtask charts`",
        chart.name()
    );
    Ok(())
}
