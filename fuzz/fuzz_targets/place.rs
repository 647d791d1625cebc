//! Whatever is given as the store: a place or a reason, and neither shows a signature.
#![no_main]

use heartbeat_store::{Place, Source, redact};
use libfuzzer_sys::fuzz_target;

const SIGNATURE: &str = "c2VjcmV0LXNpZ25hdHVyZS1vZi1zb21lLWxlbmd0aA";

fuzz_target!(|text: &str| {
    for source in [Source::Flag, Source::Environment] {
        let _ = Place::parse(text, source).map(|place| place.to_string());
        let signed = format!("{text}?sig={SIGNATURE}");
        let shown =
            Place::parse(&signed, source).map_or_else(|reason| reason.to_string(), |place| place.to_string());
        assert!(!shown.contains(SIGNATURE), "{shown}");
    }
    let _ = redact(text);
});
