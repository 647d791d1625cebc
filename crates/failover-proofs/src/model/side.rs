//! The two clusters, and who acts in them.

use std::sync::LazyLock;

use failover_policy::ClusterId;

/// One of the two clusters. A is the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// The primary.
    A,
    /// The standby.
    B,
}

static IDS: LazyLock<[ClusterId; 2]> =
    LazyLock::new(|| ["a", "b"].map(|id| id.parse().unwrap_or_else(|_| unreachable!("a legal id"))));

impl Side {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::A, Self::B];

    /// Its name in the record.
    pub(crate) fn id(self) -> &'static ClusterId {
        &IDS[self.index()]
    }

    /// The cluster of that name.
    pub(crate) fn of(id: &ClusterId) -> Self {
        if id == Self::A.id() { Self::A } else { Self::B }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Somebody who takes a turn in each tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Actor {
    /// Writes a stamp.
    Beacon(Side),
    /// Polls until it sleeps.
    Guard(Side),
    /// Polls until it sleeps, where there is one.
    Operator,
}
