//! What people are notified of, once for each change.

use std::time::Duration;

use failover_policy::{ClusterId, GateRule, Opening, OwnershipRecord, Phase, RecordState};
use flatline_processes::{Event, Notifier, Transition};

use crate::ownership::words;

/// Tells the notifier what changed for one cluster.
#[derive(Debug)]
pub(crate) struct Bulletin {
    this: ClusterId,
    primary: ClusterId,
    notifier: Notifier,
    /// The longest time without the record that is nobody's business.
    patience: Duration,
    side: Option<Transition>,
    /// The fault that lasts.
    fault: Option<&'static str>,
    rehearsal_failed: bool,
}

impl Bulletin {
    pub(super) fn new(rule: &GateRule, notifier: Notifier) -> Self {
        Self {
            this: rule.this.clone(),
            primary: rule.primary.clone(),
            notifier,
            patience: rule.lease.watch.get(),
            side: None,
            fault: None,
            rehearsal_failed: false,
        }
    }

    /// Takes what the gate knows, and whether it holds the workload back.
    pub(super) fn note(&mut self, state: &RecordState, blocks: bool, unreadable_for: Duration) {
        self.note_fault(state, unreadable_for);
        let known = matches!(state, RecordState::Found(_) | RecordState::Absent);
        if known && blocks {
            self.standby(self.owner(state), "this cluster does not own the work");
        }
    }

    /// Takes why a rehearsal failed, where one did.
    pub(super) fn note_rehearsal(&mut self, failure: Option<&str>) {
        let failed = failure.is_some();
        if let Some(failure) = failure.filter(|_| !self.rehearsal_failed) {
            self.tell(
                Transition::Fault,
                Holder::default(),
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
        let (owner, reason) = match opening {
            Opening::Owner(record) => (Holder::of(record), record.reason.as_str()),
            Opening::NoRecord => {
                (self.implied_owner(), "there is no record, and this cluster is the primary")
            }
            Opening::StoreGrace => {
                let reason = "the workload starts without the ownership record, which could not be read for the store grace";
                self.tell(Transition::Fault, Holder::default(), reason);
                (Holder::default(), reason)
            }
        };
        if self.side.replace(Transition::Active) != Some(Transition::Active) {
            self.tell(Transition::Active, owner, reason);
        }
    }

    /// This cluster's workload may not run, or not any more.
    pub(super) fn stops(&mut self, record: Option<&OwnershipRecord>, reason: &str) {
        self.standby(record.map_or_else(Holder::default, Holder::of), reason);
    }

    fn standby(&mut self, holder: Holder, reason: &str) {
        if self.side.replace(Transition::Standby) != Some(Transition::Standby) {
            self.tell(Transition::Standby, holder, reason);
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
            self.tell(Transition::Fault, Holder::default(), reason);
        }
    }

    fn owner(&self, state: &RecordState) -> Holder {
        match state {
            RecordState::Found(record) => Holder::of(record),
            RecordState::Absent => self.implied_owner(),
            RecordState::NotRead
            | RecordState::Unreadable
            | RecordState::Lost(_)
            | RecordState::Unusable(_) => Holder::default(),
        }
    }

    fn implied_owner(&self) -> Holder {
        let owner = Some(self.primary.clone());
        Holder { owner, term: Some(OwnershipRecord::FIRST_TERM), previous: None }
    }

    fn tell(&self, transition: Transition, holder: Holder, reason: &str) {
        let Holder { owner, term, previous } = holder;
        let cluster = self.this.clone();
        self.notifier.tell(Event { transition, cluster, owner, term, previous, reason: reason.to_owned() });
    }
}

/// Who owns the work as far as is known.
#[derive(Debug, Default)]
struct Holder {
    owner: Option<ClusterId>,
    term: Option<u64>,
    previous: Option<ClusterId>,
}

impl Holder {
    fn of(record: &OwnershipRecord) -> Self {
        let previous = match &record.phase {
            Phase::Active { previous } => previous.clone(),
            Phase::Pending { previous } => Some(previous.clone()),
            Phase::Releasing { .. } => None,
        };
        Self { owner: Some(record.owner.clone()), term: Some(record.term), previous }
    }
}
