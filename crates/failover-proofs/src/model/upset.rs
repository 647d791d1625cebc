//! Things that go wrong until they are mended.

use super::clock::Slew;
use super::side::Side;

/// Something that goes wrong, or that an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Upset {
    /// A beacon dies.
    BeaconDies(Side),
    /// A guard is killed, and its workload with it.
    GuardDies(Side),
    /// Everything in a cluster dies.
    ClusterDies(Side),
    /// A node freezes: guard and workload together.
    Freezes(Side),
    /// A cluster cannot reach the store.
    CutOff(Side),
    /// What a cluster's guard reads of the other's stamp is damaged.
    ReadsAreDamaged(Side),
    /// An operator starts a handover, to finish in peace if `drain`.
    Handover {
        /// To whom.
        to: Side,
        /// Whether the workload gets a while.
        drain: bool,
    },
    /// A time daemon slews a node's clock, or stops doing so.
    Slews(Side, Slew),
}

/// The end of an upset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Relief {
    /// A beacon starts again.
    BeaconBack(Side),
    /// A guard starts again, knowing nothing.
    GuardBack(Side),
    /// A node goes on.
    Thaws(Side),
    /// A cluster reaches the store again.
    Reconnected(Side),
    /// It reads the other's stamp again.
    ReadsAreWell(Side),
    /// The operator's command is killed.
    Interrupted,
}

/// Either. Within a tick they come in order, so that the same ones are not tried in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Event {
    /// Something is mended.
    Relief(Relief),
    /// Something goes wrong.
    Upset(Upset),
}

impl Event {
    /// All events, in order.
    pub(crate) fn all(drain: bool) -> impl Iterator<Item = Self> {
        let reliefs = Side::ALL
            .into_iter()
            .flat_map(|side| {
                [
                    Relief::BeaconBack(side),
                    Relief::GuardBack(side),
                    Relief::Thaws(side),
                    Relief::Reconnected(side),
                    Relief::ReadsAreWell(side),
                ]
            })
            .chain([Relief::Interrupted]);
        let upsets = Side::ALL.into_iter().flat_map(move |side| {
            [
                Upset::BeaconDies(side),
                Upset::GuardDies(side),
                Upset::ClusterDies(side),
                Upset::Freezes(side),
                Upset::CutOff(side),
                Upset::ReadsAreDamaged(side),
                Upset::Handover { to: side, drain },
            ]
        });
        let slews = Side::ALL.into_iter().flat_map(|side| Slew::ALL.map(|slew| Upset::Slews(side, slew)));
        reliefs.map(Self::Relief).chain(upsets.chain(slews).map(Self::Upset))
    }
}
