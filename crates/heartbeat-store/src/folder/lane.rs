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
/// sense in waiting for a mount that does not answer, nor in giving it another thread each time.
///
/// A mount that was replaced answers new calls while the old ones hang for ever. So a lane that is stuck sends out
/// *scouts*: one more operation now and then, the first few soon, then ever more rarely, so that threads grow
/// slowly through the longest outage and a mount is still found that comes back after it. Once a scout has an answer,
/// what hung before it is *written off*: its places are given out again.
#[derive(Debug)]
pub(super) struct Lane {
    /// One operation of this lane, for messages.
    what: &'static str,
    width: usize,
    pace: Pace,
    places: Arc<Semaphore>,
    under_way: Arc<UnderWay>,
}

/// How often a lane that is stuck sends out a scout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How long it waits before each of the first ones.
    pub(super) first_every: Duration,
    /// How many those are; each later one waits for twice as long as the one before it.
    pub(super) first: u32,
}

impl Pace {
    /// The longest wait between two scouts, up to [`Self::PATIENT`] of them: a mount that is mended is found within it.
    const LONGEST: Duration = Duration::from_mins(10);
    /// So many go out in about ten hours, and from then on one an hour.
    const PATIENT: usize = 64;
    /// Threads that one lane may lose for good, after some three days without any answer. With those of all lanes
    /// they are fewer than the 512 of the runtime, and a few megabytes.
    const MOST: usize = 120;

    /// How long a lane waits after its last operation before it sends another, where so many of its scouts are stuck.
    fn before_scout(self, stuck: usize) -> Duration {
        if stuck >= Self::PATIENT {
            return Duration::from_hours(1);
        }
        let doublings = u32::try_from(stuck).unwrap_or(u32::MAX).saturating_add(1).saturating_sub(self.first);
        let factor = 1u32.checked_shl(doublings).filter(|_| doublings < 31).unwrap_or(u32::MAX);
        self.first_every.saturating_mul(factor).min(Self::LONGEST)
    }
}

impl Lane {
    /// A lane that lets `width` operations pass at once, each called a `what` in messages.
    pub(super) fn new(what: &'static str, width: usize, pace: Pace) -> Self {
        Self { what, width, pace, places: Arc::new(Semaphore::new(width)), under_way: Arc::default() }
    }

    /// Runs a blocking operation on the store at `place` on a thread of its own. When the returned future is
    /// dropped the operation goes on and keeps its place in the lane until it is done or written off.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        place: &str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unreachable =
            |detail: String| StoreError::Unreachable { attempt: format!("use {place}"), detail };
        let has_place = match self.under_way.stuck(self.width) {
            Some(stuck) if stuck.wants_scout(self.width, self.pace) => false,
            Some(stuck) => return Err(unreachable(self.stuck_for(stuck.oldest))),
            None => {
                let place = self.places.acquire().await;
                place.map_err(|closed| unreachable(closed.to_string()))?.forget();
                true
            }
        };
        let entry = Entry::new(&self.under_way, &self.places, has_place);
        let _caller = Caller { under_way: Arc::clone(&self.under_way), id: entry.id };
        let task = tokio::task::spawn_blocking(move || {
            // Dropped once the operating system has returned.
            let _entry = entry;
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
    /// Whether it holds one of the lane's places; a scout holds none.
    has_place: bool,
    /// Whether a later one had an answer while nobody waited for this one any more.
    written_off: bool,
}

/// What is known of a lane in which every operation is stuck.
#[derive(Debug, Clone, Copy)]
struct Stuck {
    oldest: Duration,
    youngest: Duration,
    /// How many hang, but for those that were written off.
    hanging: usize,
    /// How many threads are lost to this lane altogether.
    threads: usize,
}

impl Stuck {
    /// Whether one more operation may try: the last one was started long enough ago.
    fn wants_scout(self, width: usize, pace: Pace) -> bool {
        let scouts = self.hanging.saturating_sub(width);
        self.threads < width + Pace::MOST && self.youngest >= pace.before_scout(scouts)
    }
}

impl UnderWay {
    /// Whether `width` operations or more are under way and nobody waits for any.
    fn stuck(&self, width: usize) -> Option<Stuck> {
        let table = self.table();
        let hanging: Vec<&Operation> = table.operations.values().filter(|one| !one.written_off).collect();
        if hanging.len() < width || hanging.iter().any(|one| !one.abandoned) {
            return None;
        }
        let ages = || hanging.iter().map(|one| one.since.elapsed());
        Some(Stuck {
            oldest: ages().max()?,
            youngest: ages().min()?,
            hanging: hanging.len(),
            threads: table.operations.len(),
        })
    }

    /// The table; it stays whole even if a thread panics while holding the lock.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An operation's line in the table, for as long as its thread runs.
struct Entry {
    under_way: Arc<UnderWay>,
    places: Arc<Semaphore>,
    id: u64,
}

impl Entry {
    fn new(under_way: &Arc<UnderWay>, places: &Arc<Semaphore>, has_place: bool) -> Self {
        let mut table = under_way.table();
        let id = table.next_id;
        table.next_id += 1;
        let operation = Operation { since: Instant::now(), abandoned: false, has_place, written_off: false };
        table.operations.insert(id, operation);
        drop(table);
        Self { under_way: Arc::clone(under_way), places: Arc::clone(places), id }
    }
}

impl Drop for Entry {
    /// The operating system has returned. Where it did so for a scout, whatever hung before it is written off.
    fn drop(&mut self) {
        let mut table = self.under_way.table();
        let Some(done) = table.operations.remove(&self.id) else { return };
        let mut free = usize::from(done.has_place && !done.written_off);
        if !done.has_place && !done.abandoned {
            for (_, earlier) in table.operations.range_mut(..self.id) {
                free += usize::from(earlier.has_place && !earlier.written_off);
                earlier.written_off = true;
            }
        }
        drop(table);
        self.places.add_permits(free);
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
    const PACE: Pace = Pace { first_every: SCOUT_EVERY, first: 2 };
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
        let lane = Lane::new("beat", 1, PACE);
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
        let lane = Lane::new("read", 3, PACE);
        let mut stuck = vec![abandon_one(&lane).await, abandon_one(&lane).await];
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7));
        stuck.push(abandon_one(&lane).await);
        let error = lane.run("/mnt/store", || Ok(7)).await.unwrap_err().to_string();
        assert!(error.contains("3 reads before this one still hang, the oldest for 0."), "{error}");
        drop(stuck);
        settle(&lane).await;
    }

    #[test]
    fn scouts_go_out_soon_at_first_then_ever_more_rarely_and_a_lane_loses_few_threads_in_days() {
        let beats = Pace { first_every: Duration::from_millis(3500), first: 4 };
        let table = [
            (0, 3.5, "the first"),
            (3, 3.5, "the last of those that go soon"),
            (4, 7.0, "twice as long"),
            (5, 14.0, "and again"),
            (11, 600.0, "ten minutes at the most"),
            (63, 600.0, "for hours"),
            (64, 3600.0, "then once an hour"),
            (usize::MAX, 3600.0, "whatever the number"),
        ];
        for (stuck, seconds, meaning) in table {
            assert_eq!(beats.before_scout(stuck), Duration::from_secs_f64(seconds), "{meaning}");
        }
        let hours = (0..Pace::MOST).map(|stuck| beats.before_scout(stuck)).sum::<Duration>().as_secs() / 3600;
        assert!((60..70).contains(&hours), "{hours} hours until no more thread is given");
    }

    #[tokio::test]
    async fn a_stuck_lane_sends_scouts_now_and_then_so_that_a_mount_that_was_replaced_is_found() {
        let lane = Lane::new("read", 1, PACE);
        let mut stuck = vec![abandon_one(&lane).await];
        for scout in 0..8 {
            let wait = PACE.before_scout(scout);
            lane.under_way.make_older(wait / 2);
            assert!(lane.run("/mnt/store", || Ok(7)).await.is_err(), "too soon for scout {scout}");
            lane.under_way.make_older(wait / 2);
            stuck.push(abandon_one(&lane).await);
        }
        lane.under_way.make_older(PACE.before_scout(8));
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7), "this one comes back");
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7), "and so every one after it, at once");
        let together = (0..4).map(|number| lane.run("/mnt/store", move || Ok(number)));
        let answers: Vec<i32> = futures::future::try_join_all(together).await.unwrap();
        assert_eq!(answers, [0, 1, 2, 3], "also several at a time");
        drop(stuck);
        settle(&lane).await;
        assert_eq!(lane.places.available_permits(), 1, "a place that was given out again is not given twice");
    }

    #[tokio::test]
    async fn a_lane_never_loses_more_threads_than_it_may() {
        let lane = Lane::new("read", 1, PACE);
        let stuck = abandon_one(&lane).await;
        for _ in 0..Pace::MOST {
            // As many that hang as no test can wait for.
            std::mem::forget(Entry::new(&lane.under_way, &lane.places, false));
        }
        lane.under_way.table().operations.values_mut().for_each(|operation| operation.abandoned = true);
        lane.under_way.make_older(Duration::from_hours(2));
        assert!(lane.run("/mnt/store", || Ok(7)).await.is_err());
        let first = *lane.under_way.table().operations.keys().nth(1).unwrap();
        lane.under_way.table().operations.remove(&first);
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7), "one of them came back");
        drop(stuck);
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
        let lane = Lane::new("read", 2, PACE);
        let each = (0..20).map(|number| lane.run("/mnt/store", move || Ok(number)));
        let answers: Vec<i32> = futures::future::try_join_all(each).await.unwrap();
        assert_eq!(answers, (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn never_more_operations_than_the_lane_is_wide_are_under_way() {
        let lane = Lane::new("beat", 1, PACE);
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
        let lane = Lane::new("read", 1, PACE);
        let error = lane.run::<()>("/mnt/store", || panic!("a bug")).await.unwrap_err();
        assert_eq!(error.reason(), "unreachable");
        assert_eq!(lane.run("/mnt/store", || Ok(7)).await, Ok(7));
    }

    fn unreachable(detail: &str) -> StoreError {
        StoreError::Unreachable { attempt: "test".to_owned(), detail: detail.to_owned() }
    }
}
