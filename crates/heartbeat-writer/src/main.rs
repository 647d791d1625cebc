//! The beacon's binary: everything is in the library beside it.

use flatline_shell::{Environment, cli, exit};
use heartbeat_writer::{DEFAULT_COMMAND, Flags, NAME, run};

fn main() {
    let flags = cli::parse_or_exit::<Flags>(DEFAULT_COMMAND);
    exit::run(NAME, run(flags, Environment::of_process()))
}
