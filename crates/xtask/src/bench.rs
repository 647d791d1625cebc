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
mod takeover;

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use flatline_tests::use_binaries_in;

use self::bed::{Ownership, Role};
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
        tools::install_node_tools()?;
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
        eprintln!("takeover: {} dead owners on each store", self.trials);
        let takeovers = takeover::measure(self.trials)?;
        let mut rows = vec![rows::detection(&detections), rows::takeover(&takeovers), rows::gate(&gates)];
        let window = Duration::from_secs(self.window);
        for role in [Role::Gate(Ownership::Off), Role::Gate(Ownership::Prefer), Role::Guard] {
            eprintln!("idling as {}: {} of each for {window:?}", role.name(), self.instances);
            rows.extend(rows::idle(role, &idle::measure(role, self.instances, window)?));
        }
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
