//! What one read of the record found, and what it means to somebody who has read it before.

use crate::{BootTime, Now, OwnershipRecord, Span, UnusableRecord};

/// One read of the ownership record, from the call to the answer. A won swap is one too: it shows the record that
/// was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordLook {
    /// The clocks right before the read was issued: what it found may be as old as this.
    pub issued: Now,
    /// The clocks right after it came back.
    pub completed: Now,
    /// What came back.
    pub finding: RecordFinding,
}

/// What a read of the record came back with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordFinding {
    /// A record that this version understands.
    Found(Box<OwnershipRecord>),
    /// The store can be read and has no record.
    Absent,
    /// A record that is malformed or newer than this version understands.
    Unusable(UnusableRecord),
    /// No answer, a refusal, or none in time.
    Unreadable,
}

/// What is known of the record after a look.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordState {
    /// Nothing was read yet.
    NotRead,
    /// There is a record.
    Found(Box<OwnershipRecord>),
    /// There is none, and this process never saw one.
    Absent,
    /// The store cannot be read.
    Unreadable,
    /// There was a record that counts more than what is there now: store loss. Only `activate` mends it.
    Lost(LossCause),
    /// The record is malformed or of a newer version: nobody but `activate` changes it.
    Unusable(UnusableRecord),
}

/// How the store came to be in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossCause {
    /// The record is gone.
    Missing,
    /// The record is of a lower revision or term than one that was read: a restored backup, or another account.
    Older {
        /// The highest revision that was read.
        seen: u64,
        /// The revision that is there now.
        found: u64,
    },
    /// The record is another one than was read at this revision: somebody made it anew after it was lost.
    Replaced {
        /// The revision that both have.
        revision: u64,
    },
}

impl RecordState {
    /// The record, where there is a usable one.
    pub fn record(&self) -> Option<&OwnershipRecord> {
        match self {
            Self::Found(record) => Some(record),
            _ => None,
        }
    }
}

/// Remembers the highest record, and so tells store loss from a record that was never there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RecordMemory {
    highest: Option<Highest>,
    /// When a record that cannot be used was last read: there was one.
    unusable_at: Option<BootTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Highest {
    record: Box<OwnershipRecord>,
    read_at: BootTime,
}

impl RecordMemory {
    /// Whether a record was ever read, usable or not.
    pub fn has_read_a_record(&self) -> bool {
        self.highest.is_some() || self.unusable_at.is_some()
    }

    /// What a look means. A place that caches may show an older state for `cache_age` after it showed a newer one:
    /// that is no loss, but no news either.
    pub fn take(&mut self, look: RecordLook, cache_age: Span) -> RecordState {
        let may_predate = |read_at: BootTime| look.issued.boot < read_at.after(cache_age.get());
        let stale = |highest: &Highest| may_predate(highest.read_at);
        match (look.finding, &self.highest) {
            (RecordFinding::Unreadable, _) => RecordState::Unreadable,
            (RecordFinding::Unusable(why), _) => {
                self.unusable_at = Some(look.completed.boot);
                RecordState::Unusable(why)
            }
            (RecordFinding::Absent, highest) => {
                let read_at = highest.as_ref().map(|highest| highest.read_at).max(self.unusable_at);
                match read_at {
                    None => RecordState::Absent,
                    Some(read_at) if may_predate(read_at) => RecordState::Unreadable,
                    Some(_) => RecordState::Lost(LossCause::Missing),
                }
            }
            (RecordFinding::Found(record), Some(highest)) if highest.is_newer_than(&record) => {
                if stale(highest) {
                    return RecordState::Unreadable;
                }
                let seen = highest.record.revision;
                RecordState::Lost(LossCause::Older { seen, found: record.revision })
            }
            (RecordFinding::Found(record), Some(highest)) if highest.was_replaced_by(&record) => {
                RecordState::Lost(LossCause::Replaced { revision: record.revision })
            }
            (RecordFinding::Found(record), _) => {
                self.highest = Some(Highest { record: record.clone(), read_at: look.completed.boot });
                RecordState::Found(record)
            }
        }
    }
}

impl Highest {
    fn is_newer_than(&self, found: &OwnershipRecord) -> bool {
        found.revision < self.record.revision || found.term < self.record.term
    }

    /// Each revision is written once. What is stored of the moment is coarser than what its writer knew, so that is
    /// not compared.
    fn was_replaced_by(&self, found: &OwnershipRecord) -> bool {
        let identity = |record: &OwnershipRecord| {
            (record.term, record.owner.clone(), record.phase.clone(), record.by.clone())
        };
        found.revision == self.record.revision && identity(found) != identity(&self.record)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{LeaseTiming, Phase, Tick, Timing};

    fn found(revision: u64, term: u64) -> RecordFinding {
        RecordFinding::Found(Box::new(OwnershipRecord {
            revision,
            term,
            owner: "a".parse().unwrap(),
            phase: Phase::Active { previous: None },
            timing: LeaseTiming::of(&Timing::default()),
            since: Tick::UNIX_EPOCH,
            by: "me".to_owned(),
            reason: String::new(),
            primary: None,
        }))
    }

    fn now(at: u64) -> Now {
        Now::in_step(Duration::from_secs(at), Tick::UNIX_EPOCH)
    }

    /// One look a second, from second 0 on, at a place that caches for so long.
    fn after(cache_age: u64, findings: Vec<RecordFinding>) -> RecordState {
        let mut memory = RecordMemory::default();
        let mut state = RecordState::NotRead;
        for (at, finding) in (0..).zip(findings) {
            let look = RecordLook { issued: now(at), completed: now(at), finding };
            state = memory.take(look, Span::from_secs(cache_age));
        }
        state
    }

    #[test]
    fn a_look_means_what_it_found_in_the_light_of_what_was_read_before() {
        let (absent, unreadable) = (RecordFinding::Absent, RecordFinding::Unreadable);
        let newer = UnusableRecord::Newer(2);
        let unusable = RecordFinding::Unusable(newer.clone());
        let is = |finding| match finding {
            RecordFinding::Found(record) => RecordState::Found(record),
            other => panic!("{other:?}"),
        };
        let older = |found| RecordState::Lost(LossCause::Older { seen: 5, found });
        let missing = RecordState::Lost(LossCause::Missing);
        let replaced = RecordState::Lost(LossCause::Replaced { revision: 5 });
        let table = [
            (vec![absent.clone()], RecordState::Absent, "nobody ever saw one"),
            (vec![unreadable.clone()], RecordState::Unreadable, "no answer"),
            (vec![unreadable.clone(), absent.clone()], RecordState::Absent, "still nobody"),
            (vec![absent.clone(), found(1, 1)], is(found(1, 1)), "the first record"),
            (vec![found(5, 3), found(5, 3)], is(found(5, 3)), "the same"),
            (vec![found(5, 3), found(6, 3)], is(found(6, 3)), "the next"),
            (vec![found(5, 3), absent.clone()], missing.clone(), "gone"),
            (vec![found(5, 3), unreadable.clone(), absent.clone()], missing.clone(), "gone meanwhile"),
            (vec![found(5, 3), absent, found(5, 3)], is(found(5, 3)), "back"),
            (vec![found(5, 3), found(4, 3)], older(4), "a lower revision"),
            (vec![found(5, 3), found(6, 2)], older(6), "a lower term"),
            (vec![found(5, 3), found(4, 3), found(4, 4)], older(4), "what was lost stays lost"),
            (vec![found(5, 3), found(5, 4)], replaced.clone(), "another one in its place"),
            (vec![found(5, 3), RecordFinding::Absent, found(5, 4)], replaced, "made anew after it was lost"),
            (vec![found(5, 3), unusable.clone()], RecordState::Unusable(newer.clone()), "of a newer version"),
            (vec![unusable.clone()], RecordState::Unusable(newer), "of a newer version from the start"),
            (vec![unusable.clone(), RecordFinding::Absent], missing, "gone, whatever it said"),
            (vec![unusable, found(1, 1)], is(found(1, 1)), "replaced by an operator"),
        ];
        for (findings, state, why) in table {
            assert_eq!(after(0, findings), state, "{why}");
        }
    }

    #[test]
    fn an_older_state_is_no_loss_while_it_may_come_from_a_cache() {
        for stale in [RecordFinding::Absent, found(4, 3), found(6, 2)] {
            let one_second_later = after(2, vec![found(5, 3), stale.clone()]);
            assert_eq!(one_second_later, RecordState::Unreadable, "{stale:?}");
            let two = after(2, vec![found(5, 3), stale.clone(), stale.clone()]);
            assert!(matches!(two, RecordState::Lost(_)), "{stale:?}");
        }
    }
}
