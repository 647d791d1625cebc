//! `cargo xtask bench`: this monitor and the classic loop, side by side in one run, against the project's targets.

mod bed;
mod detection;
mod gate;
mod idle;
mod machine;
mod page;
mod procfs;
mod rows;
mod samples;
mod table;

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use flatline_tests::use_binaries_in;

use self::table::Table;
use crate::{dist, interrupt, tools};

/// The platform that is measured: the one that is shipped.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Args)]
pub(crate) struct Bench {
    /// Deaths of a heart on each store, all at the same time
    #[arg(long, default_value_t = 20)]
    trials: u32,
    /// Starts of the owner's gate, one after the other
    #[arg(long, default_value_t = 200)]
    gate_runs: usize,
    /// Writers and monitors that idle while their memory, processor time and reads are taken
    #[arg(long, default_value_t = 10)]
    instances: usize,
    /// How long they are watched, in seconds
    #[arg(long, default_value_t = 120)]
    window: u64,
    /// Put the figures into docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<()> {
        tools::install_azurite()?;
        dist::build(TARGET, &dist::BINARIES)?;
        // On its own: what the tests need besides must not find its way into the binaries that are measured.
        dist::build(TARGET, &["flatline-tests"])?;
        use_binaries_in(dist::built(TARGET));
        interrupt::leads_through_the_error_path()?;
        let table = self.measure()?;
        println!("\n{table}");
        if self.write { page::write(&table, &self.command_line()) } else { Ok(()) }
    }

    fn measure(&self) -> Result<Table> {
        eprintln!("gate: {} starts of each", self.gate_runs);
        let gates = gate::measure(self.gate_runs)?;
        eprintln!("detection: {} deaths on each store", self.trials);
        let detections = detection::measure(self.trials)?;
        let window = Duration::from_secs(self.window);
        eprintln!("idling: {} of each for {window:?}", self.instances);
        let idles = idle::measure(self.instances, window)?;
        let mut rows = vec![rows::detection(&detections), rows::gate(&gates)];
        rows.extend(rows::idle(&idles));
        rows.extend(rows::sizes()?);
        Ok(Table { rows })
    }

    fn command_line(&self) -> String {
        let Self { trials, gate_runs, instances, window, write: _ } = self;
        format!(
            "cargo xtask bench --trials {trials} --gate-runs {gate_runs} --instances {instances} --window {window}"
        )
    }
}
