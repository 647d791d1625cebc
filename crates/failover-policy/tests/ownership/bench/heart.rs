//! Made-up hearts.

use failover_policy::{Finding, Fingerprint, Malformed, Stamp, Witness};

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
    /// Malformed, where writers can be caught in the middle; nothing moves any more.
    Torn,
    /// The same with details beside it that go on every two seconds.
    TornBesideDetails,
    /// Malformed, where writes are atomic.
    Foreign,
    Missing,
    Unreadable,
}

impl Heart {
    const INTERVAL: Millis = 2000;

    pub(crate) fn finding(self, at: Millis) -> Finding {
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
            Self::Torn => torn(Witness::Absent),
            Self::TornBesideDetails => {
                torn(Witness::Details(Fingerprint::of(&(at - at % Self::INTERVAL).to_be_bytes())))
            }
            Self::Foreign => Finding::Malformed(Malformed::Foreign),
            Self::Missing => Finding::Missing,
            Self::Unreadable => Finding::Unreadable,
        }
    }
}

/// Empty bytes, as a writer leaves them that dies between truncating and writing.
pub(crate) fn torn(witness: Witness) -> Finding {
    Finding::Malformed(Malformed::Torn { bytes: Fingerprint::of(b""), witness })
}
