//! `cargo xtask charts`: writes what is made from the charts' values into their README files.

use anyhow::Result;
use flatline_tests::Chart;

use crate::tools;

/// Writes the table of parameters of every chart. The tests compare it.
pub(crate) fn write_readmes() -> Result<()> {
    tools::install_node_tools()?;
    for chart in Chart::all()? {
        chart.write_parameters(&chart.readme())?;
        println!("charts/{}/README.md: the table of parameters is that of values.yaml", chart.name());
    }
    Ok(())
}
