//! Whatever bytes stand in `maintenance.json`: on, off, or a reason to take it for on.
#![no_main]

use failover_policy::{MaintenanceFinding, Tick};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let shown = match MaintenanceFinding::judge(Some(bytes), Tick::UNIX_EPOCH) {
        MaintenanceFinding::On(record) => record.by + &record.reason,
        MaintenanceFinding::Unusable(reason) => reason,
        MaintenanceFinding::Off => return,
        MaintenanceFinding::Unreadable => unreachable!("bytes were read"),
    };
    assert!(!shown.chars().any(char::is_control), "{shown}");
});
