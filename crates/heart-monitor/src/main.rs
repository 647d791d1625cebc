//! The binary: flags in, exit code out. The rest is the library.

use flatline_shell::{Environment, cli, exit};
use heart_monitor::Cli;

fn main() {
    let cli = cli::parse_or_exit::<Cli>("wait");
    exit::run("heart-monitor", heart_monitor::run(cli, Environment::of_process()))
}
