//! What a read of a stamp says about a heart: what came back, as the policy judges it.

use failover_policy::{ClusterId, Finding, Fingerprint, Malformed, Stamp, Witness};

use crate::{Debris, Store, StoreError};

impl Store {
    /// Reads a cluster's stamp for whoever judges its heart; says, beside the finding, why it is no stamp. Where one is
    /// malformed that a writer may have left half done, this reads what else can tell whether the writer lives: all
    /// within the deadline of one read.
    pub async fn look_at_stamp(&self, cluster: &ClusterId) -> (Finding, Option<StoreError>) {
        match self.read_stamp_with_debris(cluster).await {
            Ok(Sight::Stamp(stamp)) => (Finding::Stamp(stamp), None),
            Ok(Sight::Malformed(malformed, error)) => (Finding::Malformed(malformed), Some(error)),
            Err(error @ StoreError::NotFound { .. }) => (Finding::Missing, Some(error)),
            Err(error) => (Finding::Unreadable, Some(error)),
        }
    }
}

/// What stands in a stamp's place.
#[derive(Debug)]
pub(crate) enum Sight {
    Stamp(Stamp),
    Malformed(Malformed, StoreError),
}

impl Sight {
    /// Judges what was read after a stamp had been found malformed, as `error` says.
    pub(crate) fn of(debris: Option<Debris>, error: StoreError) -> Self {
        let Some(Debris { stamp, details }) = debris else {
            return Self::Malformed(Malformed::Foreign, error);
        };
        // The writer may have gone on meanwhile.
        if let Ok(stamp) = Stamp::parse(&stamp) {
            return Self::Stamp(stamp);
        }
        let witness = details.map_or(Witness::Absent, |bytes| Witness::Details(Fingerprint::of(&bytes)));
        Self::Malformed(Malformed::Torn { bytes: Fingerprint::of(&stamp), witness }, error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::{Deadlines, Fault, MemoryBackend, Operation};

    fn cluster() -> ClusterId {
        "a".parse().unwrap()
    }

    fn store(memory: &MemoryBackend) -> Store {
        let second = Duration::from_secs(1);
        Store::new(Arc::new(memory.clone()), Deadlines { read: second, write: second })
    }

    async fn finding(memory: &MemoryBackend) -> Finding {
        let (finding, error) = store(memory).look_at_stamp(&cluster()).await;
        assert_eq!(error.is_none(), matches!(finding, Finding::Stamp(_)), "{finding:?}: {error:?}");
        finding
    }

    fn torn(bytes: &[u8], witness: Witness) -> Finding {
        Finding::Malformed(Malformed::Torn { bytes: Fingerprint::of(bytes), witness })
    }

    #[tokio::test]
    async fn a_malformed_stamp_comes_with_its_fingerprint_and_that_of_the_details_beside_it() {
        let memory = MemoryBackend::new();
        assert_eq!(finding(&memory).await, Finding::Missing);
        for bytes in [b"".as_slice(), b"639000000", b"\0\0\0"] {
            memory.plant_stamp(&cluster(), bytes);
            assert_eq!(finding(&memory).await, torn(bytes, Witness::Absent));
            for json in [b"\0\0".as_slice(), b"{}"] {
                memory.plant_details(&cluster(), json);
                assert_eq!(finding(&memory).await, torn(bytes, Witness::Details(Fingerprint::of(json))));
            }
        }
        memory.plant_stamp(&cluster(), b"639000000000000000");
        assert!(matches!(finding(&memory).await, Finding::Stamp(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_at_a_malformed_stamp_takes_no_longer_than_any_other_read() {
        let memory = MemoryBackend::new();
        memory.plant_stamp(&cluster(), b"");
        memory.break_with(&[Operation::Read], Fault::Delay(Duration::from_millis(600)));
        let started = tokio::time::Instant::now();
        assert_eq!(finding(&memory).await, Finding::Unreadable, "nobody heard the second witness in time");
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test]
    async fn an_error_says_what_it_means_for_a_heart() {
        let memory = MemoryBackend::new();
        for fault in [Fault::NoStore, Fault::Denied, Fault::Unreachable] {
            memory.break_with(&[Operation::Read], fault);
            assert_eq!(finding(&memory).await, Finding::Unreadable, "{fault:?}");
        }
    }
}
