//! `cargo xtask prove`: the three proofs of the failover protocol, as they run with every change or for longer.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::phases::Phases;
use crate::{shell, test};

#[derive(Args)]
pub(crate) struct Prove {
    /// Schedules of the randomised simulator
    #[arg(long, default_value_t = 2_000_000)]
    schedules: u64,
    /// Minutes of random strikes at real processes, on each kind of store
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Go through the much larger worlds of the exhaustive model as well: hours
    #[arg(long)]
    long_model: bool,
}

impl Prove {
    pub(crate) fn run(&self) -> Result<()> {
        let mut phases = Phases::default();
        if !test::prepare(&mut phases) {
            return phases.finish();
        }
        phases.run("exhaustive", || {
            let mut model = model();
            if self.long_model {
                model.env("FLATLINE_MODEL", "long");
            }
            shell::run(&mut model)
        });
        phases.run("randomised", || {
            shell::run(simulator().env("FLATLINE_SCHEDULES", self.schedules.to_string()))
        });
        phases.run("real processes", || {
            let mut failover = shell::cargo("test");
            failover.args(["-p", "flatline-tests", "--test", "failover", "--", "--nocapture"]);
            failover.env("FLATLINE_PROVE", self.minutes.to_string());
            shell::run(test::of_processes(&mut failover))
        });
        phases.finish()
    }
}

/// The proofs that need no processes, as long as every change can afford: a phase each, since they print what they
/// went through.
pub(crate) fn run_phases(phases: &mut Phases) {
    phases.run("exhaustive proof", || shell::run(&mut model()));
    phases.run("randomised proof", || shell::run(&mut simulator()));
}

fn model() -> Command {
    proof("exhaustive")
}

fn simulator() -> Command {
    proof("randomised")
}

fn proof(name: &str) -> Command {
    let mut test = shell::cargo("test");
    test.args(["-p", PROOFS, "--test", name, "--", "--nocapture"]);
    test
}

/// The crate with the proofs, which the other tests leave out.
pub(crate) const PROOFS: &str = "failover-proofs";
