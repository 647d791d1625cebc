//! The beacon: stamps the time where both clusters can read it.
//!
//! Follow a beat from here: [`run`] checks the flags (`cli`, then `config`), `beacon` takes a stamp from the
//! wall clock at every turn of its `cadence` and writes it through a `heartbeat_store::Store`, and leaves how
//! that went in `state`, from which the log's few lines (`streak`), the `metrics` and the answers of the
//! endpoints are made. Beside it `peer` reads the other cluster's stamp, to know that it could.
//!
//! What this crate does not do: it judges no heart, owns nothing, and deletes nothing.

mod beacon;
mod cadence;
mod cli;
mod config;
mod metrics;
mod peer;
mod state;
mod streak;
#[cfg(test)]
mod test_bench;
mod wall_clock;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use failover_policy::ClusterId;
use flatline_shell::endpoints::{Endpoints, Report};
use flatline_shell::{Clock, ConfigError, Environment, Exit, SystemClock, Termination, exit, process_name};
use heartbeat_store::WriterId;
use tracing::info;

use crate::beacon::Beacon;
use crate::config::{BeaconConfig, RunConfig};
use crate::peer::PeerWatch;
use crate::state::{Identity, Status};

pub use crate::cli::{BeaconFlags, Command, DEFAULT_COMMAND, Flags, NAME, RunFlags, TimingFlags};

/// Does what the flags ask for. A configuration that cannot be used is told in one line and refused.
pub async fn run(flags: Flags, environment: Environment) -> Exit {
    let ended = match flags.command {
        Command::Run(flags) => beat_until_stopped(&flags, &environment).await,
        Command::Once(flags) => beat_once(&flags, &environment).await,
    };
    ended.unwrap_or_else(|error| exit::refuse(NAME, error))
}

async fn beat_until_stopped(flags: &RunFlags, environment: &Environment) -> Result<Exit, ConfigError> {
    flags.beacon.logs.start(environment)?;
    let mut termination = Termination::install()?;
    let config = RunConfig::check(flags, environment)?;
    let endpoints = config.listen.map(Endpoints::bind);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let status = Arc::new(status(&config.beacon, config.peer.clone(), environment, Arc::clone(&clock))?);
    announce(&status, endpoints.as_ref());
    let store = config.beacon.store;
    let beacon = Beacon::new(store.clone(), Arc::clone(&clock), Arc::clone(&status));
    let peer = config.peer.map(|peer| PeerWatch::new(peer, store, clock, Arc::clone(&status)));
    let signal = tokio::select! {
        biased;
        signal = termination.received() => signal,
        never = beacon.beat_forever() => match never {},
        never = watch(peer) => match never {},
        never = answer(endpoints, status.clone()) => match never {},
    };
    info!(signal, landed = status.landed(), "told to stop");
    Ok(Exit::Signal(signal))
}

async fn beat_once(flags: &BeaconFlags, environment: &Environment) -> Result<Exit, ConfigError> {
    flags.logs.start(environment)?;
    let mut termination = Termination::install()?;
    let config = BeaconConfig::check(flags, environment)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let status = Arc::new(status(&config, None, environment, Arc::clone(&clock))?);
    let mut beacon = Beacon::new(config.store.clone(), clock, Arc::clone(&status));
    // There is no next beat that could use what has been connected meanwhile.
    let beat = async {
        config.store.reach().await;
        beacon.beat().await
    };
    let (outcome, _) = tokio::select! {
        biased;
        signal = termination.received() => return Ok(Exit::Signal(signal)),
        ended = beat => ended,
    };
    outcome.map_err(ConfigError::new)?;
    info!(cluster = %config.cluster, store = status.identity().location, "one beat written");
    Ok(Exit::Done)
}

fn status(
    config: &BeaconConfig,
    peer: Option<ClusterId>,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Status, ConfigError> {
    let start = clock.now();
    let identity = Identity {
        cluster: config.cluster.clone(),
        primary: config.primary.clone(),
        peer,
        location: config.store.location(),
        writer: WriterId(process_name(environment, start.wall)?),
        interval: config.timing.interval,
        write_deadline: config.timing.write_deadline,
        start,
    };
    Ok(Status::new(identity, clock))
}

fn announce(status: &Status, endpoints: Option<&Endpoints>) {
    let identity = status.identity();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        cluster = %identity.cluster,
        store = identity.location,
        interval = %identity.interval,
        write_deadline = %identity.write_deadline,
        writer = %identity.writer,
        peer = identity.peer.as_ref().map(tracing::field::display),
        primary = identity.primary.as_ref().map(tracing::field::display),
        listen = endpoints.map(|endpoints| tracing::field::display(endpoints.address())),
        "starting"
    );
}

async fn watch(peer: Option<PeerWatch>) -> Infallible {
    match peer {
        Some(peer) => peer.watch_forever().await,
        None => pending().await,
    }
}

async fn answer(endpoints: Option<Endpoints>, report: Arc<dyn Report>) -> Infallible {
    match endpoints {
        Some(endpoints) => endpoints.serve(report, None).await,
        None => pending().await,
    }
}
