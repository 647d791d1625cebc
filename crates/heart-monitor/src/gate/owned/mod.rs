//! `wait` with `--ownership prefer` or `strict`: blocks until this cluster owns the work by the record.

mod hold;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::{LeaseTiming, Role, SignedSpan};
use flatline_processes::Reaper;
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use heartbeat_store::Store;

use crate::cli::WaitArgs;
use crate::gate::owned::hold::Hold;
use crate::gate::{give_up_at, tight_lines};
use crate::ownership::config::{self, OwnershipConfig};
use crate::ownership::front::{Counter, Front};
use crate::timing_args::deadlines;

/// Blocks until this cluster owns the work, or until something else ends the wait.
pub(super) async fn wait(
    args: &WaitArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let start = clock.now();
    let config = config::check(&args.gate, &args.heart, Role::Gate, environment, start.wall).await?;
    let store = args.heart.store.open(environment, deadlines(&config.timing))?;
    let deadline = config.timeout.map(|timeout| start.boot.after(timeout.get()));
    let Front { state, chronicle, mut activations, counter } =
        Front::new(&config, args.gate.listen, Arc::clone(&clock), Reaper::start)?;
    announce(&config, &store, &counter);
    let mut hold = Hold::new(&config, store, Arc::clone(&clock), chronicle, state);
    let exit = tokio::select! {
        biased;
        exit = hold.until_open(&mut activations) => exit,
        exit = give_up_at(deadline, clock.as_ref()) => exit,
        never = counter.serve() => match never {},
    };
    hold.into_chronicle().finish().await;
    Ok(exit)
}

fn announce(config: &OwnershipConfig, store: &Store, counter: &Counter) {
    let OwnershipConfig { timing, rule, term_file, timeout, .. } = config;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = %rule.this,
        primary = %rule.primary,
        store = store.location(),
        credential = store.credential(),
        ownership = config.mode(),
        by = rule.by,
        flatline_after = %timing.flatline_after,
        confirm = %rule.watch.confirm,
        poll = %timing.poll,
        read_deadline = %timing.read_deadline,
        cache_age = %rule.cache_age,
        takeover_delay = %rule.takeover_delay,
        timeout = timeout.map(|timeout| timeout.to_string()),
        term_file = term_file.as_ref().map(|file| file.path().display().to_string()),
        tight = tight_lines(timing),
        listen = counter.address(),
        activation = counter.takes_activations(),
        "waits until this cluster owns the work"
    );
    let LeaseTiming { watch, stop } = rule.lease;
    if rule.lease.hold() <= SignedSpan::ZERO {
        tracing::warn!(
            %watch, %stop,
            "no guard could run under the timings that this gate records with a takeover; shorten --stop-grace or \
             lengthen --flatline-after"
        );
    }
}
