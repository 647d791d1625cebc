//! `wait --ownership off`, the classic behaviour: the primary goes, everybody else watches its heart.

mod config;
mod journal;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::Span;
use flatline_shell::endpoints::Endpoints;
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use heartbeat_store::Store;

use crate::cli::WaitArgs;
use crate::gate::classic::config::{Gate, GateConfig};
use crate::gate::classic::journal::Journal;
use crate::gate::classic::state::GateState;
use crate::gate::{give_up_at, tight_lines};
use crate::timing_args::deadlines;
use crate::watcher::Watcher;

/// Goes at once in the primary; elsewhere blocks until the watched heart is flat, or something else ends the wait.
pub(super) async fn wait(
    args: WaitArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let standby = match config::check(&args, environment)? {
        Gate::Open { this } => {
            tracing::info!(cluster = %this, ownership = "off", "go: this cluster is the primary");
            return Ok(Exit::Done);
        }
        Gate::Standby(standby) => standby,
    };
    let store = args.heart.store.open(environment, deadlines(&standby.timing))?;
    let state = Arc::new(GateState::new(&standby, Arc::clone(&clock)));
    let endpoints = args.gate.listen.map(Endpoints::bind);
    let deadline = standby.timeout.map(|timeout| clock.now().boot.after(timeout.get()));
    announce(&standby, &store, endpoints.as_ref());
    let exit = tokio::select! {
        biased;
        exit = hold(&standby, store, Arc::clone(&clock), Arc::clone(&state)) => exit,
        exit = give_up_at(deadline, clock.as_ref()) => exit,
        never = serve(endpoints, state) => match never {},
    };
    Ok(exit)
}

/// Looks at the watched heart until it is flat.
async fn hold(standby: &GateConfig, store: Store, clock: Arc<dyn Clock>, state: Arc<GateState>) -> Exit {
    let mut journal = Journal::new(standby);
    let mut watcher = Watcher::new(store.clone(), standby.that.clone(), clock, standby.rule);
    loop {
        let sight = watcher.next().await;
        journal.note(&sight);
        state.note(&sight);
        if sight.assessment.verdict.is_flatlined() {
            journal.opened(&sight);
            return Exit::Done;
        }
        if journal.heart.wants_details(&sight) {
            let details = store.read_details(&standby.that).await.ok().flatten();
            journal.heart.note_details(details.as_ref(), &sight);
        }
    }
}

async fn serve(endpoints: Option<Endpoints>, state: Arc<GateState>) -> std::convert::Infallible {
    match endpoints {
        Some(endpoints) => endpoints.serve(state, None).await,
        None => std::future::pending().await,
    }
}

fn announce(standby: &GateConfig, store: &Store, endpoints: Option<&Endpoints>) {
    let GateConfig { this, that, timing, rule, .. } = standby;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = %this,
        watching = %that,
        store = store.location(),
        credential = store.credential(),
        ownership = "off",
        flatline_after = %timing.flatline_after,
        confirm = %rule.confirm,
        poll = %timing.poll,
        read_deadline = %timing.read_deadline,
        tight = tight_lines(timing),
        listen = endpoints.map(|endpoints| endpoints.address().to_string()),
        "blocked until the watched heart is flat"
    );
    if rule.confirm == Span::ZERO {
        tracing::warn!(
            "--confirm 0s believes an old stamp at first sight: clocks that are apart can open this gate"
        );
    }
}
