//! `wait` with `--ownership prefer` or `strict`: blocks until this cluster owns the work by the record.

use std::sync::Arc;

use failover_policy::{Gate, Opening, Role, Step};
use flatline_shell::{Clock, ConfigError, Environment, Exit, sleep_until};
use heartbeat_store::Store;

use crate::carrier::Carrier;
use crate::cli::WaitArgs;
use crate::errand::Errand;
use crate::gate::{give_up_at, tight_lines};
use crate::ownership::config::{self, OwnershipConfig};
use crate::timing_args::deadlines;

pub(super) async fn wait(
    args: &WaitArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let start = clock.now();
    let config = config::check(&args.gate, &args.heart, Role::Gate, environment, start.wall).await?;
    let store = args.heart.store.open(environment, deadlines(&config.timing))?;
    let deadline = config.timeout.map(|timeout| start.boot.after(timeout.get()));
    let carrier = Carrier::new(store, Arc::clone(&clock));
    announce(&config, carrier.store());
    let exit = tokio::select! {
        biased;
        exit = hold(&config, carrier, clock.as_ref()) => exit,
        exit = give_up_at(deadline, clock.as_ref()) => exit,
    };
    Ok(exit)
}

/// Carries out what the policy's gate asks for until it opens, and hands the term over.
async fn hold(config: &OwnershipConfig, mut carrier: Carrier, clock: &dyn Clock) -> Exit {
    let mut gate = Gate::new(config.rule.clone());
    loop {
        match gate.poll_step(clock.now()) {
            Step::Open(opening) => match hand_over(config, &opening) {
                Ok(()) => {
                    tracing::info!(cluster = %config.rule.this, term = opening.term(), "go");
                    return Exit::Done;
                }
                Err(error) => {
                    tracing::error!(%error, "the term cannot be handed over");
                    sleep_until(clock, clock.now().boot.after(config.timing.poll.get())).await;
                }
            },
            Step::Sleep(until) => sleep_until(clock, until).await,
            step => {
                if let Some(errand) = carrier.run(step, &config.rule.this).await {
                    if let Some(error) = errand.error() {
                        tracing::debug!(%error, "a step at the store failed");
                    }
                    hand_back(&mut gate, errand);
                }
            }
        }
    }
}

fn announce(config: &OwnershipConfig, store: &Store) {
    let OwnershipConfig { timing, rule, term_file, .. } = config;
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
        term_file = term_file.as_ref().map(|file| file.path().display().to_string()),
        tight = tight_lines(timing),
        "waits until this cluster owns the work"
    );
}

fn hand_back(gate: &mut Gate, errand: Errand) {
    match errand {
        Errand::Own(look) => gate.handle_own(look.answer),
        Errand::Record(look) => {
            gate.handle_record(look.answer);
        }
        Errand::Heart(cluster, look) => gate.handle_heart(&cluster, look.answer),
        Errand::Maintenance(issued, read) => gate.handle_maintenance(read.answer, issued),
        Errand::Swap(swap, swapped) => {
            let swapped = swapped.answer;
            gate.handle_swap(*swap, swapped.outcome, swapped.issued, swapped.completed);
        }
    }
}

fn hand_over(config: &OwnershipConfig, opening: &Opening) -> std::io::Result<()> {
    match (&config.term_file, opening.term()) {
        (None, _) => Ok(()),
        (Some(file), Some(term)) => file.write(term),
        (Some(file), None) => file.remove(),
    }
}
