//! `run`: the guard. Starts the workload when this cluster may run it, stops it before another may, and goes back
//! to waiting in the same process.
//!
//! Two things go on at once and share the policy's guard: `errands` carries its steps to the store;
//! `tending` carries its orders to the workload, also while a step hangs. `diary` tells what became of the
//! workload.

mod diary;
mod errands;
mod tending;

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::sync::Arc;

use failover_policy::{Guard, GuardRule, Role};
use flatline_processes::{CommandLine, InvalidCommandLine, Reaper};
use flatline_shell::{Clock, ConfigError, Environment, Exit, Signals};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::calls::Calls;
use crate::carrier::Carrier;
use crate::cli::RunArgs;
use crate::guard::diary::Diary;
use crate::guard::errands::Errands;
use crate::guard::tending::Tending;
use crate::ownership::config;
use crate::ownership::front::Front;
use crate::ownership::rehearsal::Rehearsal;
use crate::timing_args::deadlines;

/// Guards the command until it ends by itself, or until a signal asks this process to end.
pub(crate) async fn run(
    args: RunArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let mut signals = Signals::install()?;
    let start = clock.now();
    let config = config::check(&args.gate, &args.heart, Role::Guard, environment, start.wall).await?;
    let command = guarded(args.entry_point, args.command).map_err(ConfigError::new)?;
    if let Err(unstartable) = command.check() {
        flatline_shell::exit::refuse("heart-monitor", &unstartable);
        return Ok(unstartable.exit());
    }
    let store = args.heart.store.open(environment, deadlines(&config.timing))?;
    let reaper = Reaper::start()?;
    let Front { state, chronicle, mut activations, counter } =
        Front::new(&config, args.gate.listen, Arc::clone(&clock), || Ok(reaper.clone()))?;
    diary::announce(&config, &command, &store, &counter);

    let rule = GuardRule {
        gate: config.rule.clone(),
        stop_grace: config.timing.stop_grace,
        on_store_loss: args.on_store_loss.into(),
    };
    let (guard, changed, chronicle) =
        (RefCell::new(Guard::new(rule)), Notify::new(), RefCell::new(chronicle));
    let diary = Diary {
        this: &config.rule.this,
        chronicle: &chronicle,
        clock: clock.as_ref(),
        not_started_told: Cell::new(None),
    };
    let tending = Tending {
        guard: &guard,
        changed: &changed,
        clock: clock.as_ref(),
        config: &config,
        command: &command,
        reaper: &reaper,
        diary,
    };
    let (age, cache_age) = watch::channel(config.rule.cache_age);
    let mut beside = JoinSet::new();
    beside.spawn(config.caches.clone().run(age));
    let mut errands = Errands {
        guard: &guard,
        changed: &changed,
        clock: clock.as_ref(),
        chronicle: &chronicle,
        calls: Calls::new(Carrier::new(store.clone(), Arc::clone(&clock)), config.rule.this.clone()),
        rehearsal: Some(Rehearsal { store, clock: Arc::clone(&clock), state }),
        cache_age,
        beside,
    };
    let exit = tokio::select! {
        // The workload comes first: on a thaw it must be ended before the store is asked again.
        biased;
        exit = tending.run(&mut signals) => exit,
        never = errands.run(&mut activations) => match never {},
        never = counter.serve() => match never {},
    };
    drop(errands);
    chronicle.into_inner().finish().await;
    Ok(exit)
}

/// What is guarded: the words of the command line, behind the entry point where there is one.
fn guarded(
    entry_point: Option<CommandLine>,
    words: Vec<OsString>,
) -> Result<CommandLine, InvalidCommandLine> {
    match entry_point {
        Some(entry_point) => Ok(entry_point.followed_by(words)),
        None => CommandLine::of_words(words),
    }
}
