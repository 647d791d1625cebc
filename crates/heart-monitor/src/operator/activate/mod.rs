//! `activate`: make a cluster the owner at once, over whatever the store holds.

mod plan;
mod successor;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::{ClusterId, Exhausted, OwnershipRecord};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use heartbeat_store::{RecordName, StoreError};

use self::plan::plan;
use self::successor::{Successor, Wish};
use crate::advice::{Advice, Term, Whom};
use crate::operator::args::{ActivateArgs, ConsentArgs};
use crate::operator::consent;
use crate::operator::console::{Console, Streams};
use crate::operator::found::{self, FoundRecord};
use crate::operator::setting::Setting;
use crate::operator::words::sentence;
use crate::record_advice;
use crate::strangers::Stranger;

/// How often a change is tried that others keep changing under, or whose answers are lost.
const TRIES: usize = 5;

/// `activate --cluster X`.
pub(crate) async fn activate(
    args: &ActivateArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let setting = Setting::open(&args.record, environment, clock).await?;
    Activation { setting, order: Order::of(args) }.run(&mut Streams::new()).await
}

/// What was asked for.
#[derive(Debug, Clone)]
struct Order {
    cluster: ClusterId,
    term: Option<u64>,
    /// Whether the cluster may be one that never beat here.
    never_seen: bool,
    replace_newer: bool,
    consent: ConsentArgs,
}

impl Order {
    fn of(args: &ActivateArgs) -> Self {
        let ActivateArgs { term, never_seen, replace_newer, consent, .. } = *args;
        Self { cluster: args.cluster.clone(), term, never_seen, replace_newer, consent }
    }
}

#[derive(Debug)]
struct Activation {
    setting: Setting,
    order: Order,
}

impl Activation {
    async fn run(&self, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let found = match found::read(&self.setting.store).await {
            Ok(found) => found,
            Err(error) => {
                console.complain(&no_store(&error, &self.order.cluster));
                return Ok(Exit::CannotTell);
            }
        };
        let next = match self.successor(&found) {
            Successor::Write(next) => next,
            other => return self.without_a_change(&other, console),
        };
        if let Some(stranger) = self.stranger().await {
            console.complain(&never_beat(&stranger));
            return Ok(Exit::CannotTell);
        }
        console.tell(&plan(&self.setting, &found, &next).await)?;
        if let Some(refusal) = self.setting.refusal().await {
            console.complain(&format!("not activated: {refusal}; then run this again"));
            return Ok(Exit::CannotTell);
        }
        let question = format!("Make cluster {} the owner at once?", self.order.cluster);
        if let Some(exit) = consent::obtain(self.order.consent, &question, console).await? {
            return Ok(exit);
        }
        self.write(found, *next, console).await
    }

    /// The cluster where nobody insists on it and it never beat here: it would own the work, and nobody would run.
    async fn stranger(&self) -> Option<Stranger> {
        if self.order.never_seen {
            return None;
        }
        Stranger::look(&self.setting.store, &self.order.cluster).await
    }

    /// Writes the record; where somebody else was quicker, over what that is. An answer that was lost is looked for in
    /// what is there afterwards.
    async fn write(
        &self,
        mut found: FoundRecord,
        mut next: OwnershipRecord,
        console: &mut impl Console,
    ) -> Result<Exit, ConfigError> {
        let mut tries = Tries::default();
        loop {
            let Err(error) = self.put(&found, &next).await else { return done(&next, console) };
            tries.note(&next, &error);
            let is_final = matches!(error, StoreError::Unsupported { .. } | StoreError::Denied { .. });
            if is_final || tries.count == TRIES {
                console.complain(&tries.given_up(&error));
                return Ok(Exit::CannotTell);
            }
            console.show(self.setting.clock.now().boot, &format!("trying again: {error}"));
            tokio::time::sleep(self.setting.timing.poll.get()).await;
            let Ok(read) = found::read(&self.setting.store).await else { continue };
            if let FoundRecord::Usable(record, _) = &read
                && tries.led_to(record)
            {
                return done(record, console);
            }
            found = read;
            next = match self.successor(&found) {
                Successor::Write(next) => *next,
                other => return self.without_a_change(&other, console),
            };
        }
    }

    async fn put(&self, found: &FoundRecord, next: &OwnershipRecord) -> Result<(), StoreError> {
        let (store, name, body) = (&self.setting.store, &RecordName::Ownership, next.to_json());
        let written = match found {
            FoundRecord::Usable(_, version) | FoundRecord::Unusable(_, _, version) => {
                store.swap_record(name, &body, version, next.revision).await
            }
            FoundRecord::Absent | FoundRecord::Untouchable(_) => {
                store.create_record(name, &body, next.revision).await
            }
        };
        written.map(drop)
    }

    fn successor(&self, found: &FoundRecord) -> Successor {
        let wish = Wish {
            cluster: &self.order.cluster,
            term: self.order.term,
            replace_newer: self.order.replace_newer,
            lease: self.setting.lease(),
            by: &self.setting.by,
            now: self.setting.clock.now().wall,
        };
        Successor::of(found, wish)
    }

    fn without_a_change(&self, why: &Successor, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let cluster = &self.order.cluster;
        match why {
            Successor::Already(record) => {
                console.tell(&already(record))?;
                return Ok(Exit::Done);
            }
            Successor::TermUnknown => console.complain(&format!(
                "nothing was changed: no record shows a term, so it has to be said. Where there ever was one, take the highest that any \
                 workload was started with (its FLATLINE_TERM, its --term-file, 'term' in the log or at /state of a \
                 monitor), and run {} with N one above it; where there never was a record, N is 2",
                Advice::ActivateUnder(Whom::Cluster(cluster), Term::Found)
            )),
            Successor::Untouchable(detail) => console.complain(&format!(
                "nothing was changed: the ownership record is malformed ({detail}) and cannot be replaced; {}",
                record_advice::untouchable()
            )),
            Successor::Newer(why) => {
                console.complain(&format!("nothing was changed: {why}; {}", record_advice::unusable(why)));
            }
            Successor::Exhausted(why) => {
                console.complain(&format!("nothing was changed: {why}; {}", self.room(*why)));
            }
            // The callers write those.
            Successor::Write(_) => {}
        }
        Ok(Exit::CannotTell)
    }

    /// What to do where the counters come to their end: a term that was asked for is easily asked for differently.
    fn room(&self, why: Exhausted) -> String {
        match (why, self.order.term) {
            (Exhausted::Term(term), Some(asked)) if asked == term => {
                "say a lower --term: one above the highest that a workload was started with".to_owned()
            }
            _ => record_advice::exhausted(),
        }
    }
}

/// What was tried, since an answer that was lost may have been "done".
#[derive(Debug, Default)]
struct Tries {
    count: usize,
    /// The records whose fate is unknown.
    may_have_landed: Vec<OwnershipRecord>,
}

impl Tries {
    fn note(&mut self, record: &OwnershipRecord, error: &StoreError) {
        self.count += 1;
        if matches!(error, StoreError::Unreachable { .. } | StoreError::Ambiguous { .. }) {
            self.may_have_landed.push(record.clone());
        }
    }

    /// Whether a record is one of those that were tried, or what somebody made of it without another change of owner:
    /// each term belongs to one owner.
    fn led_to(&self, record: &OwnershipRecord) -> bool {
        let is_of = |tried: &OwnershipRecord| tried.term == record.term && tried.revision <= record.revision;
        record.lets_run(&record.owner)
            && self.may_have_landed.iter().any(|tried| is_of(tried) && tried.owner == record.owner)
    }

    fn given_up(&self, error: &StoreError) -> String {
        if self.may_have_landed.is_empty() {
            return format!("not activated: {error}; see {}, then run this again", Advice::Status);
        }
        format!(
            "whether it was activated is not known: {error}. An answer was lost, and the change may have landed, or may \
             land late: {} says who owns the work, and running this again does no harm",
            Advice::Status
        )
    }
}

fn done(record: &OwnershipRecord, console: &mut impl Console) -> Result<Exit, ConfigError> {
    console.tell(&format!("done: {}; see {} whether it stays so\n", sentence(record), Advice::Status))?;
    Ok(Exit::Done)
}

/// The record says already what is asked for, perhaps by an activation whose answer was lost.
fn already(record: &OwnershipRecord) -> String {
    let OwnershipRecord { owner, by, .. } = record;
    let how = if record.was_activated() {
        format!(
            "it was activated by hand, by {by}: where an earlier run of this did not say so, it was done all the same"
        )
    } else {
        format!("revision {}, {}, by {by}", record.revision, record.reason)
    };
    let above = record.term.saturating_add(1);
    format!(
        "nothing to do: {} ({how}). A guard of cluster {owner} runs the workload where its own heart beats. To write a \
         record that counts above a lost one, say --term {above} or higher\n",
        sentence(record),
    )
}

fn never_beat(stranger: &Stranger) -> String {
    let instead = stranger.nearest().map_or(".".to_owned(), |nearest| {
        format!(" {} names that one.", Advice::Activate(Whom::Cluster(nearest)))
    });
    format!(
        "nothing was changed: {stranger}{instead} Once it owned the work, every guard would stop and wait for a heart that \
         never was. Where it is the right one, start its beacon first; --never-seen names it all the same"
    )
}

/// A guard starts nothing without the store, so that only a command without one, and a gate that asks for none, do.
fn no_store(error: &StoreError, cluster: &ClusterId) -> String {
    format!(
        "nothing was changed: {error}. An activation needs the store: {} says what to mend. Where it stays away, stop the \
         old side for certain, then start the workload's own command in cluster {cluster} without its guard, which waits \
         for the store; behind a gate, one that runs {} opens without it. Nothing fences it then: the runbook's last resort \
         has the steps, and the way back",
        Advice::DoctorReadOnly,
        Advice::OpenWithoutStore(cluster),
    )
}
