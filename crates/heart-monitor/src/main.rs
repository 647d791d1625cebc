//! The binary: flags in, exit code out. The rest is the library.

use flatline_processes::leash;
use flatline_shell::{Environment, cli, exit};
use heart_monitor::Cli;

fn main() {
    // What a guard starts is this program once more, which becomes the command.
    leash::take_if_asked("heart-monitor");
    let words = heart_monitor::without_link(std::env::args_os());
    let cli = cli::parse_words_or_exit::<Cli>(words, "wait");
    exit::run("heart-monitor", heart_monitor::run(cli, Environment::of_process()))
}
