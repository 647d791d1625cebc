//! One container of a pod, as its process comes and goes.

use std::slice;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::playing::Playing;
use super::pod::Happening;
use super::probes::Prober;
use super::process::Process;
use super::spec::{Container, RestartPolicy};

/// The first pause before a container is started again; the kubelet's is 10 s. It doubles each time.
const BACK_OFF: Duration = Duration::from_millis(200);
/// The longest; the kubelet's is 5 min.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(2);

/// A container, as its process comes and goes.
pub(super) struct Role<'p> {
    container: &'p Container,
    scene: Scene,
    back_off: Duration,
}

/// Where it stands.
enum Scene {
    On {
        process: Process,
        prober: Prober,
        ready: bool,
    },
    /// Until it is tried again.
    Off(Instant),
    /// For good.
    Over(i32),
}

impl RestartPolicy {
    /// An init container is done when it has succeeded, even where containers are to run always.
    pub(super) fn of_init_containers(self) -> Self {
        match self {
            Self::Always | Self::OnFailure => Self::OnFailure,
            Self::Never => Self::Never,
        }
    }

    fn restarts_after(self, code: i32) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => code != 0,
            Self::Never => false,
        }
    }
}

impl<'p> Role<'p> {
    pub(super) fn new(container: &'p Container) -> Self {
        Self { container, scene: Scene::Off(Instant::now()), back_off: BACK_OFF }
    }

    pub(super) fn is_on(&self) -> bool {
        matches!(self.scene, Scene::On { .. })
    }

    /// The exit code, where it has ended for good.
    pub(super) fn code(&self) -> Option<i32> {
        match self.scene {
            Scene::Over(code) => Some(code),
            Scene::On { .. } | Scene::Off(_) => None,
        }
    }

    /// Does what is due: starts it, notices its end, stops it where its probes failed.
    pub(super) fn step(&mut self, playing: &Playing, policy: RestartPolicy) {
        let stepped = match &self.scene {
            Scene::Off(until) if Instant::now() >= *until => self.enter(playing),
            Scene::Off(_) | Scene::Over(_) => Ok(()),
            Scene::On { .. } => self.look(playing, policy),
        };
        if let Err(error) = stepped {
            playing.shared.note(&self.container.name, Happening::Refused(format!("{error:#}")));
            self.pause();
        }
    }

    fn enter(&mut self, playing: &Playing) -> Result<()> {
        let name = &self.container.name;
        let (process, prober) =
            playing.start(self.container).with_context(|| format!("cannot start {name}"))?;
        self.scene = Scene::On { process, prober, ready: false };
        Ok(())
    }

    fn look(&mut self, playing: &Playing, policy: RestartPolicy) -> Result<()> {
        self.notice_end(playing)?;
        let Scene::On { prober, ready, .. } = &mut self.scene else {
            self.go_on(policy);
            return Ok(());
        };
        if prober.is_ready() != *ready {
            *ready = prober.is_ready();
            let now = if *ready { Happening::Ready } else { Happening::NotReady };
            playing.shared.note(&self.container.name, now);
        }
        if prober.has_failed() {
            playing.shared.note(&self.container.name, Happening::Unhealthy);
            playing.end(slice::from_mut(self))?;
            self.go_on(policy);
        }
        Ok(())
    }

    /// What the end of the process leads to.
    fn go_on(&mut self, policy: RestartPolicy) {
        if self.code().is_some_and(|code| policy.restarts_after(code)) {
            self.pause();
        }
    }

    /// Notes the end of the process, once.
    pub(super) fn notice_end(&mut self, playing: &Playing) -> Result<()> {
        let Scene::On { process, .. } = &mut self.scene else { return Ok(()) };
        let Some(code) = process.ended()? else { return Ok(()) };
        playing.shared.state().inside.remove(&self.container.name);
        playing.shared.note(&self.container.name, Happening::Ended(code));
        self.scene = Scene::Over(code);
        Ok(())
    }

    pub(super) fn tell(&mut self, signal: Signal) -> Result<()> {
        match &mut self.scene {
            Scene::On { process, .. } => process.signal(signal),
            Scene::Off(_) | Scene::Over(_) => Ok(()),
        }
    }

    fn pause(&mut self) {
        self.scene = Scene::Off(Instant::now() + self.back_off);
        self.back_off = (self.back_off * 2).min(LONGEST_BACK_OFF);
    }
}
