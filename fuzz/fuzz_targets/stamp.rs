//! Whatever bytes stand in `heartbeat.txt`: a stamp or a reason, and a stamp survives being written again.
#![no_main]

use failover_policy::Stamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(stamp) = Stamp::parse(bytes) {
        let written = stamp.to_string();
        assert!(written.parse::<i64>().is_ok(), "the classic monitor must be able to parse {written}");
        assert_eq!(Stamp::parse(written.as_bytes()), Ok(stamp));
    }
});
