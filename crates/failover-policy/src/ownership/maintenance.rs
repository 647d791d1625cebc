//! Maintenance: no automatic takeover for a while.

use serde::{Deserialize, Serialize};

use super::codec::one_line;
use crate::{BootTime, Span, Tick};

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
    /// The longest that it is written for, and the longest that a reader obeys one record: what says more was not
    /// written by `maintenance on`, or by a clock that is years off.
    pub const LONGEST: Span = Span::MAX;

    /// Whether its end lies further ahead than any that is written.
    pub fn is_over_long(&self, now: Tick) -> bool {
        now.age_at(self.until).exceeds(Self::LONGEST.get())
    }

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

/// One reader's obedience: to each record for [`Maintenance::LONGEST`] from when it first saw it, whatever its end and
/// the wall clocks say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Obedience {
    since: Option<(Maintenance, BootTime)>,
}

impl Obedience {
    /// What a reading that was asked for then means to this reader.
    pub(super) fn take(&mut self, finding: MaintenanceFinding, issued: BootTime) -> MaintenanceFinding {
        match finding {
            MaintenanceFinding::On(record) => {
                let before = self.since.take().filter(|(obeyed, _)| *obeyed == record);
                let (_, since) = self.since.insert(before.unwrap_or_else(|| (record.clone(), issued)));
                if issued.since(*since) < Maintenance::LONGEST.get() {
                    MaintenanceFinding::On(record)
                } else {
                    MaintenanceFinding::Off
                }
            }
            MaintenanceFinding::Off => {
                self.since = None;
                MaintenanceFinding::Off
            }
            // Says nothing of the record that was obeyed.
            MaintenanceFinding::Unusable(_) | MaintenanceFinding::Unreadable => finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
    fn no_record_is_obeyed_for_longer_than_thirty_days_after_it_was_first_seen() {
        const HOUR: u64 = 3600;
        const DAYS: u64 = 24 * HOUR;
        let on = |reason: &str| MaintenanceFinding::On(Maintenance { reason: reason.to_owned(), ..on() });
        let (off, away) = (MaintenanceFinding::Off, MaintenanceFinding::Unreadable);
        let table = [
            (vec![(0, on("a"))], on("a"), "at first sight"),
            (vec![(5, on("a")), (30 * DAYS + 4, on("a"))], on("a"), "nearly thirty days later"),
            (vec![(5, on("a")), (30 * DAYS + 5, on("a"))], off.clone(), "and not a moment longer"),
            (vec![(5, on("a")), (90 * DAYS, on("a"))], off.clone(), "nor for whoever looks seldom"),
            (vec![(0, on("a")), (20 * DAYS, on("b")), (40 * DAYS, on("b"))], on("b"), "another counts anew"),
            (
                vec![(0, on("a")), (DAYS, away.clone()), (31 * DAYS, on("a"))],
                off.clone(),
                "an outage is no end",
            ),
            (vec![(0, on("a")), (DAYS, off.clone()), (31 * DAYS, on("a"))], on("a"), "switched on again"),
            (vec![(0, on("a")), (31 * DAYS, on("a")), (31 * DAYS + HOUR, on("a"))], off, "it stays over"),
            (vec![(0, on("a")), (40 * DAYS, away.clone())], away, "nobody claims on a guess"),
        ];
        for (readings, expected, why) in table {
            let mut obedience = Obedience::default();
            let judged = readings
                .into_iter()
                .map(|(at, finding)| obedience.take(finding, BootTime::from_boot(Duration::from_secs(at))));
            assert_eq!(judged.last(), Some(expected), "{why}");
        }
    }

    #[test]
    fn an_end_more_than_thirty_days_ahead_is_over_long() {
        let month = 30 * 24 * 3600;
        for (seconds, over_long) in [(1000, false), (1000 + month, false), (1001 + month, true)] {
            let record = Maintenance { until: until(seconds), ..on() };
            assert_eq!(record.is_over_long(until(1000)), over_long, "{seconds}");
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
