//! Whatever bytes stand in `heartbeat.json`: details or none.
#![no_main]

use heartbeat_store::BeatDetails;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(details) = BeatDetails::from_json(bytes) {
        assert_eq!(details.version, BeatDetails::VERSION);
        let _ = details.interval();
    }
});
