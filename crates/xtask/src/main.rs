//! The project's own commands, run as `cargo xtask COMMAND`.

mod azure_cli;
mod bench;
mod charts;
mod checks;
mod ci;
mod demo;
mod dist;
mod fuzz;
mod interrupt;
mod phases;
mod prove;
mod scripts;
mod shell;
mod stores;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show a failover, a return and a failback in a minute: two clusters, one store, one of them dies
    Demo(demo::Demo),
    /// Install what the tests need, as `test` does first
    Tools,
    /// Install what the tests need and run all of them
    Test(test::Test),
    /// Lint and test the cluster scripts, as `test` does
    Scripts,
    /// Run the proofs of the failover protocol for longer than every change can afford
    Prove(prove::Prove),
    /// Everything that a change must pass: tests, format, lints, documents, supply chain, repository
    Ci,
    /// The same, after installing the slow tools that `ci` only uses where it finds them; then fuzz
    CiFull,
    /// Have the real Azure CLI read every command line that the cluster scripts make, as `ci-full` does
    AzLines,
    /// Feed random bytes to the parsers that face the store and the user
    Fuzz(fuzz::Fuzz),
    /// Measure this monitor and the classic loop side by side, against the project's targets
    Bench(bench::Bench),
    /// Write the tables of parameters in the charts' README files, from the comments in their values
    Charts,
    /// Make what is shipped in target/dist: static binaries, images, charts, bills of materials, sums
    Dist(dist::Dist),
}

fn main() -> ExitCode {
    match run(&Xtask::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: error: {error:#}");
            ExitCode::from(shell::exit_code(&error))
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Demo(demo) => demo.run(),
        Command::Tools => tools::install(),
        Command::Test(test) => test.run(),
        Command::Scripts => scripts::run(),
        Command::Prove(prove) => prove.run(),
        Command::Ci => ci::quick(),
        Command::CiFull => ci::full(),
        Command::AzLines => azure_cli::check(),
        Command::Fuzz(fuzz) => fuzz.run(),
        Command::Bench(bench) => bench.run(),
        Command::Charts => charts::write_readmes(),
        Command::Dist(dist) => dist.run(),
    }
}
