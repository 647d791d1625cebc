//! Conditional writes whose answer is lost on the way: the store's handle settles them by reading back.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use failover_policy::{ClusterId, Stamp};
use heartbeat_store::{Backend, Beat, BeatDetails, Record, RecordName, RecordVersion, StoreError, Touched};

use super::{Planter, after, store};

pub(crate) async fn a_lost_answer_to_a_winning_write_is_settled_as_won(planter: &impl Planter) {
    a_winning_write_is_settled(planter, Fate::LandsUnanswered).await;
}

pub(crate) async fn a_conflict_with_ones_own_winning_write_is_settled_as_won(planter: &impl Planter) {
    a_winning_write_is_settled(planter, Fate::LandsTwice).await;
}

pub(crate) async fn a_write_that_got_no_answer_and_did_not_land_is_ambiguous(planter: &impl Planter) {
    let name = RecordName::Ownership;
    let unlucky = store(Unlucky::new(planter, Fate::IsLost));
    let error = unlucky.create_record(&name, b"mine", 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "it may still land: {error}");
    assert_eq!(unlucky.read_record(&name).await, Ok(None));

    let version = store(planter.open()).create_record(&name, b"theirs", 1).await.unwrap();
    let error = unlucky.swap_record(&name, b"mine", &version, after(&version)).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "{error}");
    assert_eq!(unlucky.read_record(&name).await.unwrap().unwrap().body, b"theirs");
}

pub(crate) async fn a_lost_answer_to_a_losing_write_is_not_taken_for_a_win(planter: &impl Planter) {
    let name = RecordName::Ownership;
    let first = store(planter.open()).create_record(&name, b"theirs", 1).await.unwrap();
    store(planter.open()).swap_record(&name, b"theirs again", &first, after(&first)).await.unwrap();
    let unlucky = store(Unlucky::new(planter, Fate::LandsUnanswered));
    for outcome in [
        unlucky.create_record(&name, b"mine", 1).await,
        unlucky.swap_record(&name, b"mine", &first, after(&first)).await,
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, StoreError::Ambiguous { .. }), "{error}");
    }
    assert_eq!(unlucky.read_record(&name).await.unwrap().unwrap().body, b"theirs again");
}

async fn a_winning_write_is_settled(planter: &impl Planter, fate: Fate) {
    let name = RecordName::Ownership;
    let unlucky = store(Unlucky::new(planter, fate));
    let created = unlucky.create_record(&name, b"mine", 1).await.unwrap();
    let swapped = unlucky.swap_record(&name, b"mine again", &created, after(&created)).await.unwrap();
    let expected = Record { body: b"mine again".to_vec(), version: swapped };
    assert_eq!(store(planter.open()).read_record(&name).await, Ok(Some(expected)));
}

/// What becomes of a conditional write.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It is carried out, and the answer is lost.
    LandsUnanswered,
    /// A proxy or kernel repeats it after losing the first answer: the repetition conflicts with itself.
    LandsTwice,
    /// It never arrives.
    IsLost,
}

/// The back end under test behind a bad line: no conditional write gets its answer.
#[derive(Debug)]
struct Unlucky {
    inner: Arc<dyn Backend>,
    fate: Fate,
}

impl Unlucky {
    #[expect(clippy::new_ret_no_self, reason = "it is only ever used as a back end")]
    fn new(planter: &impl Planter, fate: Fate) -> Arc<dyn Backend> {
        Arc::new(Self { inner: planter.open(), fate })
    }

    fn no_answer<T>() -> Result<T, StoreError> {
        let attempt = "write through a bad line".to_owned();
        Err(StoreError::Unreachable { attempt, detail: "connection reset".to_owned() })
    }
}

#[async_trait]
impl Backend for Unlucky {
    fn location(&self) -> String {
        self.inner.location()
    }

    async fn read_stamp(&self, cluster: &ClusterId) -> Result<Stamp, StoreError> {
        self.inner.read_stamp(cluster).await
    }

    async fn write_beat(&self, cluster: &ClusterId, beat: &Beat) -> Result<(), StoreError> {
        self.inner.write_beat(cluster, beat).await
    }

    async fn read_details(&self, cluster: &ClusterId) -> Result<Option<BeatDetails>, StoreError> {
        self.inner.read_details(cluster).await
    }

    async fn clusters(&self) -> Result<BTreeSet<ClusterId>, StoreError> {
        self.inner.clusters().await
    }

    async fn read_record(&self, name: &RecordName) -> Result<Option<Record>, StoreError> {
        self.inner.read_record(name).await
    }

    async fn create_record(
        &self,
        name: &RecordName,
        body: &[u8],
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        match self.fate {
            Fate::IsLost => return Self::no_answer(),
            Fate::LandsTwice => drop(self.inner.create_record(name, body, revision).await?),
            Fate::LandsUnanswered => {}
        }
        let answer = self.inner.create_record(name, body, revision).await;
        if matches!(self.fate, Fate::LandsTwice) { answer } else { Self::no_answer() }
    }

    async fn swap_record(
        &self,
        name: &RecordName,
        body: &[u8],
        expected: &RecordVersion,
        revision: u64,
    ) -> Result<RecordVersion, StoreError> {
        match self.fate {
            Fate::IsLost => return Self::no_answer(),
            Fate::LandsTwice => drop(self.inner.swap_record(name, body, expected, revision).await?),
            Fate::LandsUnanswered => {}
        }
        let answer = self.inner.swap_record(name, body, expected, revision).await;
        if matches!(self.fate, Fate::LandsTwice) { answer } else { Self::no_answer() }
    }

    async fn touch_record(&self, name: &RecordName) -> Result<Touched, StoreError> {
        self.inner.touch_record(name).await
    }

    async fn remove_probe(&self, id: &str) -> Result<(), StoreError> {
        self.inner.remove_probe(id).await
    }

    async fn read_maintenance(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read_maintenance().await
    }

    async fn write_maintenance(&self, body: &[u8]) -> Result<(), StoreError> {
        self.inner.write_maintenance(body).await
    }
}
