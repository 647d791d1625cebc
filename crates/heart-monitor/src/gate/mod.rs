//! `wait`: the init container. What holds the workload back until its cluster may run it.

mod classic;
mod owned;

use std::sync::Arc;

use failover_policy::{BootTime, Role, Timing};
use flatline_shell::{Clock, ConfigError, Environment, Exit, sleep_until};

use crate::cli::WaitArgs;
use crate::ownership::args::Ownership;

/// Blocks until this cluster may run, or until something else ends the wait.
pub(crate) async fn wait(
    args: WaitArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    match args.gate.ownership {
        Ownership::Off => classic::wait(args, environment, clock).await,
        Ownership::Prefer | Ownership::Strict => {
            // It is several times larger than any other command.
            Box::pin(owned::wait(&args, environment, clock)).await
        }
    }
}

async fn give_up_at(deadline: Option<BootTime>, clock: &dyn Clock) -> Exit {
    let Some(deadline) = deadline else { return std::future::pending().await };
    sleep_until(clock, deadline).await;
    tracing::warn!("--timeout reached; the gate stays closed");
    Exit::TimedOut
}

/// The inequalities that fail but do not keep a gate from starting.
fn tight_lines(timing: &Timing) -> String {
    let budget = timing.budget();
    let formulas: Vec<_> = budget.warnings(Role::Gate).map(|line| line.formula).collect();
    formulas.join("; ")
}
