//! Probes, really asked: from the pod's own network, as the kubelet of its node reaches it whatever else is cut off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::spec::{Container, Port, Probe};
use crate::{Region, http};

/// How often it looks whether a question is due.
const STEP: Duration = Duration::from_millis(10);

/// What the probes of one container say, for as long as the container runs.
#[derive(Debug)]
pub(super) struct Prober {
    health: Arc<Health>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Health {
    ready: AtomicBool,
    /// Startup or liveness has failed as often as it may.
    failed: AtomicBool,
    over: AtomicBool,
}

/// One probe, and how it went.
#[derive(Debug)]
struct Question {
    probe: Probe,
    address: SocketAddr,
    due: Instant,
    successes: u64,
    failures: u64,
}

/// The questions of a container that are left to ask.
#[derive(Debug)]
struct Questions {
    startup: Option<Question>,
    liveness: Option<Question>,
    readiness: Option<Question>,
}

impl Prober {
    /// Begins to ask, now that the container was started.
    pub(super) fn start(container: &Container, region: &Region) -> Result<Self> {
        let question = |probe: &Option<Probe>| {
            probe.as_ref().map(|probe| Question::new(probe, container, region)).transpose()
        };
        let mut questions = Questions {
            startup: question(&container.startup_probe)?,
            liveness: question(&container.liveness_probe)?,
            readiness: question(&container.readiness_probe)?,
        };
        let health = Arc::<Health>::default();
        let (shared, region) = (Arc::clone(&health), region.clone());
        let thread =
            thread::Builder::new().name(format!("probes of {}", container.name)).spawn(move || {
                // Without the network every question fails, which shows.
                let _ = region.enter();
                while !shared.over.load(Ordering::Relaxed) {
                    questions.ask(&shared);
                    thread::sleep(STEP);
                }
            })?;
        Ok(Self { health, thread: Some(thread) })
    }

    /// Whether it answers well; without a readiness probe as soon as it has started.
    pub(super) fn is_ready(&self) -> bool {
        self.health.ready.load(Ordering::Relaxed)
    }

    /// Whether the container has to be restarted.
    pub(super) fn has_failed(&self) -> bool {
        self.health.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.health.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Questions {
    /// Asks what is due. Until the startup probe has had its answer, no other is asked.
    fn ask(&mut self, health: &Health) {
        if let Some(startup) = &mut self.startup {
            match startup.ask() {
                Some(true) => self.startup = None,
                Some(false) => health.failed.store(true, Ordering::Relaxed),
                None => {}
            }
            return;
        }
        if self.liveness.as_mut().and_then(Question::ask) == Some(false) {
            health.failed.store(true, Ordering::Relaxed);
        }
        match &mut self.readiness {
            Some(readiness) => {
                if let Some(ready) = readiness.ask() {
                    health.ready.store(ready, Ordering::Relaxed);
                }
            }
            None => health.ready.store(true, Ordering::Relaxed),
        }
    }
}

impl Question {
    fn new(probe: &Probe, container: &Container, region: &Region) -> Result<Self> {
        let port = match &probe.http_get.port {
            Port::Number(port) => *port,
            Port::Name(name) => {
                let port = container.ports.iter().find(|port| port.name == *name);
                port.with_context(|| format!("{} has no port {name}", container.name))?.container_port
            }
        };
        let due = Instant::now() + Duration::from_secs(probe.initial_delay_seconds);
        let address = SocketAddr::from((region.address(), port));
        Ok(Self { probe: probe.clone(), address, due, successes: 0, failures: 0 })
    }

    /// Asks where it is time; says so where that changes anything: well or badly often enough in a row.
    fn ask(&mut self) -> Option<bool> {
        if Instant::now() < self.due {
            return None;
        }
        self.due = Instant::now() + Duration::from_secs(self.probe.period_seconds);
        let patience = Duration::from_secs(self.probe.timeout_seconds);
        let answer = http::get_from(self.address, &self.probe.http_get.path, patience);
        let well = answer.is_ok_and(|answer| (200..400).contains(&answer.status));
        self.count(well)
    }

    fn count(&mut self, well: bool) -> Option<bool> {
        (self.successes, self.failures) = if well { (self.successes + 1, 0) } else { (0, self.failures + 1) };
        let enough =
            self.successes >= self.probe.success_threshold || self.failures >= self.probe.failure_threshold;
        enough.then_some(well)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_so_many_answers_in_a_row_change_anything() {
        let probe = json!({ "httpGet": { "port": 1 }, "failureThreshold": 3, "successThreshold": 2 });
        let mut question = Question {
            probe: serde_json::from_value(probe).unwrap(),
            address: ([127, 0, 0, 1], 1).into(),
            due: Instant::now(),
            successes: 0,
            failures: 0,
        };
        let answers = [true, false, false, true, true, false, false, false];
        let heard: Vec<_> = answers.into_iter().map(|well| question.count(well)).collect();
        assert_eq!(heard, [None, None, None, None, Some(true), None, None, Some(false)]);
    }
}
