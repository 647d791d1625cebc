//! A pod that is being played, for the test that watches it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::playing::Playing;
use super::sandbox::Sandbox;
use crate::http::{self, Answer};
use crate::{BootClock, Program, until};

/// How much longer than its grace a pod may take to go.
const LEEWAY: Duration = Duration::from_secs(5);
/// How long an endpoint of a pod may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something that happened to a container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When the kubelet did or noticed it.
    pub at: BootClock,
    /// The container's name.
    pub container: String,
    /// What it was.
    pub happening: Happening,
}

/// What happens to containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It could not be started, and will be tried again.
    Refused(String),
    /// Its process was started.
    Started,
    /// It began to answer its readiness probe well, or has none.
    Ready,
    /// It ceased to.
    NotReady,
    /// Its liveness or startup probe failed as often as it may: it is stopped.
    Unhealthy,
    /// Its process ended with this code.
    Ended(i32),
}

/// What the test wants to become of a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wish {
    #[default]
    Live,
    /// SIGTERM, and SIGKILL after the grace.
    Delete,
    /// SIGKILL, as where a node is lost.
    Kill,
}

/// What test and player share.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) wish: Wish,
    pub(super) events: Vec<Event>,
    /// The process 1 of each running container, and its sandbox.
    pub(super) inside: BTreeMap<String, (u32, Sandbox)>,
}

/// A pod. Dropping it kills it.
#[derive(Debug)]
pub struct Pod {
    name: String,
    grace: Duration,
    shared: Arc<Shared>,
    player: Option<JoinHandle<Result<i32>>>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, container: &str, happening: Happening) {
        let event = Event { at: BootClock::now(), container: container.to_owned(), happening };
        self.state().events.push(event);
    }
}

impl Pod {
    pub(super) fn start(name: &str, grace: Duration, playing: Playing) -> Result<Self> {
        let shared = playing.shared();
        let player = thread::Builder::new().name(name.to_owned()).spawn(move || playing.play())?;
        Ok(Self { name: name.to_owned(), grace, shared, player: Some(player) })
    }

    /// Its name, which is its host name as well.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that has happened, in its order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.state().events.clone()
    }

    /// When something happened to a container: the last time, if more than once.
    pub fn when(&self, container: &str, happening: &Happening) -> Option<BootClock> {
        let events = self.events();
        let found =
            events.iter().rev().find(|event| event.container == container && event.happening == *happening);
        found.map(|event| event.at)
    }

    /// Waits until something has happened to a container, and says when.
    pub fn comes_to(&self, container: &str, happening: &Happening, within: Duration) -> Result<BootClock> {
        let what = format!("{} of {} to be {happening:?}", container, self.name);
        until(&what, within, || self.when(container, happening)).with_context(|| self.so_far())
    }

    /// How often a container was started.
    pub fn starts(&self, container: &str) -> usize {
        let events = self.events();
        let started = |event: &&Event| event.container == container && event.happening == Happening::Started;
        events.iter().filter(started).count()
    }

    /// Whether a container answers its readiness probe well.
    pub fn is_ready(&self, container: &str) -> bool {
        let events = self.events();
        let last = events.iter().rev().find(|event| event.container == container);
        last.is_some_and(|event| event.happening == Happening::Ready)
    }

    /// Stops the first process of a running container, as a node that stands still would: whoever asks it waits in vain.
    pub fn freeze(&self, container: &str) -> Result<()> {
        let (first, _) = self.inside(container)?;
        let first = Pid::from_raw(i32::try_from(first)?).context("a process has a number")?;
        // Its end is noticed within milliseconds, long before its number comes round.
        Ok(kill_process(first, Signal::STOP)?)
    }

    /// Another process in a running container, as `kubectl exec` starts one.
    pub fn exec(&self, container: &str, command: &[&str]) -> Result<Program> {
        let (first, sandbox) = self.inside(container)?;
        sandbox.beside(first, command)
    }

    /// Asks a port of a running container, as Prometheus does.
    pub fn get(&self, container: &str, port: u16, path: &str) -> Result<Answer> {
        let (_, sandbox) = self.inside(container)?;
        let address = SocketAddr::from((sandbox.region.address(), port));
        thread::scope(|threads| {
            let asking = threads.spawn(|| {
                sandbox.region.enter()?;
                http::get_from(address, path, PATIENCE)
            });
            asking.join().map_err(|_| anyhow!("the question panicked"))?
        })
    }

    /// Waits until all its containers have ended for good; the code is that of the first that failed, or 0.
    pub fn completes_within(mut self, within: Duration) -> Result<i32> {
        self.gone_within(within)
    }

    /// Deletes it, and says how long that took. Fails where it outlives its grace.
    pub fn delete(mut self) -> Result<Duration> {
        self.shared.state().wish = Wish::Delete;
        let since = Instant::now();
        self.gone_within(self.grace + LEEWAY)?;
        Ok(since.elapsed())
    }

    /// Kills it, as a node that is lost.
    pub fn kill(mut self) -> Result<()> {
        self.shared.state().wish = Wish::Kill;
        self.gone_within(LEEWAY).map(drop)
    }

    /// The process 1 of a container, and its sandbox.
    fn inside(&self, container: &str) -> Result<(u32, Sandbox)> {
        let what = format!("{container} of {} to run", self.name);
        let inside = || self.shared.state().inside.get(container).cloned();
        until(&what, PATIENCE, inside).with_context(|| self.so_far())
    }

    fn gone_within(&mut self, within: Duration) -> Result<i32> {
        let what = format!("{} to be gone", self.name);
        let gone = || self.player.as_ref().is_none_or(JoinHandle::is_finished).then_some(());
        until(&what, within, gone).with_context(|| self.so_far())?;
        let player = self.player.take().context("a pod goes once")?;
        player.join().map_err(|_| anyhow!("the player of {} panicked", self.name))?
    }

    fn so_far(&self) -> String {
        let events = self.events();
        let Some(first) = events.first() else { return format!("nothing happened to {}", self.name) };
        let line = |event: &Event| {
            let after = event.at.since(first.at).as_secs_f64();
            format!("\n  {after:>8.3} {}: {:?}", event.container, event.happening)
        };
        format!("what happened to {}:{}", self.name, events.iter().map(line).collect::<String>())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.shared.state().wish = Wish::Kill;
        if let Some(player) = self.player.take() {
            let _ = player.join();
        }
    }
}

/// That these things happened, in this order; other things may have happened between them.
pub fn in_order(events: &[Event], expected: &[(&str, Happening)]) -> Result<()> {
    let mut left = expected.iter();
    let mut next = left.next();
    for event in events {
        if next.is_some_and(|(container, happening)| {
            event.container == *container && event.happening == *happening
        }) {
            next = left.next();
        }
    }
    ensure!(next.is_none(), "{next:?} did not happen in its turn: {events:#?}");
    Ok(())
}
