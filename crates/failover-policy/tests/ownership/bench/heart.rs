//! Made-up hearts.

use failover_policy::{Finding, Stamp};

use super::{Millis, wall};

/// What stands in the place of one cluster's stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heart {
    /// Beats every two seconds, from zero on.
    Beats,
    /// Beats at this interval, from zero on.
    BeatsEvery(Millis),
    /// Beat every two seconds up to this moment, it included.
    DiedAt(Millis),
    /// Was dead up to this moment, and beats again every two seconds from it on.
    BackAt(Millis),
    Malformed,
    Missing,
    Unreadable,
}

impl Heart {
    const INTERVAL: Millis = 2000;

    pub(super) fn finding(self, at: Millis) -> Finding {
        let beat = |at: Millis| Finding::Stamp(Stamp::new(wall(at)));
        match self {
            Self::Beats => beat(at - at % Self::INTERVAL),
            Self::BeatsEvery(interval) => beat(at - at % interval),
            Self::DiedAt(last) => {
                let at = at.min(last);
                beat(at - at % Self::INTERVAL)
            }
            Self::BackAt(from) if at < from => beat(0),
            Self::BackAt(from) => beat(at - (at - from) % Self::INTERVAL),
            Self::Malformed => Finding::Malformed,
            Self::Missing => Finding::Missing,
            Self::Unreadable => Finding::Unreadable,
        }
    }
}
