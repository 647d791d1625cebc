//! Whatever bytes stand in the ownership record: a record or a reason, and a record survives being written again.
#![no_main]

use failover_policy::OwnershipRecord;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match OwnershipRecord::from_json(bytes) {
    Ok(record) => {
        let read = OwnershipRecord::from_json(&record.to_json()).expect("what was written can be read");
        // The instant is for people, and is written to the millisecond.
        assert_eq!(OwnershipRecord { since: record.since, ..read }, record);
    }
    Err(reason) => assert!(!reason.to_string().chars().any(char::is_control), "{reason}"),
});
