//! What befalls somebody at a moment.

/// One blow of fate, or one mercy. Numbers name beacons and actors of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Deed {
    /// An actor's process starts, and has read nothing.
    Start(usize),
    /// An actor's process dies, and its workload with it.
    Crash(usize),
    /// An actor's node stands still, its workload too.
    Freeze(usize),
    /// It goes on.
    Thaw(usize),
    /// A beacon dies, or its node stands still.
    BeaconDies(usize),
    /// It beats again.
    BeaconReturns(usize),
    /// The record vanishes.
    RecordVanishes,
    /// Maintenance is switched off.
    MaintenanceEnds,
}
