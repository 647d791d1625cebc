//! Beat details as the metadata of a blob: header values, which must be plain ASCII.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::{BeatDetails, WriterId};

/// What a value may not hold as it is: control characters, blanks (HTTP drops them at the ends), the percent
/// sign itself, and, by nature of the encoder, everything beyond ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The details as metadata, one name per field, as in `heartbeat.json`.
pub(super) fn from_details(details: &BeatDetails) -> HashMap<String, String> {
    let BeatDetails { version, writer, beat_count, interval_ms, process_start, primary } = details;
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let always = [
        ("version".to_owned(), version.to_string()),
        ("writer".to_owned(), encoded(&writer.0)),
        ("beat_count".to_owned(), beat_count.to_string()),
        ("interval_ms".to_owned(), interval_ms.to_string()),
        ("process_start".to_owned(), encoded(process_start)),
    ];
    let primary = primary.as_ref().map(|primary| ("primary".to_owned(), primary.to_string()));
    always.into_iter().chain(primary).collect()
}

/// The details in a blob's metadata; `None` for anything that is not version 1 in full. Names match in any
/// case, since headers carry them.
pub(super) fn to_details(metadata: &HashMap<String, String>) -> Option<BeatDetails> {
    let value = |name: &str| {
        let found = metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        percent_decode_str(found.1).decode_utf8().ok()
    };
    let details = BeatDetails {
        version: value("version")?.parse().ok()?,
        writer: WriterId(value("writer")?.into_owned()),
        beat_count: value("beat_count")?.parse().ok()?,
        interval_ms: value("interval_ms")?.parse().ok()?,
        process_start: value("process_start")?.into_owned(),
        primary: value("primary").map(|primary| primary.parse()).transpose().ok()?,
    };
    details.sound()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn details(writer: &str) -> BeatDetails {
        BeatDetails {
            version: BeatDetails::VERSION,
            writer: WriterId(writer.to_owned()),
            beat_count: 7,
            interval_ms: 2000,
            process_start: "2026-01-02T03:04:05Z".to_owned(),
            primary: None,
        }
    }

    #[test]
    fn ordinary_details_are_stored_as_they_read() {
        let metadata = from_details(&details("beacon-0@node-1/12"));
        let mut pairs: Vec<_> = metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.sort();
        assert_eq!(
            pairs,
            [
                "beat_count=7",
                "interval_ms=2000",
                "process_start=2026-01-02T03:04:05Z",
                "version=1",
                "writer=beacon-0@node-1/12",
            ]
        );
    }

    #[test]
    fn the_primary_is_one_more_entry_where_it_was_said_and_has_to_be_a_cluster_id() {
        let named = BeatDetails { primary: Some("a".parse().unwrap()), ..details("w") };
        let mut metadata = from_details(&named);
        assert_eq!((metadata.len(), metadata["primary"].as_str()), (6, "a"));
        assert_eq!(to_details(&metadata), Some(named));
        metadata.insert("primary".to_owned(), "A b".to_owned());
        assert_eq!(to_details(&metadata), None);
    }

    #[test]
    fn metadata_that_no_writer_of_version_1_would_write_is_none() {
        let odd = [
            ("version", "2"),
            ("version", "1.0"),
            ("writer", ""),
            ("writer", "%0A"),
            ("writer", "%FF"),
            ("beat_count", "-1"),
            ("interval_ms", "2s"),
            ("process_start", ""),
        ];
        for (name, value) in odd {
            let mut metadata = from_details(&details("w"));
            metadata.insert(name.to_owned(), value.to_owned());
            assert_eq!(to_details(&metadata), None, "{name}={value}");
            metadata.remove(name);
            assert_eq!(to_details(&metadata), None, "no {name}");
        }
        let mut shouted: HashMap<_, _> = from_details(&details("w"))
            .into_iter()
            .map(|(name, value)| (name.to_uppercase(), value))
            .collect();
        assert_eq!(to_details(&shouted), Some(details("w")), "names in any case");
        shouted.insert("colour".to_owned(), "red".to_owned());
        assert_eq!(to_details(&shouted), Some(details("w")), "an unknown name is passed over");
    }

    proptest! {
        #[test]
        fn every_writer_survives_and_every_value_is_safe_in_a_header(writer in "\\PC{1,60}") {
            let metadata = from_details(&details(&writer));
            for value in metadata.values() {
                prop_assert!(value.bytes().all(|c| c.is_ascii_graphic()), "{value:?}");
            }
            let read = to_details(&metadata);
            prop_assert_eq!(read, details(&writer).sound());
        }

        #[test]
        fn no_metadata_can_make_the_reader_panic(version in ".{0,4}", writer in ".{0,20}", count in ".{0,22}") {
            let pairs = [("version", version), ("writer", writer), ("beat_count", count.clone()),
                ("interval_ms", count.clone()), ("process_start", count)];
            let _ = to_details(&pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        }
    }
}
