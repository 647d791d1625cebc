//! The no-op next revision of the ownership record: claims in flight lose their swap, and read again.

use failover_policy::{OwnershipRecord, Phase, Timing};
use heartbeat_store::{RecordName, Store, StoreError};

use crate::advice::{Advice, Whom};
use crate::operator::found::{self, FoundRecord};
use crate::operator::words::{seconds_left, sentence};
use crate::record_advice;

/// How often the renewal is tried: each lost swap is a real change by somebody else, and those come seconds apart.
const TRIES: usize = 10;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Renewal {
    /// The record is now this one.
    Renewed(Box<OwnershipRecord>),
    /// There is no record to renew.
    NoRecord,
    /// No gate changes this record, or any record here.
    Pointless(String),
    /// It could not be done.
    Failed(String),
}

impl Renewal {
    /// The record before anything was changed.
    pub(super) async fn look(store: &Store) -> Option<OwnershipRecord> {
        match found::read(store).await {
            Ok(FoundRecord::Usable(record, _)) => Some(*record),
            _ => None,
        }
    }

    pub(super) async fn carry_out(store: &Store, timing: &Timing, by: &str) -> Self {
        let mut last = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(timing.poll.get()).await;
            }
            match Self::attempt(store, by).await {
                Ok(renewal) => return renewal,
                Err(error) => last = error.to_string(),
            }
        }
        Self::Failed(last)
    }

    async fn attempt(store: &Store, by: &str) -> Result<Self, StoreError> {
        let (record, version) = match found::read(store).await? {
            FoundRecord::Absent => return Ok(Self::NoRecord),
            FoundRecord::Usable(record, version) => (record, version),
            FoundRecord::Unusable(why, ..) => return Ok(Self::Pointless(why.to_string())),
            FoundRecord::Untouchable(detail) => {
                return Ok(Self::Pointless(format!("the ownership record is malformed: {detail}")));
            }
        };
        let next = match record.bumped(by) {
            Ok(next) => next,
            Err(why) => return Ok(Self::Pointless(why.to_string())),
        };
        match store.swap_record(&RecordName::Ownership, &next.to_json(), &version, next.revision).await {
            Ok(_) => Ok(Self::Renewed(Box::new(next))),
            Err(error @ StoreError::Unsupported { .. }) => Ok(Self::Pointless(error.to_string())),
            Err(error) => Err(error),
        }
    }

    pub(super) fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// What it means for takeovers that were decided before; `before` is the record before maintenance was on.
    pub(super) fn report(&self, before: Option<&OwnershipRecord>, timing: &Timing) -> String {
        match self {
            Self::Renewed(record) => after_renewal(record, before),
            Self::NoRecord => format!(
                "there is no ownership record, so none could be renewed. On a new store a gate that found maintenance off \
                 shortly before may still claim the work within {}: look at {} then; once there is a record this cannot \
                 happen. Where there ever was one it is lost: {}",
                seconds_left(timing.flatline_after.get() + timing.write_deadline.get()),
                Advice::Status,
                record_advice::may_be_lost(),
            ),
            Self::Pointless(why) => format!("no gate can take over here in any case: {why}"),
            Self::Failed(error) => format!(
                "maintenance is on, but the ownership record could not be renewed: a takeover that was decided before \
                 may still happen ({error}); run this again"
            ),
        }
    }
}

fn after_renewal(record: &OwnershipRecord, before: Option<&OwnershipRecord>) -> String {
    let now = sentence(record);
    match &record.phase {
        Phase::Pending { previous } => format!(
            "a takeover was under way and is stopped: {now}. It goes on when maintenance ends, and is over when \
             cluster {previous} beats and takes its work back; {} decides at once",
            Advice::Activate(Whom::Chosen)
        ),
        Phase::Releasing { .. } => {
            format!("a handover is under way and goes on, its wait counted anew: {now}")
        }
        Phase::Active { .. } if before.is_some_and(|before| before.term != record.term) => {
            format!("the work changed hands meanwhile: {now}")
        }
        Phase::Active { .. } => now,
    }
}
