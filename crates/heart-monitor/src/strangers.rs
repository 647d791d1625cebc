//! Clusters that were named and never beat in the store: most often a name that was mistyped, or that of something else,
//! as of a kubectl context.

use std::collections::BTreeSet;
use std::fmt;

use failover_policy::ClusterId;
use heartbeat_store::{Store, StoreError};

/// A cluster that was named and has no stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stranger {
    named: ClusterId,
    location: String,
    /// Those that have one; `None` where they cannot be listed.
    known: Option<BTreeSet<ClusterId>>,
}

impl Stranger {
    /// Looks for a stamp; `None` where there is one, or where nobody can tell.
    pub(crate) async fn look(store: &Store, named: &ClusterId) -> Option<Self> {
        match store.read_stamp(named).await {
            Err(StoreError::NotFound { .. }) => Some(Self::now(store, named).await),
            _ => None,
        }
    }

    /// One that was found to have no stamp a moment ago.
    pub(crate) async fn now(store: &Store, named: &ClusterId) -> Self {
        Self::among(store, named, store.clusters().await.ok())
    }

    /// One that is known to have no stamp.
    pub(crate) fn among(store: &Store, named: &ClusterId, known: Option<BTreeSet<ClusterId>>) -> Self {
        Self { named: named.clone(), location: store.location(), known }
    }

    /// Whether it beats after all, by the list of those that do.
    pub(crate) fn has_come(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.contains(&self.named))
    }

    /// The one that was most likely meant.
    pub(crate) fn nearest(&self) -> Option<&ClusterId> {
        nearest(self.named.as_str(), self.known.as_ref()?)
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster {} never beat in {}", self.named, self.location)?;
        match &self.known {
            None => return Ok(()),
            Some(known) if known.is_empty() => return write!(f, ", and no other cluster did"),
            Some(known) => {
                let known: Vec<&str> = known.iter().map(ClusterId::as_str).collect();
                write!(f, " (known there: {})", known.join(", "))?;
            }
        }
        match self.nearest() {
            Some(nearest) => write!(f, ", did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// The known id that is meant by another name: one that is a word of it, as `b` in `flatline-b`, or has it for one of its
/// own; else the one that the fewest slips of the keyboard lead to, at most one in three letters. `None` where two are as
/// near: a wrong guess is worse than none.
fn nearest<'k>(named: &str, known: &'k BTreeSet<ClusterId>) -> Option<&'k ClusterId> {
    let words = |text: &str, word: &str| text.split('-').any(|part| part == word);
    let is_word_of = |id: &&ClusterId| words(named, id.as_str()) || words(id.as_str(), named);
    let mut by_word = known.iter().filter(is_word_of);
    if let Some(first) = by_word.next() {
        return by_word.next().is_none().then_some(first);
    }
    let slips = |id: &ClusterId| strsim::osa_distance(named, id.as_str());
    let least = known.iter().map(slips).min()?;
    let mut as_near =
        known.iter().filter(|id| slips(id) == least && 3 * least <= id.as_str().len().max(named.len()));
    as_near.next().filter(|_| as_near.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::testing::{World, id};

    #[test]
    fn the_nearest_known_id_is_one_that_stands_in_the_name_or_a_slip_away_from_it() {
        let table = [
            ("flatline-b", "a b", Some("b")),
            ("flatline-a", "a b", Some("a")),
            ("west", "prod-east prod-west", Some("prod-west")),
            ("wset", "east west", Some("west")),
            ("wets-1", "west-1 west-2", Some("west-1")),
            ("west-3", "west-1 west-2", None),
            ("a-b", "a b", None),
            ("c", "a b", None),
            ("orders", "a b", None),
            ("flatline-b", "", None),
        ];
        for (named, known, expected) in table {
            let known: BTreeSet<ClusterId> = known.split_whitespace().map(id).collect();
            assert_eq!(nearest(named, &known).map(ClusterId::as_str), expected, "{named} among {known:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cluster_without_a_stamp_is_a_stranger_and_told_with_those_that_have_one() {
        let world = World::new();
        let look = async |named: &str| Stranger::look(&world.store(), &id(named)).await;
        let alone = look("flatline-b").await.unwrap().to_string();
        assert!(alone.ends_with("and no other cluster did"), "{alone}");
        world.beat_once(&id("a")).await;
        world.beat_once(&id("b")).await;
        assert_eq!(look("b").await, None);
        let stranger = look("flatline-b").await.unwrap().to_string();
        assert!(stranger.ends_with("(known there: a, b), did you mean b?"), "{stranger}");
    }
}
