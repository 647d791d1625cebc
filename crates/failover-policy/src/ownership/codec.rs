//! The bytes of the record: JSON, format version 1.

use serde::{Deserialize, Serialize};

use crate::{ClusterId, LeaseTiming, OwnershipRecord, Phase, Span, Tick};

/// Why stored bytes are no record that this version may act on. Neither is ever taken for "no record".
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UnusableRecord {
    /// Not a record of version 1.
    #[error("the ownership record is malformed: {0}")]
    Malformed(String),
    /// Written by a later version of this program.
    #[error("the ownership record has format version {0}, this program understands {max}; upgrade it", max = OwnershipRecord::VERSION)]
    Newer(u64),
}

/// The stored form, field by field. Unknown fields are passed over.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u64,
    revision: u64,
    term: u64,
    owner: ClusterId,
    phase: Word,
    previous: Option<ClusterId>,
    successor: Option<ClusterId>,
    watch: Span,
    stop: Span,
    drain: Span,
    since: Tick,
    by: String,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    primary: Option<ClusterId>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Active,
    Pending,
    Releasing,
}

/// What is read first: a record of a later version may look different in all else.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

impl OwnershipRecord {
    /// The only format version that is written, and the highest that is read.
    pub const VERSION: u64 = 1;
    /// The longest `by` or `reason` that is believed, in bytes: a pod name and a sentence fit several times over.
    const MAX_TEXT: usize = 512;

    /// The bytes to store.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings and integers always have a JSON form; the fallback only satisfies the signature.
        serde_json::to_vec_pretty(&Stored::from(self)).unwrap_or_default()
    }

    /// The record that these bytes are.
    pub fn from_json(bytes: &[u8]) -> Result<Self, UnusableRecord> {
        let malformed = |error: serde_json::Error| UnusableRecord::Malformed(one_line(&error.to_string()));
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version > Self::VERSION {
            return Err(UnusableRecord::Newer(version));
        }
        let stored: Stored = serde_json::from_slice(bytes).map_err(malformed)?;
        stored.checked().map_err(|detail| UnusableRecord::Malformed(detail.to_owned()))
    }
}

/// Text from the store as a log may show it: no control characters, and no more than a believed record has.
pub(crate) fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(OwnershipRecord::MAX_TEXT).map(shown).collect()
}

impl Stored {
    fn checked(self) -> Result<OwnershipRecord, &'static str> {
        if self.version == 0 || self.revision == 0 || self.term == 0 {
            return Err("version, revision and term start at 1");
        }
        if self.watch == Span::ZERO || self.stop > self.watch {
            return Err("watch is more than 0s, and stop at most watch");
        }
        let printable =
            |text: &str| text.len() <= OwnershipRecord::MAX_TEXT && !text.chars().any(char::is_control);
        if self.by.is_empty() || !printable(&self.by) || !printable(&self.reason) {
            return Err("by and reason are one short line each, and by is not empty");
        }
        let phase = match (self.phase, self.previous, self.successor) {
            (Word::Active, previous, None) => Phase::Active { previous },
            (Word::Pending, Some(previous), None) if previous != self.owner => Phase::Pending { previous },
            (Word::Releasing, None, Some(successor)) if successor != self.owner => {
                Phase::Releasing { successor, drain: self.drain }
            }
            (Word::Active, ..) => return Err("an active record has no successor"),
            (Word::Pending, ..) => {
                return Err("a pending record names another cluster as previous, and no successor");
            }
            (Word::Releasing, ..) => {
                return Err("a releasing record names another cluster as successor, and no previous");
            }
        };
        Ok(OwnershipRecord {
            revision: self.revision,
            term: self.term,
            owner: self.owner,
            phase,
            timing: LeaseTiming { watch: self.watch, stop: self.stop },
            since: self.since,
            by: self.by,
            reason: self.reason,
            primary: self.primary,
        })
    }
}

impl From<&OwnershipRecord> for Stored {
    fn from(record: &OwnershipRecord) -> Self {
        let (phase, previous, successor, drain) = match record.phase.clone() {
            Phase::Active { previous } => (Word::Active, previous, None, Span::ZERO),
            Phase::Pending { previous } => (Word::Pending, Some(previous), None, Span::ZERO),
            Phase::Releasing { successor, drain } => (Word::Releasing, None, Some(successor), drain),
        };
        Self {
            version: OwnershipRecord::VERSION,
            revision: record.revision,
            term: record.term,
            owner: record.owner.clone(),
            phase,
            previous,
            successor,
            watch: record.timing.watch,
            stop: record.timing.stop,
            drain,
            since: record.since,
            by: record.by.clone(),
            reason: record.reason.clone(),
            primary: record.primary.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::ownership::record::tests::records;

    fn stored() -> Value {
        json!({
            "version": 1, "revision": 7, "term": 3, "owner": "b", "phase": "active", "previous": "a",
            "successor": null, "watch": "9s", "stop": "2s", "drain": "0s",
            "since": "2026-01-02T03:04:05.678Z", "by": "pod-1", "reason": "takeover",
        })
    }

    /// The stored record with these fields changed; null removes one.
    fn changed(changes: &[(&str, Value)]) -> Vec<u8> {
        let mut record = stored();
        for (field, value) in changes {
            record[*field] = value.clone();
        }
        record.to_string().into_bytes()
    }

    fn malformed(bytes: &[u8]) -> String {
        match OwnershipRecord::from_json(bytes) {
            Err(UnusableRecord::Malformed(detail)) => detail,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(bytes)),
        }
    }

    #[test]
    fn the_stored_bytes_are_these_to_the_letter() {
        let record = OwnershipRecord::from_json(&changed(&[])).unwrap();
        let text = r#"{
  "version": 1,
  "revision": 7,
  "term": 3,
  "owner": "b",
  "phase": "active",
  "previous": "a",
  "successor": null,
  "watch": "9s",
  "stop": "2s",
  "drain": "0s",
  "since": "2026-01-02T03:04:05.678Z",
  "by": "pod-1",
  "reason": "takeover"
}"#;
        assert_eq!(String::from_utf8(record.to_json()).unwrap(), text);
    }

    #[test]
    fn each_phase_has_its_own_fields() {
        let id = |name: &str| name.parse::<ClusterId>().unwrap();
        let table = [
            (changed(&[]), Phase::Active { previous: Some(id("a")) }),
            (changed(&[("previous", Value::Null)]), Phase::Active { previous: None }),
            (changed(&[("phase", json!("pending"))]), Phase::Pending { previous: id("a") }),
            (
                changed(&[
                    ("phase", json!("releasing")),
                    ("previous", Value::Null),
                    ("successor", json!("c")),
                    ("drain", json!("1500ms")),
                ]),
                Phase::Releasing { successor: id("c"), drain: Span::from_millis(1500) },
            ),
        ];
        for (bytes, phase) in table {
            assert_eq!(OwnershipRecord::from_json(&bytes).unwrap().phase, phase);
        }
    }

    #[test]
    fn what_this_version_does_not_know_is_passed_over_and_what_may_be_null_may_be_missing() {
        let mut record = stored();
        record["colour"] = json!({"of": ["the", "sky"]});
        record.as_object_mut().unwrap().remove("successor");
        assert!(OwnershipRecord::from_json(record.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn the_primary_of_whoever_wrote_it_stands_at_the_end_where_it_was_said() {
        let named = OwnershipRecord::from_json(&changed(&[("primary", json!("a"))])).unwrap();
        assert_eq!(named.primary.as_ref().map(ClusterId::as_str), Some("a"));
        let text = String::from_utf8(named.to_json()).unwrap();
        assert!(text.ends_with("\"reason\": \"takeover\",\n  \"primary\": \"a\"\n}"), "{text}");
        assert!(malformed(&changed(&[("primary", json!("A"))])).contains("not a cluster id"));
    }

    #[test]
    fn a_newer_version_is_named_as_such_whatever_else_it_holds() {
        for text in [r#"{"version": 2}"#, r#"{"version": 2, "owner": ["a", "b"], "revision": "high"}"#] {
            assert_eq!(OwnershipRecord::from_json(text.as_bytes()), Err(UnusableRecord::Newer(2)));
        }
        let message = UnusableRecord::Newer(2).to_string();
        assert!(message.contains("version 2") && message.contains("understands 1"), "{message}");
    }

    #[test]
    fn bytes_that_are_no_record_are_malformed() {
        let whole = changed(&[]);
        let mut with_bom = vec![0xEF, 0xBB, 0xBF];
        with_bom.extend(&whole);
        let mut twice = whole.clone();
        twice.extend(&whole);
        for bytes in [&b""[..], b"null", b"[]", b"{}", b"\xff", &whole[..whole.len() - 1], &with_bom, &twice]
        {
            malformed(bytes);
        }
        for field in stored().as_object().unwrap().keys() {
            let mut record = stored();
            record.as_object_mut().unwrap().remove(field);
            if !["previous", "successor"].contains(&field.as_str()) {
                assert!(malformed(record.to_string().as_bytes()).contains(field), "{field}");
            }
            let detail = malformed(&changed(&[(field, json!({"no": "such thing"}))]));
            assert!(!detail.is_empty(), "{field}");
        }
    }

    #[test]
    fn a_record_that_contradicts_itself_is_malformed_and_says_why() {
        let releasing = ("phase", json!("releasing"));
        let pending = ("phase", json!("pending"));
        let null = |field| (field, Value::Null);
        let line = "by and reason are one short line each";
        let promises = "watch is more than 0s, and stop at most watch";
        let table: [(&[(&str, Value)], &str); 21] = [
            (&[("version", json!(0))], "start at 1"),
            (&[("revision", json!(0))], "start at 1"),
            (&[("term", json!(0))], "start at 1"),
            (&[("revision", json!(-1))], "invalid value"),
            (&[("term", json!(1.5))], "invalid type"),
            (&[("owner", json!("B"))], "not a cluster id"),
            (&[("phase", json!("Active"))], "unknown variant"),
            (&[("watch", json!("9"))], "not a duration"),
            (&[("stop", json!("31d"))], "longer than"),
            (&[("watch", json!("0s"))], promises),
            (&[("watch", json!("0s")), ("stop", json!("0s"))], promises),
            (&[("stop", json!("9001ms"))], promises),
            (&[("since", json!("yesterday"))], "not an instant"),
            (&[("by", json!(""))], line),
            (&[("by", json!("pod\u{1b}[31m"))], line),
            (&[("reason", json!("two\nlines"))], line),
            (&[("reason", json!("x".repeat(513)))], line),
            (&[("successor", json!("c"))], "active record has no successor"),
            (&[pending.clone(), null("previous")], "pending record names another cluster"),
            (&[pending, ("previous", json!("b"))], "pending record names another cluster"),
            (&[releasing.clone(), ("successor", json!("c"))], "releasing record names another cluster"),
        ];
        for (changes, reason) in table {
            let detail = malformed(&changed(changes));
            assert!(detail.contains(reason), "{changes:?}: {detail}");
        }
        for successor in [Value::Null, json!("b")] {
            let changes = [releasing.clone(), null("previous"), ("successor", successor)];
            assert!(malformed(&changed(&changes)).contains("releasing record names another cluster"));
        }
    }

    #[test]
    fn the_longest_text_is_512_bytes() {
        let longest = changed(&[("reason", json!("x".repeat(512))), ("by", json!("y".repeat(512)))]);
        assert!(OwnershipRecord::from_json(&longest).is_ok());
    }

    #[test]
    fn a_reason_never_carries_control_characters_or_more_than_a_line_from_the_store() {
        let detail = malformed(&changed(&[("phase", json!(format!("\u{1b}[31m{}", "x".repeat(10_000))))]));
        assert!(detail.len() <= 1024 && !detail.chars().any(char::is_control), "{detail}");
    }

    proptest! {
        #[test]
        fn every_record_survives_being_stored_and_read(record in records()) {
            prop_assert_eq!(OwnershipRecord::from_json(&record.to_json()), Ok(record));
        }

        #[test]
        fn no_bytes_can_make_the_record_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = OwnershipRecord::from_json(&bytes);
        }

        #[test]
        fn no_damage_to_a_record_can_make_the_parser_panic(
            record in records(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut bytes = record.to_json();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(record) = OwnershipRecord::from_json(&bytes) {
                prop_assert_eq!(OwnershipRecord::from_json(&record.to_json()), Ok(record));
            }
        }
    }
}
