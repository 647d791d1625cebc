//! Whether this cluster could read the peer's stamp if it had to: a blocked init container has no probes, and
//! a standby whose credential expired must be known before the disaster.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use failover_policy::ClusterId;
use flatline_shell::Clock;
use heartbeat_store::{Store, StoreError};
use tracing::{info, warn};

use crate::cadence::Cadence;
use crate::state::Status;
use crate::streak::Change;

/// Reads the peer's stamp every interval and reports how that goes. It judges no heart: that is the monitor's
/// work.
#[derive(Debug)]
pub(crate) struct PeerWatch {
    cluster: ClusterId,
    store: Store,
    clock: Arc<dyn Clock>,
    status: Arc<Status>,
}

/// A peer is looked at no more often than this, since each look costs a request.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// And no less often than this, since a credential that expired should be known soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl PeerWatch {
    /// `store` may be the beacon's own: no back end lets a read that hangs stand in a beat's way.
    pub(crate) fn new(cluster: ClusterId, store: Store, clock: Arc<dyn Clock>, status: Arc<Status>) -> Self {
        Self { cluster, store, clock, status }
    }

    /// Looks at once and then at every interval, within reason; a look that takes longer than one is followed by the next.
    pub(crate) async fn watch_forever(self) -> Infallible {
        let interval = self.status.identity().interval.get().clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        let mut cadence = Cadence::starting(self.clock.now().hold, interval);
        loop {
            self.clock.alarm(cadence.due()).await;
            cadence.take(self.clock.now().hold);
            self.look().await;
        }
    }

    async fn look(&self) {
        let outcome = self.store.read_stamp(&self.cluster).await;
        let change = self.status.peer_read(&outcome, self.clock.now());
        self.tell(change, outcome.as_ref().err());
    }

    /// One line for each change of state.
    fn tell(&self, change: Option<Change>, error: Option<&StoreError>) {
        let peer = self.cluster.as_str();
        let reason = error.map(StoreError::reason);
        let error = error.map(tracing::field::display);
        match change {
            None => {}
            Some(Change::Works) => info!(peer, "the peer's stamp can be read"),
            Some(Change::Fails) => warn!(peer, reason, error, "the peer's stamp cannot be read"),
            Some(Change::FailsOtherwise) => {
                warn!(peer, reason, error, "the peer's stamp still cannot be read, for another reason");
            }
            Some(Change::Recovered { after, lost }) => {
                info!(peer, ?after, lost, "the peer's stamp can be read again");
            }
        }
    }
}

#[cfg(test)]
mod tests;
