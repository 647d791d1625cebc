//! The connections that are open at once.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::{AbortHandle, JoinSet};

/// Connections that are open at once. A probe, a scraper and a person make three.
pub(super) const MAX_CONNECTIONS: usize = 32;

/// A bounded number of places. Where all are taken, the connection that has been silent for longest makes room: one
/// that says nothing must not keep out a probe, which speaks as soon as it is connected.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: JoinSet<()>,
    /// Those that may not have sent their request yet, oldest first.
    silent: VecDeque<Silent>,
}

#[derive(Debug)]
struct Silent {
    spoken: Spoken,
    task: AbortHandle,
}

/// Whether a connection has sent the head of its request. Clones speak of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Spoken(Arc<AtomicBool>);

impl Spoken {
    /// Notes that the head has come: from now on the connection keeps its place until it is answered.
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Places {
    /// Returns when a place is free. That is soon: whoever is silent makes room at once, and whoever is being
    /// answered has a deadline.
    pub(super) async fn make_room(&mut self) {
        while self.taken.try_join_next().is_some() {}
        self.silent.retain(|one| !one.spoken.has() && !one.task.is_finished());
        if self.taken.len() < MAX_CONNECTIONS {
            return;
        }
        if let Some(oldest) = self.silent.pop_front() {
            tracing::debug!("all places are taken: dropping the connection that was silent for longest");
            oldest.task.abort();
        }
        self.taken.join_next().await;
    }

    /// Gives a place to the connection that `serve` makes.
    pub(super) fn seat<F>(&mut self, serve: impl FnOnce(Spoken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let spoken = Spoken::default();
        let task = self.taken.spawn(serve(spoken.clone()));
        self.silent.push_back(Silent { spoken, task });
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{Duration, sleep, timeout};

    use super::*;

    const SOON: Duration = Duration::from_secs(1);

    /// Takes every place; returns what notes that each has spoken.
    fn all_taken(places: &mut Places) -> Vec<Spoken> {
        let mut all = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            places.seat(|spoken| {
                all.push(spoken);
                pending()
            });
        }
        all
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_that_was_silent_for_longest_makes_room() {
        let mut places = Places::default();
        let spoken = all_taken(&mut places);
        spoken[0].note();
        spoken[2].note();
        for dropped in [1, 3] {
            timeout(SOON, places.make_room()).await.expect("nobody is waited for");
            assert_eq!(places.taken.len(), MAX_CONNECTIONS - 1);
            assert_eq!(Arc::strong_count(&spoken[dropped].0), 1, "nobody else holds connection {dropped}");
            places.seat(|_| pending());
        }
        assert_eq!(places.silent.len(), MAX_CONNECTIONS - 2, "bounded: those that spoke are forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_being_answered_is_waited_for_and_never_dropped() {
        let mut places = Places::default();
        for spoken in &all_taken(&mut places)[1..] {
            spoken.note();
        }
        places.silent.clear();
        assert!(timeout(SOON, places.make_room()).await.is_err(), "nobody is done");
        assert_eq!(places.taken.len(), MAX_CONNECTIONS);

        let mut places = Places::default();
        places.seat(|spoken| async move {
            spoken.note();
            sleep(SOON / 2).await;
        });
        for spoken in all_taken(&mut places) {
            spoken.note();
        }
        timeout(SOON, places.make_room()).await.expect("the first is done");
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_takes_no_memory() {
        let mut places = Places::default();
        for _ in 0..3 * MAX_CONNECTIONS {
            places.make_room().await;
            places.seat(|_| async {});
            tokio::task::yield_now().await;
        }
        places.make_room().await;
        assert_eq!((places.taken.len(), places.silent.len()), (0, 0));
    }
}
