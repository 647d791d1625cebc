//! The charts, as a cluster would see them: what Helm renders is played as pods, in two clusters on one store. The oracle
//! reads the marks that the workloads left, and the kubelet's diary says what it started when.

#[macro_use]
mod stage;

mod beacons;
mod cluster;
mod copy_paste;
mod cut_off;
mod gate_alone;
mod gate_and_guard;
mod guard_alone;
mod helm_test;
mod player;
mod restarts;
mod store;
mod two_guards;
mod variants;

use std::time::Duration;

/// How long anything may take that is expected to happen. Generous, since a busy machine is no failure.
const SOON: Duration = Duration::from_secs(30);
