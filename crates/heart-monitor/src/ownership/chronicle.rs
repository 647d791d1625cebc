//! Keeps the log, the state for `--listen` and the notifications of a gate or guard, from what came of each errand.

use std::sync::Arc;

use failover_policy::{
    Assessment, BootTime, ClusterId, Gate, Look, Now, Opening, OwnershipRecord, RecordState, StopCause,
    Timing, Waiting, WatchRule,
};
use flatline_processes::Notifier;
use heartbeat_store::{BeatDetails, StoreError};

use crate::carrier::Carried;
use crate::errand::Errand;
use crate::heart_journal::{HeartJournal, SUMMARY_EVERY};
use crate::heart_report::seconds;
use crate::ownership::bulletin::Bulletin;
use crate::ownership::config::OwnershipConfig;
use crate::ownership::primaries::Primaries;
use crate::ownership::record_journal::RecordJournal;
use crate::ownership::state::{OwnershipState, Workload};
use crate::ownership::words;
use crate::record_advice;
use crate::strangers::Stranger;
use crate::watcher::Sight;

/// Follows one gate, alone or inside a guard. Hand it every errand, after the machine.
///
/// The log has a line per change, of the record, of a heart and of what is waited for, and a summary every 30 seconds
/// while the gate is closed.
#[derive(Debug)]
pub(crate) struct Chronicle {
    timing: Timing,
    rule: WatchRule,
    record: RecordJournal,
    primaries: Primaries,
    /// The watched heart's log, and the last look at it.
    heart: Option<(HeartJournal, Option<Sight>)>,
    /// The log of this cluster's own heart, under a guard.
    own: HeartJournal,
    /// What was last said to be waited for, and for whom.
    waiting: Option<(&'static str, Option<ClusterId>)>,
    workload: Workload,
    bulletin: Bulletin,
    next_summary: Option<BootTime>,
    state: Arc<OwnershipState>,
}

impl Chronicle {
    pub(crate) fn new(config: &OwnershipConfig, state: Arc<OwnershipState>, notifier: Notifier) -> Self {
        let (gate, timing) = (&config.rule, config.timing);
        Self {
            timing,
            rule: gate.watch,
            record: RecordJournal::new(gate.primary.clone(), timing.poll.get()),
            primaries: Primaries::new(Some(gate.this.clone()), gate.primary.clone()),
            heart: None,
            own: HeartJournal::new(gate.this.clone(), timing, gate.watch),
            waiting: None,
            workload: Workload::HeldBack,
            bulletin: Bulletin::new(gate, notifier),
            next_summary: None,
            state,
        }
    }

    /// Takes what came of an errand that the gate has been handed, and what the workload waits for now.
    pub(crate) fn note(&mut self, errand: &Errand, gate: &Gate, waiting: Option<Waiting>, now: Now) {
        match errand {
            Errand::Own(look) => {
                if let Some(own) = gate.own_heart(now.boot) {
                    self.own.note(&sight(look, own));
                }
            }
            Errand::Heart(cluster, look) => self.note_heart(cluster, look, gate, now.boot),
            Errand::Record(look) => {
                self.record.note_look(&look.answer, gate.record(), look.error.as_ref());
                self.primaries.note_state(gate.record());
                self.state.note_primaries(self.primaries.tell());
            }
            Errand::Maintenance(_, read) => {
                let obeyed = gate.maintenance().unwrap_or(&read.answer);
                self.record.note_maintenance(obeyed, &read.answer, read.error.as_ref());
            }
            Errand::Swap(swap, swapped) => {
                self.record.note_swap(swap, swapped.answer, swapped.error.as_ref());
            }
        }
        self.state.note(errand, gate, waiting.clone(), now);
        self.follow_the_watched(gate, now.boot);
        let is_held_back = self.workload == Workload::HeldBack;
        if is_held_back {
            self.note_waiting(waiting.as_ref(), now.boot);
        } else {
            // What a closed gate would wait for is nobody's business while the workload runs, or ends.
            self.waiting = None;
        }
        // An owner whose workload is about to start is no standby to anybody who is told.
        let owns = gate.waiting(now).is_none_or(|waiting| waiting == Waiting::Nothing);
        let stands_by = self.workload != Workload::Runs && !owns;
        self.bulletin.note(gate.record(), stands_by, self.record.unreadable_for(now.boot));
        self.bulletin.note_rehearsal(self.state.rehearsal_failure().as_deref());
        if let Some(waiting) = waiting.filter(|_| is_held_back) {
            self.summarise(gate.record(), &waiting, now.boot);
        }
    }

    /// The cluster whose beat details are to be read now: see [`HeartJournal::wants_details`].
    pub(crate) fn wants_details(&self) -> Option<ClusterId> {
        let (journal, sight) = self.heart.as_ref()?;
        sight.as_ref().filter(|sight| journal.wants_details(sight)).map(|_| journal.cluster().clone())
    }

    /// The cluster that never beat here, where the log has to say which ones did.
    pub(crate) fn wants_clusters(&self) -> Option<ClusterId> {
        let (journal, sight) = self.heart.as_ref()?;
        sight.as_ref().filter(|sight| journal.wants_clusters(sight)).map(|_| journal.cluster().clone())
    }

    /// Takes which clusters beat here, when it was asked about that one. It may not be the watched one any more.
    pub(crate) fn note_stranger(&mut self, cluster: &ClusterId, stranger: &Stranger) {
        if let Some((journal, _)) = self.heart.as_mut().filter(|(journal, _)| journal.cluster() == cluster) {
            journal.note_stranger(stranger);
        }
    }

    /// Takes the beat details of that cluster that were asked for. It may not be the watched one any more.
    pub(crate) fn note_details(&mut self, cluster: &ClusterId, details: Option<&BeatDetails>) {
        if let Some((journal, Some(sight))) =
            self.heart.as_mut().filter(|(journal, _)| journal.cluster() == cluster)
        {
            journal.note_details(details, sight);
            if let Some(details) = details {
                self.primaries.note_beacon(journal.cluster(), details.primary.as_ref());
                self.state.note_primaries(self.primaries.tell());
            }
        }
    }

    /// Logs and tells why the workload goes.
    pub(crate) fn goes(&mut self, opening: &Opening, now: BootTime) {
        match opening {
            Opening::Owner(record) => tracing::info!(
                term = record.term, owner = %record.owner, revision = record.revision, since = %record.since,
                by = record.by, reason = record.reason,
                "go: this cluster owns the work"
            ),
            Opening::NoRecord => tracing::info!(
                term = OwnershipRecord::FIRST_TERM,
                "go: no ownership record, and this is the primary; a gate records nothing here, a guard would"
            ),
            Opening::StoreGrace => tracing::error!(
                unreadable_for = seconds(self.record.unreadable_for(now)),
                advice =
                    "make sure that no other cluster runs the work, and look why the store cannot be read",
                "go WITHOUT the ownership record: it could not be read for the whole --store-grace"
            ),
        }
        self.bulletin.active(opening);
        self.runs();
    }

    /// Takes that the workload runs.
    pub(crate) fn runs(&mut self) {
        self.turns(Workload::Runs);
    }

    /// Tells that the workload may not run any more, counted once however often it is signalled. A gate that is closed
    /// tells so by itself.
    pub(crate) fn stops(&mut self, record: Option<&OwnershipRecord>, cause: StopCause, reason: &'static str) {
        if self.workload == Workload::Runs {
            self.state.note_stop(cause);
        }
        self.bulletin.stops(record, reason);
        self.turns(Workload::Stops(reason));
    }

    /// Takes that nothing of the workload runs any more.
    pub(crate) fn gone(&mut self) {
        self.turns(Workload::HeldBack);
    }

    fn turns(&mut self, workload: Workload) {
        self.workload = workload;
        self.state.note_workload(workload);
    }

    /// Gives what was told the time to get through. To be called before the process ends.
    pub(crate) async fn finish(self) {
        self.bulletin.finish().await;
    }

    fn note_heart(&mut self, cluster: &ClusterId, look: &Carried<Look>, gate: &Gate, now: BootTime) {
        let Some((watched, assessment)) = gate.heart(now).filter(|(watched, _)| *watched == cluster) else {
            return;
        };
        let sight = sight(look, assessment);
        self.state.note_heart(watched, &sight);
        self.turn_to(watched);
        if let Some((journal, last)) = &mut self.heart {
            journal.note(&sight);
            *last = Some(sight);
        }
    }

    /// The record can make another heart the one that matters, or none.
    fn follow_the_watched(&mut self, gate: &Gate, now: BootTime) {
        match gate.heart(now) {
            Some((watched, _)) if *watched != gate.rule().this || !gate.rule().guarded => {
                self.turn_to(watched);
            }
            // An owner's guard watches its own heart, which has a log of its own.
            _ => {
                self.heart = None;
                self.state.note_no_heart();
            }
        }
    }

    fn turn_to(&mut self, cluster: &ClusterId) {
        let before = self.heart.as_ref().map(|(journal, _)| journal.cluster());
        if before == Some(cluster) {
            return;
        }
        if let Some(before) = before {
            tracing::info!(watching = %cluster, %before, "watching another heart");
        }
        self.heart = Some((HeartJournal::new(cluster.clone(), self.timing, self.rule), None));
    }

    fn note_waiting(&mut self, waiting: Option<&Waiting>, now: BootTime) {
        // That the record cannot be read has a line of its own, if it lasts.
        let Some(waiting) = waiting.filter(|waiting| **waiting != Waiting::Record) else { return };
        let (word, cluster) = (words::waiting(waiting), words::waited_for(waiting));
        if self.waiting.as_ref().is_some_and(|(before, whom)| *before == word && whom.as_ref() == cluster) {
            return;
        }
        if let Waiting::Exhausted(why) = waiting {
            tracing::error!(
                waiting_for = word, why = %why, advice = record_advice::exhausted(),
                "the ownership record cannot count further; this monitor changes nothing"
            );
            self.waiting = Some((word, None));
            return;
        }
        tracing::info!(
            waiting_for = word,
            whose = cluster.map(ClusterId::as_str),
            within = waiting.until().map(|until| seconds(until.since(now))),
            "{}",
            words::sentence(waiting, now)
        );
        self.waiting = Some((word, cluster.cloned()));
    }

    fn summarise(&mut self, state: &RecordState, waiting: &Waiting, now: BootTime) {
        let due = *self.next_summary.get_or_insert(now.after(SUMMARY_EVERY));
        if now < due {
            return;
        }
        self.next_summary = Some(now.after(SUMMARY_EVERY));
        let record = state.record();
        let (journal, sight) = self.heart.as_ref().map(|(journal, sight)| (journal, sight.as_ref())).unzip();
        let sight = sight.flatten();
        let evidence = sight.map(|sight| sight.assessment.evidence);
        tracing::info!(
            waiting_for = words::waiting(waiting),
            within = waiting.until().map(|until| seconds(until.since(now))),
            record = words::record_state(state),
            owner = record.map(|record| record.owner.as_str()),
            term = record.map(|record| record.term),
            phase = record.map(|record| record.phase.word()),
            revision = record.map(|record| record.revision),
            watching = journal.map(|journal| journal.cluster().as_str()),
            verdict = sight.map(|sight| sight.assessment.verdict.word()),
            reason = sight.and_then(|sight| sight.assessment.verdict.reason()),
            stamp_age = evidence.and_then(|evidence| evidence.stamp_age).map(|age| age.to_string()),
            silence = evidence.and_then(|evidence| evidence.silence).map(seconds),
            looks = evidence.map(|evidence| evidence.looks),
            failed_looks = evidence.map(|evidence| evidence.failed_looks),
            beats = evidence.map(|evidence| evidence.beats),
            gaps = evidence.map(|evidence| evidence.gaps),
            read_error = sight.and_then(|sight| sight.error.as_ref()).map(StoreError::reason),
            unsafe_interval =
                journal.and_then(HeartJournal::unsafe_interval).map(|interval| interval.to_string()),
            fault = words::fault(state),
            "still blocked"
        );
    }
}

fn sight(look: &Carried<Look>, assessment: Assessment) -> Sight {
    Sight { look: look.answer, error: look.error.clone(), assessment }
}
