//! Carries out what the handover's machine asks for, and shows what it waits for.

use std::sync::Arc;

use failover_policy::{
    Assessment, BootTime, Detector, Finding, Handover, HandoverEnd, HandoverRule, HandoverStep, HandoverWait,
    Look, Now, OwnershipRecord, Phase, Purpose, RecordLook, RecordState, Step, Swap, SwapOutcome,
};
use flatline_shell::{Clock, ConfigError, sleep_until};
use heartbeat_store::StoreError;

use crate::calls::{Answer, Calls};
use crate::carrier::{Carried, Carrier};
use crate::errand::Errand;
use crate::heart_report::sentence;
use crate::operator::console::Console;
use crate::operator::handover::endings;
use crate::operator::setting::Setting;
use crate::operator::words::seconds_left;

/// One handover at work on the store. Its futures may be dropped at any point; what is known then stays.
#[derive(Debug)]
pub(super) struct Driver {
    rule: HandoverRule,
    machine: Handover,
    calls: Calls,
    clock: Arc<dyn Clock>,
    heart: Option<Carried<Look>>,
    /// Why the last read of the record failed.
    trouble: Option<StoreError>,
    /// Why the last swap failed. It stands while the record is read again, which clears nothing up.
    unwritten: Option<StoreError>,
    waits_for_beat_since: Option<BootTime>,
    /// Whether a swap was sent off and nothing was heard of it yet.
    pub(super) swap_under_way: bool,
}

/// How carrying a handover out ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// As the machine says.
    Decided(HandoverEnd),
    /// It cannot be written, and trying again is no way out.
    Refused(StoreError),
}

impl Driver {
    pub(super) fn new(setting: &Setting, rule: HandoverRule) -> Self {
        let carrier = Carrier::new(setting.store.clone(), Arc::clone(&setting.clock));
        let this = rule.to.clone();
        Self {
            machine: Handover::new(rule.clone()),
            rule,
            calls: Calls::new(carrier, this),
            clock: Arc::clone(&setting.clock),
            heart: None,
            trouble: None,
            unwritten: None,
            waits_for_beat_since: None,
            swap_under_way: false,
        }
    }

    pub(super) fn rule(&self) -> &HandoverRule {
        &self.rule
    }

    pub(super) fn record(&self) -> &RecordState {
        self.machine.record()
    }

    pub(super) fn trouble(&self) -> Option<&StoreError> {
        self.trouble.as_ref().or(self.unwritten.as_ref())
    }

    /// Reads until it is known what there is to do, and changes nothing; the end where that is nothing.
    pub(super) async fn survey(&mut self, console: &mut impl Console) -> Option<HandoverEnd> {
        loop {
            let now = self.clock.now();
            match self.machine.poll_step(now, self.calls.under_way()) {
                HandoverStep::ReadRecord => self.calls.begin(Step::ReadRecord),
                HandoverStep::ReadHeart(cluster) => self.calls.begin(Step::ReadHeart(cluster)),
                HandoverStep::Sleep(until) if !self.knows_what_to_do(now) => {
                    self.wait(now, until, console).await;
                }
                HandoverStep::Swap(_) | HandoverStep::Sleep(_) => return None,
                HandoverStep::Done(end) => return Some(end),
            }
        }
    }

    fn knows_what_to_do(&self, now: Now) -> bool {
        match self.machine.waiting(now) {
            Some(HandoverWait::Record) => false,
            Some(HandoverWait::SuccessorBeat | HandoverWait::OldSideStops(_)) => self.heart.is_some(),
            None => true,
        }
    }

    /// Carries the handover out to its end.
    pub(super) async fn finish(&mut self, console: &mut impl Console) -> Result<Ended, ConfigError> {
        loop {
            let now = self.clock.now();
            match self.machine.poll_step(now, self.calls.under_way()) {
                HandoverStep::ReadRecord => self.calls.begin(Step::ReadRecord),
                HandoverStep::ReadHeart(cluster) => self.calls.begin(Step::ReadHeart(cluster)),
                HandoverStep::Sleep(until) => self.wait(now, until, console).await,
                HandoverStep::Swap(swap) => {
                    let purpose = swap.purpose;
                    self.swap(*swap, console).await?;
                    if let Some(error) = self.unwritten.as_ref().filter(|error| is_final(error, purpose)) {
                        return Ok(Ended::Refused(error.clone()));
                    }
                }
                HandoverStep::Done(end) => return Ok(Ended::Decided(end)),
            }
        }
    }

    /// Reads the record once more, whatever the machine wants: where does it stand?
    pub(super) async fn read_record(&mut self) {
        let look = self.calls.carrier().look_at_record().await;
        self.take_record(look);
    }

    /// The successor's heart in a sentence, by its last stamp; `None` before it was looked at.
    pub(super) fn heart(&self) -> Option<String> {
        let Carried { answer, error } = self.heart.as_ref()?;
        let mut detector = Detector::new(self.rule.watch.at_first_sight());
        detector.handle_look(*answer);
        let assessment: Assessment = detector.assess(answer.completed.boot);
        Some(sentence(&assessment, error.as_ref()))
    }

    /// Whether the store has no stamp of the successor.
    pub(super) fn never_beat(&self) -> bool {
        self.heart.as_ref().is_some_and(|heart| heart.answer.finding == Finding::Missing)
    }

    /// How long nobody may run under this record once it says releasing.
    pub(super) fn settle(&self, record: &OwnershipRecord) -> std::time::Duration {
        let drain = match record.phase {
            Phase::Releasing { drain, .. } => drain,
            Phase::Active { .. } | Phase::Pending { .. } => self.rule.drain,
        };
        record.timing.settle(drain) + self.rule.cache_age.get()
    }

    fn take_record(&mut self, Carried { answer, error }: Carried<RecordLook>) {
        self.trouble = error;
        self.machine.handle_record(answer);
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Errand(Errand::Record(look)) => self.take_record(look),
            Answer::Errand(Errand::Heart(_, look)) => {
                self.machine.handle_heart(look.answer);
                self.heart = Some(look);
            }
            // A handover asks for nothing else in this way.
            Answer::Errand(Errand::Own(_) | Errand::Maintenance(..) | Errand::Swap(..))
            | Answer::Details(..)
            | Answer::Stranger(..) => {}
        }
    }

    async fn swap(&mut self, swap: Swap, console: &mut impl Console) -> Result<(), ConfigError> {
        self.swap_under_way = true;
        let Carried { answer, error } = self.calls.carrier().swap(&swap).await;
        self.swap_under_way = false;
        self.unwritten = error.filter(|_| answer.outcome == SwapOutcome::Failed);
        let released = swap.purpose == Purpose::Release && answer.outcome == SwapOutcome::Won;
        let OwnershipRecord { owner, revision, .. } = swap.record.clone();
        self.machine.handle_swap(swap, answer.outcome, answer.issued, answer.completed);
        if released {
            console.tell(&format!(
                "released: the guards of cluster {owner} stop their workload (revision {revision})\n"
            ))?;
        }
        Ok(())
    }

    async fn wait(&mut self, now: Now, until: BootTime, console: &mut impl Console) {
        let waiting = self.machine.waiting(now);
        let for_beat = waiting == Some(HandoverWait::SuccessorBeat);
        self.waits_for_beat_since = for_beat.then(|| self.waits_for_beat_since.unwrap_or(now.boot));
        if !self.waits_for_answers_alone(waiting.as_ref()) {
            console.show(now.boot, &self.progress(waiting.as_ref(), now.boot));
        }
        tokio::select! {
            biased;
            answer = self.calls.next() => self.take(answer),
            () = sleep_until(self.clock.as_ref(), until) => {}
        }
    }

    /// Whether there is nothing to tell yet: it waits for the first read of something, or for the last one before a write.
    fn waits_for_answers_alone(&self, waiting: Option<&HandoverWait>) -> bool {
        match waiting {
            Some(HandoverWait::Record) => *self.record() == RecordState::NotRead,
            Some(HandoverWait::SuccessorBeat) => self.heart.is_none(),
            Some(HandoverWait::OldSideStops(_)) => false,
            None => self.unwritten.is_none(),
        }
    }

    fn progress(&self, waiting: Option<&HandoverWait>, now: BootTime) -> String {
        let to = &self.rule.to;
        let because = |error: Option<&StoreError>| error.map_or(String::new(), |error| format!(": {error}"));
        match waiting {
            Some(HandoverWait::Record) => {
                format!("waiting for the ownership record to be read{}", because(self.trouble.as_ref()))
            }
            Some(HandoverWait::SuccessorBeat) => {
                let since = now.since(self.waits_for_beat_since.unwrap_or(now));
                let left = self.rule.watch.flatline_after.get().saturating_sub(since);
                let error = self.heart.as_ref().and_then(|heart| heart.error.as_ref());
                format!(
                    "waiting for a beat of cluster {to}, {} at most{}",
                    seconds_left(left),
                    because(error)
                )
            }
            Some(HandoverWait::OldSideStops(until)) => {
                let owner = self
                    .record()
                    .record()
                    .map_or("the old side".to_owned(), |r| format!("cluster {}", r.owner));
                format!(
                    "waiting for {owner} to have stopped for certain: {} left",
                    seconds_left(until.since(now))
                )
            }
            None => {
                let way_out = if self.is_releasing() { endings::LEFT_ALONE } else { "" };
                format!(
                    "trying again to write the ownership record{}{way_out}",
                    because(self.unwritten.as_ref())
                )
            }
        }
    }

    fn is_releasing(&self) -> bool {
        self.record().record().is_some_and(|record| matches!(record.phase, Phase::Releasing { .. }))
    }
}

/// Whether an error of a swap ends the handover. A place that cannot swap never will. A refusal ends what has not
/// begun, since somebody has to mend it; but once the old side was told to stop, nobody runs, and the next try may land.
fn is_final(error: &StoreError, purpose: Purpose) -> bool {
    match error {
        StoreError::Unsupported { .. } => true,
        StoreError::Denied { .. }
        | StoreError::NoSpace { .. }
        | StoreError::NoStore { .. }
        | StoreError::Malformed { .. }
        | StoreError::Obstructed { .. } => purpose == Purpose::Release,
        StoreError::NotFound { .. }
        | StoreError::Conflict { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Ambiguous { .. } => false,
    }
}
