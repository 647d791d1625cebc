//! Maintenance: no automatic takeover for a while.

use serde::{Deserialize, Serialize};

use crate::Tick;

/// The maintenance record, format version 1: written by operators, obeyed by gates. It never loosens a guard.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Maintenance {
    /// The format's version, [`Maintenance::VERSION`].
    pub version: u64,
    /// Whether it was switched on or off.
    pub active: bool,
    /// When it ends by itself, by the reader's wall clock.
    pub until: Tick,
    /// Who switched it.
    pub by: String,
    /// Why, for people.
    pub reason: String,
}

/// What one read of the maintenance record means at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MaintenanceFinding {
    /// None, switched off, or expired: takeovers are automatic.
    Off,
    /// On until a moment: nobody claims.
    On(Maintenance),
    /// Bytes that this version cannot understand: they count as on.
    Unusable(String),
    /// Could not be read: nobody claims on a guess.
    Unreadable,
}

impl Maintenance {
    /// The only format version that is written, and the highest that is read.
    pub const VERSION: u64 = 1;

    /// The bytes to store.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and integers always have a JSON form; the fallback only satisfies the signature.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

impl MaintenanceFinding {
    /// What the stored bytes mean at `now`; `None` is a store without a maintenance record.
    pub fn judge(stored: Option<&[u8]>, now: Tick) -> Self {
        let Some(bytes) = stored else { return Self::Off };
        match serde_json::from_slice::<Maintenance>(bytes) {
            Ok(record) if record.version != Maintenance::VERSION => {
                Self::Unusable(format!("it has format version {}", record.version))
            }
            Ok(record) if record.active && now < record.until => Self::On(record),
            Ok(_) => Self::Off,
            Err(error) => Self::Unusable(error.to_string()),
        }
    }

    /// Whether takeovers are known to be automatic.
    pub fn allows_takeover(&self) -> bool {
        *self == Self::Off
    }
}
