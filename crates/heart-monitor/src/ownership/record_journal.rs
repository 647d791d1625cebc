//! What the log says of the record: a line per change, whoever made it.

use std::time::Duration;

use failover_policy::{
    BootTime, ClusterId, MaintenanceFinding, OwnershipRecord, Purpose, RecordLook, RecordState, Swap,
    SwapOutcome,
};
use heartbeat_store::StoreError;

use crate::advice::Advice;
use crate::carrier::Swapped;
use crate::heart_report::seconds;
use crate::ownership::words;
use crate::read_journal::{ReadJournal, ReadNews};
use crate::store_advice::advice;

/// The log of one process's dealings with the record.
#[derive(Debug)]
pub(crate) struct RecordJournal {
    primary: ClusterId,
    poll: Duration,
    reads: ReadJournal,
    told: Option<RecordState>,
    maintenance: MaintenanceFinding,
    /// The last swap that was not won, so that its repetition is no line.
    vain: Option<(Purpose, SwapOutcome, Option<&'static str>)>,
}

/// One line with all that a record says.
macro_rules! record_line {
    ($say:ident, $record:expr, $message:expr) => {{
        let record: &OwnershipRecord = $record;
        let (previous, successor) = words::other_party(record);
        tracing::$say!(
            owner = %record.owner,
            term = record.term,
            phase = record.phase.word(),
            revision = record.revision,
            previous = previous.map(ClusterId::as_str),
            successor = successor.map(ClusterId::as_str),
            since = %record.since,
            by = record.by,
            reason = record.reason,
            watch = %record.timing.watch,
            stop = %record.timing.stop,
            "{}", $message
        );
    }};
}

impl RecordJournal {
    pub(crate) fn new(primary: ClusterId, poll: Duration) -> Self {
        let (reads, maintenance) = (ReadJournal::default(), MaintenanceFinding::Off);
        Self { primary, poll, reads, told: None, maintenance, vain: None }
    }

    /// Takes a look at the record, and what it came to.
    pub(crate) fn note_look(&mut self, look: &RecordLook, state: &RecordState, error: Option<&StoreError>) {
        self.note_reads(look, state, error);
        if matches!(state, RecordState::Unreadable | RecordState::NotRead) {
            return;
        }
        let before = self.told.replace(state.clone());
        if before.as_ref().is_none_or(|before| differs(before, state)) {
            self.tell(before.as_ref(), state);
        }
    }

    /// Takes what came of a swap.
    pub(crate) fn note_swap(&mut self, swap: &Swap, swapped: Swapped, error: Option<&StoreError>) {
        let purpose = swap.purpose.word();
        let vain = (swap.purpose, swapped.outcome, error.map(StoreError::reason));
        match swapped.outcome {
            SwapOutcome::Won => {
                self.vain = None;
                self.told = Some(RecordState::Found(Box::new(swap.record.clone())));
                if matches!(swap.purpose, Purpose::Create | Purpose::Lengthen) {
                    record_line!(info, &swap.record, words::won(swap.purpose));
                } else {
                    record_line!(warn, &swap.record, words::won(swap.purpose));
                }
            }
            _ if self.vain.replace(vain) == Some(vain) => {}
            SwapOutcome::Lost => {
                tracing::warn!(
                    purpose,
                    revision = swap.record.revision,
                    "somebody else changed the record first"
                );
            }
            SwapOutcome::Failed => tracing::error!(
                purpose,
                revision = swap.record.revision,
                error = error.map(ToString::to_string),
                advice = error.map(advice),
                "the record cannot be changed; tries again with every poll"
            ),
        }
    }

    /// Takes a reading of the maintenance record: what the gate makes of it, and what was read.
    pub(crate) fn note_maintenance(
        &mut self,
        finding: &MaintenanceFinding,
        read: &MaintenanceFinding,
        error: Option<&StoreError>,
    ) {
        if self.maintenance == *finding {
            return;
        }
        match finding {
            MaintenanceFinding::Off if *read != MaintenanceFinding::Off => tracing::warn!(
                "maintenance is over after 30 days, whatever its record says: takeovers are automatic"
            ),
            MaintenanceFinding::Off => tracing::info!("maintenance is over: takeovers are automatic"),
            MaintenanceFinding::On(record) => tracing::warn!(
                until = %record.until,
                by = record.by,
                reason = record.reason,
                "maintenance is on: no automatic takeover"
            ),
            MaintenanceFinding::Unusable(why) => tracing::error!(
                why,
                advice = format!(
                    "look at maintenance.json in the store, or replace it: {}",
                    Advice::MaintenanceOff
                ),
                "the maintenance record cannot be understood and counts as on: no automatic takeover"
            ),
            MaintenanceFinding::Unreadable => tracing::warn!(
                error = error.map(ToString::to_string),
                "the maintenance record cannot be read: no takeover on a guess"
            ),
        }
        self.maintenance = finding.clone();
    }

    /// For how long the record could not be read.
    pub(crate) fn unreadable_for(&self, now: BootTime) -> Duration {
        self.reads.failing_for(now)
    }

    fn note_reads(&mut self, look: &RecordLook, state: &RecordState, error: Option<&StoreError>) {
        let failed = (*state == RecordState::Unreadable).then(|| error.map_or("stale", StoreError::reason));
        let tolerated = if self.told.is_none() { Duration::ZERO } else { self.poll };
        match self.reads.note(failed, look.issued.boot, look.completed.boot, tolerated) {
            ReadNews::Fails => tracing::warn!(
                reason = failed,
                error = error.map(ToString::to_string),
                advice = error.map(advice),
                "the ownership record cannot be read"
            ),
            ReadNews::Works(after) => {
                tracing::info!(after = seconds(after), "the ownership record can be read again");
            }
            ReadNews::Nothing => {}
        }
    }

    fn tell(&self, before: Option<&RecordState>, state: &RecordState) {
        match state {
            RecordState::Found(record) => {
                let owner_before = before.and_then(RecordState::record).map(|before| &before.owner);
                if owner_before.is_some_and(|before| *before != record.owner) {
                    record_line!(warn, record, "the ownership record names another cluster");
                } else {
                    record_line!(info, record, "the ownership record");
                }
            }
            RecordState::Absent => tracing::info!(
                owner = %self.primary,
                term = OwnershipRecord::FIRST_TERM,
                "no ownership record: the primary owns the work"
            ),
            RecordState::Lost(_) | RecordState::Unusable(_) => tracing::error!(
                why = words::fault(state),
                last_owner = before.and_then(RecordState::record).map(|last| last.owner.as_str()),
                last_term = before.and_then(RecordState::record).map(|last| last.term),
                advice = words::remedy(state),
                "the ownership record is not to be trusted; this monitor changes nothing"
            ),
            RecordState::Unreadable | RecordState::NotRead => {}
        }
    }
}

/// Whether a state is worth a line after another one.
fn differs(before: &RecordState, state: &RecordState) -> bool {
    match (before, state) {
        (RecordState::Found(before), RecordState::Found(now)) => before.revision != now.revision,
        _ => before != state,
    }
}
