//! What the survivors have to have come to when a run ends.

use failover_policy::Phase;

use super::node::Sight;
use super::setting::Setting;
use super::side::Side;
use super::world::World;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Whoever could run did, or nobody could.
    Settled,
    /// Somebody could have run, and nobody does.
    NobodyRuns,
    /// A claim or a handover is still open.
    LeftOpen,
}

/// What a cluster can do for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cluster {
    /// It beats, and can run the work.
    Whole,
    /// It does not beat, and nobody waits for it.
    Silent,
    /// It beats and cannot run the work: its guard is dead or frozen. By design nobody takes over from it.
    Hollow,
}

impl Ending {
    /// Judges the last state of a run.
    pub(crate) fn of(world: &World, setting: &Setting) -> Self {
        let clusters = Side::ALL.map(|side| cluster(world, setting, side));
        if world.oracle.violation.is_some() {
            return Self::Settled;
        }
        if clusters.contains(&Cluster::Hollow) || !clusters.contains(&Cluster::Whole) {
            return Self::Settled;
        }
        if is_claimed_from_a_hidden_heart(world) {
            return Self::Settled;
        }
        let is_active = |phase: &Phase| matches!(phase, Phase::Active { .. });
        if !world.store.record().is_some_and(|record| is_active(&record.phase)) {
            return Self::LeftOpen;
        }
        if Side::ALL.iter().any(|side| world.nodes[side.index()].runs()) {
            Self::Settled
        } else {
            Self::NobodyRuns
        }
    }
}

/// A guard whose reads are damaged for good claims once a watch, and is refused; this run ended in between.
fn is_claimed_from_a_hidden_heart(world: &World) -> bool {
    world.store.record().is_some_and(|record| {
        let (claimant, previous) = (Side::of(&record.owner), Side::of(record.last_that_may_run()));
        let [claimant, previous] = [claimant, previous].map(|side| &world.nodes[side.index()]);
        matches!(record.phase, Phase::Pending { .. }) && claimant.sight == Sight::Damaged && previous.runs()
    })
}

fn cluster(world: &World, setting: &Setting, side: Side) -> Cluster {
    let (node, beacon) = (&world.nodes[side.index()], world.beacons[side.index()]);
    if !beacon.up || node.cut_off {
        return Cluster::Silent;
    }
    // Where writes are atomic, a guard that reads nothing but damage knows nothing, and takes nothing over.
    let is_blind = node.sight == Sight::Damaged && setting.damage == Some(true);
    if node.frozen || node.guarded.is_none() || is_blind { Cluster::Hollow } else { Cluster::Whole }
}
