//! Who wrote a beat, how often, and since when: informative, never needed.

use std::fmt;
use std::time::Duration;

use failover_policy::{Span, Stamp};
use serde::{Deserialize, Serialize};

/// Everything that one beat writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// The stamp: what decides.
    pub stamp: Stamp,
    /// The details beside it: what people and metrics read.
    pub details: BeatDetails,
}

/// Beat details, format version 1. A reader that finds none, or a version that it does not know, still works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeatDetails {
    /// The format's version, [`BeatDetails::VERSION`].
    pub version: u32,
    /// The process that wrote the beat.
    pub writer: WriterId,
    /// Beats that this process has written, this one included: at least 1.
    pub beat_count: u64,
    /// The interval at which the writer beats, in milliseconds: 10 to 3,600,000.
    pub interval_ms: u64,
    /// When the writer's process started, RFC 3339 in UTC by its own clock.
    pub process_start: String,
}

impl BeatDetails {
    /// The only version that this code writes, and the highest that it reads.
    pub const VERSION: u32 = 1;
    /// How many bytes of details a reader fetches at the most; what we write has fewer than 300.
    pub const MAX_BYTES: usize = 4096;

    /// Details from `heartbeat.json`; `None` for anything that is not version 1 in full, since nothing may
    /// depend on them.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|details| details.version == Self::VERSION)
    }

    /// The interval as a span; `None` where the stored number is outside the range of one.
    pub fn interval(&self) -> Option<Span> {
        Span::try_from(Duration::from_millis(self.interval_ms)).ok()
    }
}

/// Names the process that writes beats or records, unique enough to recognise one's own writing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriterId(pub String);

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
