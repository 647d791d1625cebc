//! Whatever stands in the variables of the Azure tools: a credential or a reason.
#![no_main]

use heartbeat_store::{Credential, CredentialKind, Place, Sas, Source, variable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = Sas::parse(text);
    let Ok(Place::Blob(place)) =
        Place::parse("https://account.blob.core.windows.net/heartbeats", Source::Flag)
    else {
        unreachable!("a good place is one");
    };
    for name in [variable::CONNECTION_STRING, variable::SAS_TOKEN, variable::KEY] {
        let _ = Credential::resolve(CredentialKind::Auto, &place, &|asked| {
            (asked == name).then(|| text.to_owned())
        });
    }
});
