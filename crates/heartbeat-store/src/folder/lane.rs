//! Takes file calls off the async threads, with a bound on how many can be stuck.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::StoreError;

/// A lane of blocking operations, of which a fixed number may be under way at once.
///
/// An operation whose caller has given up (its deadline passed) is *stuck* until the operating system returns.
/// Further callers wait for one that is merely busy, but are refused at once when all are stuck: there is no
/// sense in waiting for a mount that does not answer, nor in giving it another thread.
///
/// A mount that was replaced answers new calls while the old ones hang for ever, so a lane may have *scouts*: one
/// more operation now and then while all are stuck, up to a fixed number.
#[derive(Debug)]
pub(super) struct Lane {
    /// One operation of this lane, for messages.
    what: &'static str,
    width: usize,
    /// How many scouts may be stuck besides; none where two operations must never overlap.
    scouts: usize,
    /// How long a stuck lane waits before the next scout.
    scout_every: Duration,
    permits: Arc<Semaphore>,
    under_way: Arc<UnderWay>,
}

impl Lane {
    /// A lane that lets `width` operations pass at once, each called a `what` in messages, and no scouts.
    pub(super) fn new(what: &'static str, width: usize) -> Self {
        Self::with_scouts(what, width, 0, Duration::MAX)
    }

    /// A lane that also sends out scouts.
    pub(super) fn with_scouts(
        what: &'static str,
        width: usize,
        scouts: usize,
        scout_every: Duration,
    ) -> Self {
        Self {
            what,
            width,
            scouts,
            scout_every,
            permits: Arc::new(Semaphore::new(width)),
            under_way: Arc::default(),
        }
    }

    /// Runs a blocking operation on the store at `place` on a thread of its own. When the returned future is
    /// dropped the operation goes on and keeps its place in the lane until it is done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        place: &str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unreachable =
            |detail: String| StoreError::Unreachable { attempt: format!("use {place}"), detail };
        let permit = match self.under_way.oldest_if_stuck(self.width) {
            Some(_) if self.under_way.wants_scout(self.width + self.scouts, self.scout_every) => None,
            Some(oldest) => return Err(unreachable(self.stuck_for(oldest))),
            None => Some(Arc::clone(&self.permits).acquire_owned().await),
        };
        let entry = Entry::new(&self.under_way);
        let _caller = Caller { under_way: Arc::clone(&self.under_way), id: entry.id };
        let task = tokio::task::spawn_blocking(move || {
            // Dropped in this order, once the operating system has returned.
            let _held = (entry, permit);
            work()
        });
        task.await.unwrap_or_else(|error| Err(unreachable(format!("the file call was cut short: {error}"))))
    }

    fn stuck_for(&self, oldest: Duration) -> String {
        let (what, seconds) = (self.what, oldest.as_secs_f64());
        let others = match self.width {
            1 => format!("the {what} before this one still hangs, for {seconds:.1}s"),
            width => format!("{width} {what}s before this one still hang, the oldest for {seconds:.1}s"),
        };
        format!("{others}: the mount does not answer")
    }
}

/// The operations that the operating system has not returned from.
#[derive(Debug, Default)]
struct UnderWay(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    next_id: u64,
    operations: BTreeMap<u64, Operation>,
}

#[derive(Debug)]
struct Operation {
    since: Instant,
    /// Whether nobody waits for it any more.
    abandoned: bool,
}

impl UnderWay {
    /// How long the oldest operation has been under way, if `width` of them are and nobody waits for any.
    fn oldest_if_stuck(&self, width: usize) -> Option<Duration> {
        let table = self.table();
        let stuck = table.operations.len() >= width && table.operations.values().all(|one| one.abandoned);
        let oldest = table.operations.values().map(|one| one.since.elapsed()).max();
        oldest.filter(|_| stuck)
    }

    /// Whether one more operation may try a lane that is stuck: the last one was started long enough ago.
    fn wants_scout(&self, limit: usize, every: Duration) -> bool {
        let table = self.table();
        let youngest = table.operations.values().map(|one| one.since.elapsed()).min();
        table.operations.len() < limit && youngest.is_some_and(|youngest| youngest >= every)
    }

    /// The table; it stays whole even if a thread panics while holding the lock.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation's line in the table, for as long as its thread runs.
struct Entry {
    under_way: Arc<UnderWay>,
    id: u64,
}

impl Entry {
    fn new(under_way: &Arc<UnderWay>) -> Self {
        let mut table = under_way.table();
        let id = table.next_id;
        table.next_id += 1;
        table.operations.insert(id, Operation { since: Instant::now(), abandoned: false });
        drop(table);
        Self { under_way: Arc::clone(under_way), id }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.under_way.table().operations.remove(&self.id);
    }
}

/// Whoever waits for an operation; dropped when the answer came or the deadline passed.
struct Caller {
    under_way: Arc<UnderWay>,
    id: u64,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(operation) = self.under_way.table().operations.get_mut(&self.id) {
            operation.abandoned = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::time::timeout;

    use super::*;

    const SCOUT_EVERY: Duration = Duration::from_secs(30);
    /// How long a caller in these tests waits before it gives up: long enough for a thread to start.
    const PATIENCE: Duration = Duration::from_millis(100);

    /// Starts an operation that hangs until the returned sender sends or is dropped, and gives up on it.
    async fn abandon_one(lane: &Lane) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let hangs = lane.run("/mnt/store", move || {
            let _ = released.recv();
            Ok(())
        });
        timeout(PATIENCE, hangs).await.expect_err("it hangs");
        release
    }

    /// Waits until the lane's threads have returned.
    async fn settle(lane: &Lane) {
        while !lane.under_way.table().operations.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_stuck_operation_keeps_its_place_and_the_next_is_refused_at_once() {
        let lane = Lane::new("beat", 1);
        let release = abandon_one(&lane).await;
        let start = Instant::now();
        let error = lane.run("/mnt/store", || Ok(())).await.unwrap_err();
        assert!(start.elapsed() < PATIENCE, "no waiting for a mount that does not answer");
        let text = error.to_string();
        assert!(
            text.starts_with("could not use /mnt/store: the beat before this one still hangs, for 0."),
            "{text}"
        );
        drop(release);
        settle(&lane).await;
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7), "the lane is free again");
    }

    #[tokio::test]
    async fn a_wide_lane_is_refused_only_when_every_place_is_stuck() {
        let lane = Lane::new("read", 3);
        let mut stuck = vec![abandon_one(&lane).await, abandon_one(&lane).await];
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7));
        stuck.push(abandon_one(&lane).await);
        let error = lane.run("/mnt/store", || Ok(7)).await.unwrap_err().to_string();
        assert!(error.contains("3 reads before this one still hang, the oldest for 0."), "{error}");
        drop(stuck);
        settle(&lane).await;
    }

    #[tokio::test]
    async fn a_stuck_lane_sends_scouts_now_and_then_so_that_a_mount_that_was_replaced_is_found() {
        let lane = Lane::with_scouts("read", 1, 2, SCOUT_EVERY);
        let mut stuck = vec![abandon_one(&lane).await];
        assert!(lane.run("/mnt/store", || Ok(7)).await.is_err(), "too soon");
        lane.under_way.make_older(SCOUT_EVERY);
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7), "the scout comes back");
        for scout in 1..=2 {
            lane.under_way.make_older(SCOUT_EVERY);
            stuck.push(abandon_one(&lane).await);
            assert!(
                lane.run("/mnt/store", || Ok(7)).await.is_err(),
                "scout {scout} is stuck, the next must wait"
            );
        }
        lane.under_way.make_older(SCOUT_EVERY);
        assert!(lane.run("/mnt/store", || Ok(7)).await.is_err(), "no more scouts than allowed");
        drop(stuck);
        settle(&lane).await;
    }

    #[tokio::test]
    async fn a_lane_in_which_nothing_may_overlap_sends_no_scouts() {
        let lane = Lane::new("beat", 1);
        let release = abandon_one(&lane).await;
        lane.under_way.make_older(SCOUT_EVERY);
        assert!(lane.run("/mnt/store", || Ok(7)).await.is_err());
        drop(release);
        settle(&lane).await;
    }

    impl UnderWay {
        /// Lets time pass for the operations under way.
        fn make_older(&self, by: Duration) {
            for operation in self.table().operations.values_mut() {
                operation.since = operation.since.checked_sub(by).unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_busy_lane_is_waited_for() {
        let lane = Lane::new("read", 2);
        let each = (0..20).map(|number| lane.run("/mnt/store", move || Ok(number)));
        let answers: Vec<i32> = futures::future::try_join_all(each).await.unwrap();
        assert_eq!(answers, (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn never_more_operations_than_the_lane_is_wide_are_under_way() {
        let lane = Lane::new("beat", 1);
        let running = Arc::new(Semaphore::new(1));
        let each = (0..20).map(|_| {
            let running = Arc::clone(&running);
            lane.run("/mnt/store", move || {
                let alone = running.try_acquire().map_err(|_| unreachable("two at once"))?;
                std::thread::yield_now();
                drop(alone);
                Ok(())
            })
        });
        futures::future::try_join_all(each).await.unwrap();
    }

    #[tokio::test]
    async fn a_panicking_operation_is_an_error_and_frees_its_place() {
        let lane = Lane::new("read", 1);
        let error = lane.run::<()>("/mnt/store", || panic!("a bug")).await.unwrap_err();
        assert_eq!(error.reason(), "unreachable");
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7));
    }

    fn unreachable(detail: &str) -> StoreError {
        StoreError::Unreachable { attempt: "test".to_owned(), detail: detail.to_owned() }
    }
}
