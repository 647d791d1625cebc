//! `heart-monitor`: holds a standby's workload back until the watched heart is flat, and answers people who
//! ask about hearts.
//!
//! Follow a look: `watcher` reads the store when the policy's detector wants it to, hands over what
//! it found and when, and reports the assessment. `wait` is the init container, in `gate`; `check`, `status`
//! and `watch` show the same assessments to people; `timing` and `doctor` examine the configuration and the
//! store around them. `operator` has the commands by which people change who runs. `install` brings the program
//! itself to where the workload is.
//!
//! What this crate does not do: it decides nothing about hearts or about who may run, that is `failover-policy`. To
//! the store it writes the ownership record, as that asks for it, what operators order, and probes, which it removes.

mod advice;
mod calls;
mod carrier;
mod check;
mod cli;
mod doctor;
mod errand;
mod gate;
mod guard;
mod heart_journal;
mod heart_metrics;
mod heart_report;
mod install;
mod link;
mod mount_table;
mod operator;
mod owner_heart;
mod ownership;
mod paint;
mod read_journal;
mod record_advice;
mod record_probe;
mod record_report;
mod status;
mod store_advice;
mod strangers;
mod term_file;
mod timing_args;
mod timing_report;
mod watch;
mod watcher;

use std::sync::Arc;

use flatline_shell::{ConfigError, Environment, Exit, SystemClock, Termination, exit};

pub use cli::Cli;
use cli::Command;
pub use link::without_link;

/// Runs the chosen command to its end, or until a signal ends it. Data goes to stdout, logs to stderr.
pub async fn run(cli: Cli, environment: Environment) -> Exit {
    Box::pin(run_checked(cli, &environment))
        .await
        .unwrap_or_else(|error| exit::refuse("heart-monitor", error))
}

async fn run_checked(cli: Cli, environment: &Environment) -> Result<Exit, ConfigError> {
    cli.logging.start(environment)?;
    let clock = Arc::new(SystemClock);
    match cli.command {
        // A guard passes signals on instead of ending by them.
        Command::Run(args) => guard::run(args, environment, clock).await,
        // A handover says where it leaves things before it goes.
        Command::Handover(args) => operator::handover(&args, environment, clock).await,
        Command::Failback(args) => operator::failback(&args, environment, clock).await,
        command => Box::pin(until_told_to_stop(dispatch(command, environment, clock))).await,
    }
}

async fn until_told_to_stop(
    work: impl Future<Output = Result<Exit, ConfigError>>,
) -> Result<Exit, ConfigError> {
    let mut termination = Termination::install()?;
    tokio::select! {
        biased;
        signal = termination.received() => {
            tracing::info!(signal, "told to stop");
            Ok(Exit::Signal(signal))
        }
        ended = work => ended,
    }
}

async fn dispatch(
    command: Command,
    environment: &Environment,
    clock: Arc<SystemClock>,
) -> Result<Exit, ConfigError> {
    match command {
        Command::Wait(args) => gate::wait(args, environment, clock).await,
        Command::Run(args) => guard::run(args, environment, clock).await,
        Command::Check(args) => check::run(&args, environment, clock).await,
        Command::Status(args) => status::run(&args, environment, clock).await,
        Command::Watch(args) => watch::run(&args, environment, clock).await,
        Command::Handover(args) => operator::handover(&args, environment, clock).await,
        Command::Failback(args) => operator::failback(&args, environment, clock).await,
        Command::Activate(args) => operator::activate(&args, environment, clock).await,
        Command::Maintenance(args) => operator::maintenance(&args, environment, clock).await,
        Command::Timing(args) => timing_report::run(&args),
        Command::Doctor(args) => doctor::run(&args, environment, clock).await,
        Command::Install(args) => install::run(&args),
    }
}
