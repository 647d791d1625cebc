//! `activate`: make a cluster the owner at once, over whatever the store holds.

mod plan;
mod successor;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use failover_policy::{ClusterId, OwnershipRecord};
use flatline_shell::{Clock, ConfigError, Environment, Exit};
use heartbeat_store::{RecordName, StoreError};

use self::plan::plan;
use self::successor::{Successor, Wish};
use crate::operator::args::{ActivateArgs, ConsentArgs};
use crate::operator::consent;
use crate::operator::console::{Console, Streams};
use crate::operator::found::{self, FoundRecord};
use crate::operator::setting::Setting;
use crate::operator::words::sentence;

/// How often a change is tried that others keep changing under, or whose answers are lost.
const TRIES: usize = 5;

/// `activate --cluster X`.
pub(crate) async fn activate(
    args: &ActivateArgs,
    environment: &Environment,
    clock: Arc<dyn Clock>,
) -> Result<Exit, ConfigError> {
    let setting = Setting::open(&args.record, environment, clock).await?;
    let activation =
        Activation { setting, cluster: args.cluster.clone(), term: args.term, consent: args.consent };
    activation.run(&mut Streams::new()).await
}

#[derive(Debug)]
struct Activation {
    setting: Setting,
    cluster: ClusterId,
    term: Option<u64>,
    consent: ConsentArgs,
}

impl Activation {
    async fn run(&self, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let found = match found::read(&self.setting.store).await {
            Ok(found) => found,
            Err(error) => {
                console.complain(&no_store(&error));
                return Ok(Exit::CannotTell);
            }
        };
        let next = match self.successor(&found) {
            Successor::Write(next) => next,
            other => return self.without_a_change(&other, console),
        };
        console.tell(&plan(&self.setting, &found, &next).await)?;
        let question = format!("Make cluster {} the owner at once?", self.cluster);
        if let Some(exit) = consent::obtain(self.consent, &question, console).await? {
            return Ok(exit);
        }
        self.write(found, *next, console).await
    }

    /// Writes the record; where somebody else was quicker, over what that is.
    async fn write(
        &self,
        mut found: FoundRecord,
        mut next: OwnershipRecord,
        console: &mut impl Console,
    ) -> Result<Exit, ConfigError> {
        let mut tries = 1;
        loop {
            let Err(error) = self.put(&found, &next).await else { return done(&next, console) };
            let is_final = matches!(error, StoreError::Unsupported { .. } | StoreError::Denied { .. });
            if is_final || tries == TRIES {
                console.complain(&format!(
                    "not activated: {error}; see 'heart-monitor status', then run this again"
                ));
                return Ok(Exit::CannotTell);
            }
            console.show(self.setting.clock.now().boot, &format!("trying again: {error}"));
            tries += 1;
            tokio::time::sleep(self.setting.timing.poll.get()).await;
            let Ok(read) = found::read(&self.setting.store).await else { continue };
            if matches!(&read, FoundRecord::Usable(record, _) if **record == next) {
                return done(&next, console);
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
            cluster: &self.cluster,
            term: self.term,
            lease: self.setting.lease(),
            by: &self.setting.by,
            now: self.setting.clock.now().wall,
        };
        Successor::of(found, wish)
    }

    fn without_a_change(&self, why: &Successor, console: &mut impl Console) -> Result<Exit, ConfigError> {
        let cluster = &self.cluster;
        match why {
            Successor::Already(record) => {
                console.tell(&format!(
                    "nothing to do: {}. To write a record that counts above a lost one, say --term {} or higher\n",
                    sentence(record),
                    record.term.saturating_add(1),
                ))?;
                return Ok(Exit::Done);
            }
            Successor::TermUnknown => console.complain(&format!(
                "nothing was changed: no record shows a term, so it has to be said. Where there ever was one, take the highest that any \
                 workload was started with (its FLATLINE_TERM, its --term-file, 'term' in the log or at /state of a \
                 monitor), and run 'heart-monitor activate --cluster {cluster} --term N' with N one above it; where \
                 there never was a record, N is 2"
            )),
            Successor::Untouchable(detail) => console.complain(&format!(
                "nothing was changed: the ownership record is malformed ({detail}) and cannot be replaced; move it \
                 out of the store by hand, then run this with --term N"
            )),
            // The callers write those.
            Successor::Write(_) => {}
        }
        Ok(Exit::CannotTell)
    }
}

fn done(record: &OwnershipRecord, console: &mut impl Console) -> Result<Exit, ConfigError> {
    console.tell(&format!("done: {}; see 'heart-monitor status' whether it stays so\n", sentence(record)))?;
    Ok(Exit::Done)
}

fn no_store(error: &StoreError) -> String {
    format!(
        "nothing was changed: {error}. An activation needs the store: 'heart-monitor doctor --read-only' says what \
         to mend. Where it stays away, stop the old side for certain, and start the workload here with --ownership off"
    )
}
