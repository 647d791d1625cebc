//! Who wrote a beat, how often, and since when: informative, never needed.

use std::fmt;
use std::time::Duration;

use failover_policy::{ClusterId, Span, Stamp};
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
    /// The cluster that this side takes for the primary; `None` where it was not said, as by writers before this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<ClusterId>,
}

impl BeatDetails {
    /// The only version that this code writes, and the highest that it reads.
    pub const VERSION: u32 = 1;
    /// How many bytes of details a reader fetches at the most; what we write has fewer than 300.
    pub const MAX_BYTES: usize = 4096;

    /// The longest writer id or process start that is believed, in bytes: a host name, a pod name and a
    /// process id fit several times over.
    const MAX_TEXT: usize = 256;

    /// The bytes of `heartbeat.json`.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and integers always have a JSON form; the fallback only satisfies the signature.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Details from `heartbeat.json`; `None` for anything that is not version 1 in full, since nothing may
    /// depend on them.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok()?.sound()
    }

    /// These details if a writer of version 1 could have written them, else `None`. Every back end asks this
    /// of what it read: details are printed on terminals and in logs, where control characters do harm.
    pub fn sound(self) -> Option<Self> {
        let printable =
            |text: &str| (1..=Self::MAX_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
        let sound = self.version == Self::VERSION
            && printable(&self.writer.0)
            && printable(&self.process_start)
            && self.beat_count >= 1
            && (10..=3_600_000).contains(&self.interval_ms);
        sound.then_some(self)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn details() -> BeatDetails {
        BeatDetails {
            version: 1,
            writer: WriterId("beacon-0".to_owned()),
            beat_count: 7,
            interval_ms: 2000,
            process_start: "2026-01-02T03:04:05Z".to_owned(),
            primary: None,
        }
    }

    #[test]
    fn the_json_of_version_1_is_fixed() {
        let json = r#"{"version":1,"writer":"beacon-0","beat_count":7,"interval_ms":2000,"process_start":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(String::from_utf8(details().to_json()).unwrap(), json);
        assert_eq!(BeatDetails::from_json(json.as_bytes()), Some(details()));
        let named = json.replace('}', r#","primary":"a"}"#);
        let primary = Some("a".parse().unwrap());
        assert_eq!(BeatDetails::from_json(named.as_bytes()), Some(BeatDetails { primary, ..details() }));
        let later = json.replace('}', r#","colour":"red"}"#);
        assert_eq!(
            BeatDetails::from_json(later.as_bytes()),
            Some(details()),
            "an unknown field is passed over"
        );
    }

    #[test]
    fn what_no_writer_of_version_1_would_write_is_none() {
        type Spoil = fn(&mut BeatDetails);
        let spoilt: [(Spoil, &str); 8] = [
            (|d| d.version = 2, "a newer version"),
            (|d| d.version = 0, "no version"),
            (|d| d.writer.0 = String::new(), "an empty writer"),
            (|d| d.writer.0 = "w\u{1b}[2J".to_owned(), "a terminal escape"),
            (|d| d.writer.0 = "w".repeat(257), "an over-long writer"),
            (|d| d.process_start = "2026\n".to_owned(), "a line break"),
            (|d| d.beat_count = 0, "no beat"),
            (|d| d.interval_ms = 9, "an interval out of range"),
        ];
        for (spoil, why) in spoilt {
            let mut details = details();
            spoil(&mut details);
            assert_eq!(BeatDetails::from_json(&details.to_json()), None, "{why}");
        }
        for bytes in [b"".as_slice(), b"{}", b"null", b"[]", b"\xFF", b"{\"version\":1"] {
            assert_eq!(BeatDetails::from_json(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_can_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..BeatDetails::MAX_BYTES)) {
            let _ = BeatDetails::from_json(&bytes);
        }

        #[test]
        fn json_with_any_byte_changed_is_read_whole_or_not_at_all(at in 0..120_usize, byte: u8) {
            let mut json = details().to_json();
            let at = at % json.len();
            json[at] = byte;
            if let Some(read) = BeatDetails::from_json(&json) {
                prop_assert_eq!(BeatDetails::from_json(&read.to_json()), Some(read));
            }
        }

        #[test]
        fn sound_details_survive_the_store(
            writer in "[ -~]{1,256}", beat_count in 1..=u64::MAX, interval_ms in 10..=3_600_000_u64,
        ) {
            let details = BeatDetails { writer: WriterId(writer), beat_count, interval_ms, ..details() };
            let json = details.to_json();
            prop_assert!(json.len() <= BeatDetails::MAX_BYTES);
            prop_assert_eq!(BeatDetails::from_json(&json), Some(details));
        }
    }
}
