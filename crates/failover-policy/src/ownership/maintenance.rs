//! Maintenance: no automatic takeover for a while.

use serde::{Deserialize, Serialize};

use super::codec::one_line;
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
            Ok(record) if record.active && now < record.until => {
                let (by, reason) = (one_line(&record.by), one_line(&record.reason));
                Self::On(Maintenance { by, reason, ..record })
            }
            Ok(_) => Self::Off,
            Err(error) => Self::Unusable(one_line(&error.to_string())),
        }
    }

    /// Whether takeovers are known to be automatic.
    pub fn allows_takeover(&self) -> bool {
        *self == Self::Off
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn until(seconds: u64) -> Tick {
        Tick::from_unix(std::time::Duration::from_secs(seconds)).unwrap()
    }

    fn on() -> Maintenance {
        let (by, reason) = ("operator".to_owned(), "upgrade".to_owned());
        Maintenance { version: 1, active: true, until: until(1000), by, reason }
    }

    fn judge(record: &Maintenance, now: Tick) -> MaintenanceFinding {
        MaintenanceFinding::judge(Some(&record.to_json()), now)
    }

    #[test]
    fn the_stored_bytes_are_these_to_the_letter() {
        let text = r#"{
  "version": 1,
  "active": true,
  "until": "1970-01-01T00:16:40.000Z",
  "by": "operator",
  "reason": "upgrade"
}"#;
        assert_eq!(String::from_utf8(on().to_json()).unwrap(), text);
    }

    #[test]
    fn maintenance_lasts_until_its_end_and_not_a_tick_longer() {
        let last = Tick::from_count(until(1000).count() - 1).unwrap();
        let table = [
            (judge(&on(), until(0)), MaintenanceFinding::On(on())),
            (judge(&on(), last), MaintenanceFinding::On(on())),
            (judge(&on(), until(1000)), MaintenanceFinding::Off),
            (judge(&Maintenance { active: false, ..on() }, until(0)), MaintenanceFinding::Off),
            (MaintenanceFinding::judge(None, until(0)), MaintenanceFinding::Off),
        ];
        for (is, expected) in table {
            assert_eq!(is, expected);
            assert_eq!(is.allows_takeover(), is == MaintenanceFinding::Off);
        }
    }

    #[test]
    fn bytes_that_make_no_sense_count_as_on_even_after_any_end() {
        let newer = Maintenance { version: 2, ..on() }.to_json();
        let unversioned = Maintenance { version: 0, active: false, ..on() }.to_json();
        for bytes in [&b""[..], b"{}", b"null", b"off", &on().to_json()[1..], &newer, &unversioned] {
            let finding = MaintenanceFinding::judge(Some(bytes), until(5000));
            assert!(matches!(finding, MaintenanceFinding::Unusable(_)), "{finding:?}");
            assert!(!finding.allows_takeover());
        }
        assert!(!MaintenanceFinding::Unreadable.allows_takeover(), "nobody claims on a guess");
    }

    #[test]
    fn what_this_version_does_not_know_is_passed_over() {
        let text = r#"{"version": 1, "active": false, "until": "2026-01-02T03:04:05Z", "by": "", "reason": "", "x": 1}"#;
        assert_eq!(MaintenanceFinding::judge(Some(text.as_bytes()), until(0)), MaintenanceFinding::Off);
    }

    #[test]
    fn what_people_are_shown_has_no_control_characters() {
        let record =
            Maintenance { by: "me\u{7}".to_owned(), reason: "\u{1b}[2Jupgrade\n".to_owned(), ..on() };
        let MaintenanceFinding::On(shown) = judge(&record, until(0)) else { panic!("it is on") };
        assert_eq!((shown.by.as_str(), shown.reason.as_str()), ("me\u{fffd}", "\u{fffd}[2Jupgrade\u{fffd}"));
    }

    proptest! {
        #[test]
        fn no_bytes_can_make_the_maintenance_parser_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            damage in any::<(prop::sample::Index, u8)>(),
        ) {
            let _ = MaintenanceFinding::judge(Some(&bytes), until(0));
            let (at, byte) = damage;
            let mut damaged = on().to_json();
            let at = at.index(damaged.len());
            damaged[at] = byte;
            let _ = MaintenanceFinding::judge(Some(&damaged), until(0));
        }
    }
}
