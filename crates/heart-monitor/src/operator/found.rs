//! The ownership record as an operator finds it: whatever the bytes are, and what a change of it must name.

use failover_policy::{OwnershipRecord, UnusableRecord};
use heartbeat_store::{Record, RecordName, RecordVersion, Store, StoreError};
use serde_json::Value;

use crate::carrier::parse;

/// What a read of the ownership record came back with.
#[derive(Debug, Clone)]
pub(crate) enum FoundRecord {
    /// The store can be read and has no record.
    Absent,
    /// A record that this version understands.
    Usable(Box<OwnershipRecord>, RecordVersion),
    /// Something that it does not understand, and what of it can be told all the same.
    Unusable(UnusableRecord, Salvage, RecordVersion),
    /// Something that not even a change can name, such as more bytes than a record may have.
    Untouchable(String),
}

/// The counters of a record that cannot be used, where its bytes are JSON that shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Salvage {
    pub(crate) revision: Option<u64>,
    pub(crate) term: Option<u64>,
}

/// Reads the ownership record.
pub(crate) async fn read(store: &Store) -> Result<FoundRecord, StoreError> {
    match store.read_record(&RecordName::Ownership).await {
        Ok(None) => Ok(FoundRecord::Absent),
        Ok(Some(record)) => Ok(understand(record)),
        Err(StoreError::Malformed { detail, .. }) => Ok(FoundRecord::Untouchable(detail)),
        Err(error) => Err(error),
    }
}

fn understand(record: Record) -> FoundRecord {
    match parse(&record) {
        Ok(parsed) => FoundRecord::Usable(Box::new(parsed), record.version),
        Err(why) => FoundRecord::Unusable(why, Salvage::of(&record), record.version),
    }
}

impl Salvage {
    fn of(record: &Record) -> Self {
        let document: Value = serde_json::from_slice(&record.body).unwrap_or_default();
        let number = |name: &str| document.get(name).and_then(Value::as_u64);
        Self { revision: record.version.revision().max(number("revision")), term: number("term") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_counts_is_salvaged_from_any_json_and_from_the_name_that_a_folder_keeps_it_under() {
        let by_name = RecordVersion::Revision(9);
        let by_tag = RecordVersion::ETag("\"1\"".to_owned());
        let table = [
            (r#"{"version":2,"revision":7,"term":4}"#, &by_tag, (Some(7), Some(4)), "a newer version"),
            (r#"{"version":1,"revision":7,"term":4}"#, &by_name, (Some(9), Some(4)), "the higher of two"),
            (r#"{"revision":12,"term":"4"}"#, &by_name, (Some(12), None), "a term that is no number"),
            ("not JSON", &by_name, (Some(9), None), "a folder's name is left"),
            ("", &by_tag, (None, None), "nothing"),
            ("[1]", &by_tag, (None, None), "JSON of another shape"),
        ];
        for (body, version, (revision, term), why) in table {
            let record = Record { body: body.into(), version: version.clone() };
            assert_eq!(Salvage::of(&record), Salvage { revision, term }, "{why}");
            assert!(matches!(understand(record), FoundRecord::Unusable(..)), "{why}");
        }
    }
}
