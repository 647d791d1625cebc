//! Connections that are ready, and those that come about.
//!
//! A request waits for a connection no longer than its deadline allows; the connecting goes on without it, within a
//! limit of its own, and the next request finds what has come up. Otherwise a store that takes longer to reach than a
//! read may last would never be read. Only *connecting* outlives a request: nothing is ever sent for one that is over.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::dial::{Dial, Dialer, Sender, SharedDial, Target};
use super::trouble::Trouble;
use crate::progress::{self, Standing, seconds};

/// How long one attempt to connect may take: a lookup whose first name server is dead, which the C library gives five
/// seconds, and the handshakes after it.
const DIAL_DEADLINE: Duration = Duration::from_secs(10);
/// When another attempt is started beside one that hangs, as where the first address of a host leads nowhere.
const HANGS_AFTER: Duration = Duration::from_millis(2500);
/// Attempts under way to one host.
const MOST_DIALS: usize = 4;
/// Connections that are kept for the next request: as many as one round of a guard reads at a time, and one for a
/// reader beside it.
const MOST_IDLE: usize = 4;
/// How long they are kept: less than the servers and firewalls on the way keep theirs.
const IDLE: Duration = Duration::from_secs(90);

/// What a request needs, in parts of what connecting took: one round trip and a quarter for the answer itself. With
/// less time left it would break the connection off in the middle of the answer, and so would the next, and the next.
/// Without TLS connecting is one round trip, with it two at least.
const OF_ONE: f64 = 1.25;
const OF_TWO_ROUND_TRIPS: f64 = OF_ONE / 2.0;

/// The connections of one client.
#[derive(Clone)]
pub(super) struct Connections {
    dialer: Arc<Dialer>,
    lanes: Arc<Mutex<HashMap<Target, Lane>>>,
}

/// The connections to one host.
#[derive(Default)]
struct Lane {
    idle: Vec<Idle>,
    waiting: VecDeque<Waiting>,
    dials: Vec<SharedDial>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

/// A request without a connection.
struct Waiting {
    deadline: Option<Instant>,
    hand_over: oneshot::Sender<Result<Sender, Trouble>>,
}

/// A connection for one request.
pub(super) struct Taken {
    pub(super) sender: Sender,
    /// Whether it was there before, so that its other end may have hung up meanwhile.
    pub(super) kept: bool,
}

impl Connections {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self { dialer: Arc::new(dialer), lanes: Arc::default() }
    }

    /// A connection, at once where one is ready. Dropping the future leaves the attempts to connect running.
    pub(super) async fn take(&self, target: &Target) -> Result<Taken, Trouble> {
        for _ in 0..2 {
            if let Some(sender) = self.lock().entry(target.clone()).or_default().ready(Instant::now()) {
                return Ok(Taken { sender, kept: true });
            }
            // One whose answer was read to its end a moment ago comes back as soon as its task has a turn.
            tokio::task::yield_now().await;
        }
        let (hand_over, handed_over) = oneshot::channel();
        let dial = self.wait_in_line(target, Waiting { deadline: progress::deadline(), hand_over });
        progress::waits_for(dial);
        let mut place = Place { connections: self, target, handed_over };
        let outcome = (&mut place.handed_over).await;
        let sender = outcome
            .unwrap_or_else(|_| Err(Trouble::Broken("the attempt to connect was cut off".to_owned())))?;
        Ok(Taken { sender, kept: false })
    }

    /// Takes a connection back once the answer on it is read to its end.
    pub(super) fn give_back(&self, target: &Target, mut sender: Sender) {
        let (connections, target) = (self.clone(), target.clone());
        tokio::spawn(async move {
            if sender.ready().await.is_ok() {
                connections.hand_out(&target, sender, Duration::ZERO, String::new);
            }
        });
    }

    /// Joins the attempts that are under way, and starts another where there are too few; says what to watch.
    fn wait_in_line(&self, target: &Target, waiting: Waiting) -> Arc<dyn Standing> {
        let mut lanes = self.lock();
        let lane = lanes.entry(target.clone()).or_default();
        lane.waiting.retain(|waiting| !waiting.hand_over.is_closed());
        lane.waiting.push_back(waiting);
        let now = Instant::now();
        let hangs = |dial: &SharedDial| now.duration_since(dial.started) >= HANGS_AFTER;
        let too_few = lane.dials.len() < lane.waiting.len() || lane.dials.iter().all(hangs);
        if too_few && lane.dials.len() < MOST_DIALS {
            lane.dials.push(self.start_dial(target));
        }
        let watched = lane.dials.first().cloned();
        watched.unwrap_or_else(|| Arc::new(Dial::new()))
    }

    fn start_dial(&self, target: &Target) -> SharedDial {
        let dial = Arc::new(Dial::new());
        let (connections, target, watched) = (self.clone(), target.clone(), Arc::clone(&dial));
        tokio::spawn(async move {
            let dialing = connections.dialer.dial(&target, &watched);
            let outcome = timeout(DIAL_DEADLINE, dialing).await.unwrap_or_else(|_| {
                Err(Trouble::Dialing { limit: DIAL_DEADLINE, stood: watched.told(Instant::now()) })
            });
            connections.finish_dial(&target, &watched, outcome);
        });
        dial
    }

    fn finish_dial(&self, target: &Target, dial: &SharedDial, outcome: Result<Sender, Trouble>) {
        if let Some(lane) = self.lock().get_mut(target) {
            lane.dials.retain(|running| !Arc::ptr_eq(running, dial));
        }
        let now = Instant::now();
        match outcome {
            Ok(sender) => {
                let needs =
                    dial.round_trips(now).mul_f64(if target.tls { OF_TWO_ROUND_TRIPS } else { OF_ONE });
                self.hand_out(target, sender, needs, || dial.account(now));
            }
            Err(trouble) => {
                tracing::debug!(error = %trouble, "no connection");
                self.tell(target, &trouble);
            }
        }
    }

    /// Hands a connection to the first in line who has as much time left as a request on it needs, or keeps it.
    fn hand_out(&self, target: &Target, sender: Sender, needs: Duration, account: impl Fn() -> String) {
        let now = Instant::now();
        let mut lanes = self.lock();
        let lane = lanes.entry(target.clone()).or_default();
        let mut sender = sender;
        while let Some(waiting) = lane.waiting.pop_front() {
            let left = waiting.deadline.map(|deadline| deadline.saturating_duration_since(now));
            if left.is_some_and(|left| left <= needs) {
                // Nobody may be left to hear it.
                let _ = waiting.hand_over.send(Err(Trouble::TooLate(account())));
                continue;
            }
            match waiting.hand_over.send(Ok(sender)) {
                Err(Ok(unwanted)) => sender = unwanted,
                _ => return,
            }
        }
        lane.idle.push(Idle { sender, since: now });
        let surplus = lane.idle.len().saturating_sub(MOST_IDLE);
        lane.idle.drain(..surplus);
    }

    /// Tells those in line for whom no other attempt is under way.
    fn tell(&self, target: &Target, trouble: &Trouble) {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(target) else { return };
        lane.waiting.retain(|waiting| !waiting.hand_over.is_closed());
        while lane.waiting.len() > lane.dials.len() {
            let Some(waiting) = lane.waiting.pop_front() else { return };
            let _ = waiting.hand_over.send(Err(trouble.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// The connection that was used last, of those that can be used.
    fn ready(&mut self, now: Instant) -> Option<Sender> {
        self.idle.retain(|idle| !idle.sender.is_closed() && now.duration_since(idle.since) < IDLE);
        let at = self.idle.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(self.idle.remove(at).sender)
    }
}

/// A place in the line. A connection that was handed over to somebody who has just left is kept for the next.
struct Place<'a> {
    connections: &'a Connections,
    target: &'a Target,
    handed_over: oneshot::Receiver<Result<Sender, Trouble>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.handed_over.close();
        if let Ok(Ok(sender)) = self.handed_over.try_recv() {
            self.connections.hand_out(self.target, sender, Duration::ZERO, String::new);
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("dialer", &self.dialer).finish_non_exhaustive()
    }
}

/// A request that waits for its answer.
pub(super) struct Sent(pub(super) Instant);

impl Standing for Sent {
    fn told(&self, now: Instant) -> String {
        format!("connected, and the request was sent {} ago", seconds(now.duration_since(self.0)))
    }
}
