//! Events that wait to be told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Event;

/// Events that wait at the most; a further one pushes the oldest out, since the latest says how things are. More
/// than a command that always hangs leaves waiting in ten minutes of a transition every ten seconds.
const LONGEST: usize = 64;

/// A bounded queue with one reader.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    idle: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    /// An event was taken and is being told.
    busy: bool,
    /// Events that were pushed out since the last one was taken.
    lost: usize,
}

impl Queue {
    pub(super) fn push(&self, event: Event) {
        let mut waiting = self.waiting();
        waiting.events.push_back(event);
        if waiting.events.len() > LONGEST {
            waiting.events.pop_front();
            waiting.lost += 1;
        }
        drop(waiting);
        self.changed.notify_one();
    }

    /// Takes the oldest event, as soon as there is one. Whoever took it calls [`done`](Self::done).
    pub(super) async fn next(&self) -> Event {
        loop {
            if let Some(event) = self.take() {
                return event;
            }
            self.changed.notified().await;
        }
    }

    pub(super) fn done(&self) {
        self.waiting().busy = false;
        self.idle.notify_one();
    }

    /// Waits until nothing waits and nothing is being told.
    pub(super) async fn idle(&self) {
        while self.untold() > 0 {
            self.idle.notified().await;
        }
    }

    /// Events that wait or are being told.
    pub(super) fn untold(&self) -> usize {
        let waiting = self.waiting();
        waiting.events.len() + usize::from(waiting.busy)
    }

    fn take(&self) -> Option<Event> {
        let mut waiting = self.waiting();
        let event = waiting.events.pop_front()?;
        waiting.busy = true;
        let lost = std::mem::take(&mut waiting.lost);
        if lost > 0 {
            tracing::warn!(lost, "more happened than could be told: the oldest notifications are lost");
        }
        Some(event)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transition;

    fn event(number: usize) -> Event {
        Event {
            transition: Transition::Fault,
            cluster: "a".parse().unwrap(),
            owner: None,
            term: None,
            previous: None,
            reason: number.to_string(),
        }
    }

    #[tokio::test]
    async fn a_full_queue_loses_the_oldest_and_keeps_the_order_of_the_rest() {
        let queue = Queue::default();
        for number in 0..LONGEST + 3 {
            queue.push(event(number));
        }
        assert_eq!(queue.untold(), LONGEST);
        assert_eq!(queue.waiting().lost, 3);
        for number in 3..LONGEST + 3 {
            assert_eq!(queue.next().await, event(number));
            queue.done();
        }
        assert_eq!((queue.untold(), queue.waiting().lost), (0, 0));
    }

    #[tokio::test]
    async fn the_queue_is_idle_only_once_the_last_event_is_told() {
        let queue = Queue::default();
        queue.push(event(1));
        let taken = queue.next().await;
        assert_eq!((taken, queue.untold()), (event(1), 1));
        let told = async {
            tokio::task::yield_now().await;
            queue.done();
        };
        tokio::join!(queue.idle(), told);
        assert_eq!(queue.untold(), 0);
    }
}
