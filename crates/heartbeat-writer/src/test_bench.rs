//! What the scenario tests share: a beacon on a memory store under paused time, and its log.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use failover_policy::{ClusterId, Span, Stamp};
use flatline_shell::endpoints::Report;
use flatline_shell::{Clock, VirtualClock};
use heartbeat_store::{Backend, Deadlines, MemoryBackend, Store, WriterId};
use tracing::instrument::WithSubscriber;

use crate::beacon::Beacon;
use crate::peer::PeerWatch;
use crate::state::{Identity, Status};

pub(crate) const INTERVAL: Duration = Duration::from_secs(2);
pub(crate) const WRITE_DEADLINE: Duration = Duration::from_millis(1500);
pub(crate) const READ_DEADLINE: Duration = Duration::from_secs(1);

/// A running writer for cluster `a` that watches `b`, on one memory store.
pub(crate) struct Bench {
    pub(crate) memory: MemoryBackend,
    pub(crate) clock: VirtualClock,
    pub(crate) status: Arc<Status>,
    log: Log,
}

pub(crate) fn id(text: &str) -> ClusterId {
    text.parse().unwrap()
}

impl Bench {
    /// Starts beacon and peer watch on an empty store.
    pub(crate) fn start() -> Self {
        let memory = MemoryBackend::new();
        Self::start_on(memory.clone(), Arc::new(memory))
    }

    /// Starts the beacon on a back end of the test's own, the peer watch on `memory`.
    pub(crate) fn start_on(memory: MemoryBackend, own: Arc<dyn Backend>) -> Self {
        let clock = VirtualClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let status = Arc::new(Status::new(identity(&clock), Arc::clone(&shared)));
        let deadlines = Deadlines { read: READ_DEADLINE, write: WRITE_DEADLINE };
        let beacon = Beacon::new(Store::new(own, deadlines), Arc::clone(&shared), Arc::clone(&status));
        let store = Store::new(Arc::new(memory.clone()), deadlines);
        let peer = PeerWatch::new(id("b"), store, shared, Arc::clone(&status));
        let log = Log::default();
        let both = async move { tokio::join!(beacon.beat_forever(), peer.watch_forever()) };
        tokio::spawn(both.with_subscriber(log.subscriber()));
        Self { memory, clock, status, log }
    }

    /// The stamp of cluster `a` as it is stored.
    pub(crate) fn stored(&self) -> Option<Stamp> {
        self.memory.stored_stamp(&id("a")).map(|bytes| Stamp::parse(&bytes).unwrap())
    }

    /// The lines logged since the last call, each as level and message with its fields.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.log.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }

    pub(crate) fn state(&self) -> serde_json::Value {
        self.status.state()
    }
}

pub(crate) fn identity(clock: &VirtualClock) -> Identity {
    Identity {
        cluster: id("a"),
        primary: Some(id("a")),
        peer: Some(id("b")),
        location: "memory".to_owned(),
        writer: WriterId("pod-1.7.abc".to_owned()),
        interval: Span::try_from(INTERVAL).unwrap(),
        write_deadline: Span::try_from(WRITE_DEADLINE).unwrap(),
        start: clock.now(),
    }
}

/// Lets this much time pass, and everything that is due in it happen.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Collects what is logged at info and above.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static + use<> {
        let page = self.clone();
        tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_target(false)
            .with_max_level(tracing::Level::INFO)
            .with_writer(move || page.clone())
            .finish()
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
