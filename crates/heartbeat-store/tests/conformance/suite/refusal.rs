//! What a place must do that cannot swap: say so, and leave nothing behind.

use heartbeat_store::{RecordName, StoreError};

use super::{Planter, store};

/// Creating is refused as unsupported, every time, and reading still works.
pub(crate) async fn a_place_that_cannot_swap_says_so(planter: &impl Planter) {
    let store = store(planter.open());
    let probe = RecordName::Probe("refused".to_owned());
    for name in [&RecordName::Ownership, &probe] {
        for _ in 0..2 {
            let error = store.create_record(name, b"mine", 1).await.unwrap_err();
            assert!(matches!(error, StoreError::Unsupported { .. }), "{error}");
            assert_eq!(store.read_record(name).await, Ok(None), "what was refused is not there");
        }
    }
    store.remove_probe("refused").await.unwrap();
    assert!(!planter.probe_remains("refused").await);
}
