//! Tries what a takeover does to the store, with a record of its own that it removes again.

use std::time::Duration;

use flatline_shell::Clock;
use heartbeat_store::{RecordName, RecordVersion, Store, StoreError};

/// What one run through the life of a record came to.
#[derive(Debug)]
pub(crate) struct Probed {
    /// Creating it, and how long that took.
    pub(crate) created: Result<Duration, (StoreError, Duration)>,
    /// Swapping it; `None` where it was not created.
    pub(crate) swapped: Option<Result<Swaps, StoreError>>,
    /// What could not be removed again, and why.
    pub(crate) left_behind: Option<(String, StoreError)>,
}

/// How the store decides between two swaps from the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swaps {
    /// One wins, as it must; it took so long.
    OneWins(Duration),
    /// Both win: the place cannot decide between two claimants.
    BothWin,
}

/// Creates a record, swaps it twice from the same state and removes it.
pub(crate) async fn probe(store: &Store, clock: &dyn Clock) -> Probed {
    let id = flatline_files::random_word();
    let name = RecordName::Probe(id.clone());
    let started = clock.now().boot;
    let created = store.create_record(&name, format!("{id} 1").as_bytes(), 1).await;
    let took = clock.now().boot.since(started);
    let first = match created {
        Ok(version) => version,
        Err(error) => {
            let may_be_there = matches!(error, StoreError::Ambiguous { .. } | StoreError::Unsupported { .. });
            let left_behind = if may_be_there { remove(store, id).await } else { None };
            return Probed { created: Err((error, took)), swapped: None, left_behind };
        }
    };
    let swapped = swap_twice(store, clock, &name, &id, &first).await;
    Probed { created: Ok(took), swapped: Some(swapped), left_behind: remove(store, id).await }
}

/// A swap of the current state must win, and one of a state that is gone must lose.
async fn swap_twice(
    store: &Store,
    clock: &dyn Clock,
    name: &RecordName,
    id: &str,
    first: &RecordVersion,
) -> Result<Swaps, StoreError> {
    let started = clock.now().boot;
    store.swap_record(name, format!("{id} 2").as_bytes(), first, 2).await?;
    let took = clock.now().boot.since(started);
    match store.swap_record(name, format!("{id} 3").as_bytes(), first, 2).await {
        Err(StoreError::Conflict { .. }) => Ok(Swaps::OneWins(took)),
        Ok(_) => Ok(Swaps::BothWin),
        Err(error) => Err(error),
    }
}

async fn remove(store: &Store, id: String) -> Option<(String, StoreError)> {
    match store.remove_probe(&id).await {
        Ok(()) | Err(StoreError::NotFound { .. }) => None,
        Err(error) => Some((id, error)),
    }
}
