//! Two clusters, one store, and everything that can break between them: real beacons, gates, guards and workloads
//! are killed, frozen, cut off and brought back, and at the end of every scene the oracle reads the marks that the
//! workloads left: never did two clusters run at once, never did a term run back.

#[macro_use]
mod scene;

mod cluster;
mod command;
mod damaged;
mod frozen;
mod gates;
mod handover;
mod mending;
mod names;
mod network;
mod rollout;
mod slow;
mod soak;
mod store;
mod takeover;
mod told;
mod truth;
mod users;

use std::time::Duration;

/// How long anything may take that is expected to happen. Generous, since a busy machine is no failure.
const SOON: Duration = Duration::from_secs(30);
