//! How a pod goes: its init containers one after the other, then all containers at once, restarted by its policy, until
//! somebody wants it to end.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::Signal;

use super::environment::Facts;
use super::image::Images;
use super::objects::Objects;
use super::pod::{Shared, Wish};
use super::role::Role;
use super::spec::PodSpec;
use super::volumes::Volumes;
use crate::{Echo, Region};

/// How often it looks at everything: how late a container may start after the one before it.
const STEP: Duration = Duration::from_millis(5);
/// How long a process that was killed may take to go.
const KILLED: Duration = Duration::from_secs(5);

/// A pod, with all that it is made of.
pub(super) struct Playing {
    pub(super) spec: PodSpec,
    pub(super) facts: Facts,
    pub(super) region: Region,
    pub(super) images: Arc<Images>,
    pub(super) objects: Objects,
    pub(super) volumes: Volumes,
    /// The pod's own folder.
    pub(super) folder: PathBuf,
    pub(super) echo: Option<Echo>,
    pub(super) shared: Arc<Shared>,
}

/// How a pod ended: the first exit code that is not 0, or 0.
pub(super) type Ended = Result<i32>;

impl Playing {
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Plays it to its end. Returns the exit code of the first container that failed for good, or 0.
    pub(super) fn play(self) -> Ended {
        let ended = match self.init_containers() {
            ControlFlow::Break(ended) => ended,
            ControlFlow::Continue(()) => self.containers(),
        };
        self.shared.state().inside.clear();
        // What is left in there belongs to nobody; the test's folder goes as a whole.
        let _ = fs::remove_dir_all(&self.folder);
        ended
    }

    fn init_containers(&self) -> ControlFlow<Ended> {
        for container in &self.spec.init_containers {
            let mut role = Role::new(container);
            loop {
                role.step(self, self.spec.restart_policy.of_init_containers());
                match role.code() {
                    Some(0) => break,
                    Some(code) => return ControlFlow::Break(Ok(code)),
                    None => {}
                }
                if self.wish() != Wish::Live {
                    return ControlFlow::Break(self.end(&mut [role]));
                }
                thread::sleep(STEP);
            }
        }
        ControlFlow::Continue(())
    }

    fn containers(&self) -> Ended {
        let mut roles: Vec<_> = self.spec.containers.iter().map(Role::new).collect();
        while self.wish() == Wish::Live {
            for role in &mut roles {
                role.step(self, self.spec.restart_policy);
            }
            let codes: Option<Vec<i32>> = roles.iter().map(Role::code).collect();
            if let Some(codes) = codes {
                return Ok(codes.into_iter().find(|code| *code != 0).unwrap_or(0));
            }
            thread::sleep(STEP);
        }
        self.end(&mut roles)
    }

    fn wish(&self) -> Wish {
        self.shared.state().wish
    }

    /// Ends what runs: by the grace, or at once.
    pub(super) fn end(&self, roles: &mut [Role]) -> Ended {
        let grace = match self.wish() {
            Wish::Kill => Duration::ZERO,
            Wish::Live | Wish::Delete => Duration::from_secs(self.spec.termination_grace_period_seconds),
        };
        for role in roles.iter_mut() {
            role.tell(if grace.is_zero() { Signal::KILL } else { Signal::TERM })?;
        }
        self.watch_them_go(roles, grace)?;
        for role in roles.iter_mut() {
            role.tell(Signal::KILL)?;
        }
        self.watch_them_go(roles, KILLED)?;
        ensure!(roles.iter().all(|role| !role.is_on()), "a container of {} outlives SIGKILL", self.facts.pod);
        Ok(0)
    }

    /// For so long at most, or until the test is out of patience.
    fn watch_them_go(&self, roles: &mut [Role], span: Duration) -> Result<()> {
        let (since, wish) = (Instant::now(), self.wish());
        while roles.iter().any(Role::is_on) && since.elapsed() < span && self.wish() == wish {
            for role in roles.iter_mut() {
                role.notice_end(self)?;
            }
            thread::sleep(STEP);
        }
        Ok(())
    }
}
