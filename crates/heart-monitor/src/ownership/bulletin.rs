//! What people are notified of, once for each change.

use std::time::Duration;

use failover_policy::{ClusterId, Opening, OwnershipRecord, Phase, RecordState};
use flatline_processes::{Event, Notifier, Transition};

use crate::ownership::words;

/// Tells the notifier what changed for one cluster.
#[derive(Debug)]
pub(crate) struct Bulletin {
    this: ClusterId,
    notifier: Notifier,
    /// The longest time without the record that is nobody's business.
    patience: Duration,
    side: Option<Transition>,
    /// The fault that lasts.
    fault: Option<&'static str>,
    rehearsal_failed: bool,
}

impl Bulletin {
    pub(super) fn new(this: ClusterId, notifier: Notifier, patience: Duration) -> Self {
        Self { this, notifier, patience, side: None, fault: None, rehearsal_failed: false }
    }

    /// Takes what the gate knows, and whether it holds the workload back.
    pub(super) fn note(&mut self, state: &RecordState, blocks: bool, unreadable_for: Duration) {
        self.note_fault(state, unreadable_for);
        let known = matches!(state, RecordState::Found(_) | RecordState::Absent);
        if known && blocks {
            self.standby(state.record(), "this cluster does not own the work");
        }
    }

    /// Takes why a rehearsal failed, where one did.
    pub(super) fn note_rehearsal(&mut self, failure: Option<&str>) {
        let failed = failure.is_some();
        if let Some(failure) = failure.filter(|_| !self.rehearsal_failed) {
            self.tell(
                Transition::Fault,
                None,
                None,
                &format!("the rehearsal of a takeover failed: {failure}"),
            );
        }
        self.rehearsal_failed = failed;
    }

    /// Gives what was told the time to get through.
    pub(super) async fn finish(self) {
        self.notifier.finish(Notifier::LAST_WORDS).await;
    }

    /// This cluster's workload goes.
    pub(super) fn active(&mut self, opening: &Opening) {
        let record = match opening {
            Opening::Owner(record) => Some(record.as_ref()),
            Opening::NoRecord => None,
            Opening::StoreGrace => {
                let reason = "the workload starts without the ownership record, which could not be read for the store grace";
                self.tell(Transition::Fault, None, None, reason);
                None
            }
        };
        if self.side.replace(Transition::Active) != Some(Transition::Active) {
            let reason = record.map_or("this cluster is the primary", |record| record.reason.as_str());
            self.tell(Transition::Active, record, opening.term(), reason);
        }
    }

    /// This cluster's workload may not run, or not any more.
    pub(super) fn standby(&mut self, record: Option<&OwnershipRecord>, reason: &str) {
        if self.side.replace(Transition::Standby) != Some(Transition::Standby) {
            self.tell(Transition::Standby, record, record.map(|record| record.term), reason);
        }
    }

    fn note_fault(&mut self, state: &RecordState, unreadable_for: Duration) {
        let lasting = match state {
            RecordState::Lost(_) | RecordState::Unusable(_) => Some(words::record_state(state)),
            _ if unreadable_for > self.patience => Some("unreadable"),
            // Not to be read for a moment is neither a fault nor the end of one.
            RecordState::Unreadable => self.fault,
            RecordState::NotRead | RecordState::Found(_) | RecordState::Absent => None,
        };
        if std::mem::replace(&mut self.fault, lasting) != lasting && lasting.is_some() {
            let reason = words::fault(state);
            let reason = reason.as_deref().unwrap_or("the ownership record cannot be read");
            self.tell(Transition::Fault, None, None, reason);
        }
    }

    fn tell(
        &self,
        transition: Transition,
        record: Option<&OwnershipRecord>,
        term: Option<u64>,
        reason: &str,
    ) {
        let previous = record.and_then(|record| match &record.phase {
            Phase::Active { previous } => previous.clone(),
            Phase::Pending { previous } => Some(previous.clone()),
            Phase::Releasing { .. } => None,
        });
        self.notifier.tell(Event {
            transition,
            cluster: self.this.clone(),
            owner: record.map(|record| record.owner.clone()),
            term,
            previous,
            reason: reason.to_owned(),
        });
    }
}
