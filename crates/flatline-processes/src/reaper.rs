//! The one place that collects the status of children that ended.

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{future, io};

use flatline_shell::ConfigError;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, kill_process, kill_process_group,
    set_child_subreaper, waitid, waitpid,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::Ended;
use crate::process_table::{Entry, children_of, everybody, families_of};

/// How long a dead child that was not started here is left to whoever else in this process may wait for it, as
/// the Azure command line is waited for by the store. Whoever waits does so at once.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(1);

/// Collects every child of this process that ends: those that it started, and those that were left to it, as
/// process 1 of a container or as the subreaper of its descendants. Clones are the same reaper; a process has
/// one.
///
/// A status is collected where the child was started here, or was dead for a second without anybody else asking.
/// Collecting it frees the child's number for others; before that, what is left of the process group of a child
/// that was started here is killed: nothing outlives the leader of its group.
#[derive(Debug, Clone)]
pub struct Reaper(Arc<Mutex<Family>>);

/// The children of this process, as far as they are known.
#[derive(Debug, Default)]
struct Family {
    /// Started here and not collected yet, each with whom to tell.
    started: HashMap<Pid, watch::Sender<Option<Ended>>>,
    /// Were there before this process became a guard: a script may start something and then become the guard.
    inherited: HashSet<Pid>,
}

/// A child that was started through a [`Reaper`], the leader of a process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    family: Arc<Mutex<Family>>,
    end: watch::Receiver<Option<Ended>>,
}

impl Reaper {
    /// Starts to collect. Call it on the thread that runs the event loop for as long as the process lives.
    pub fn start() -> Result<Self, ConfigError> {
        let refused = |error: io::Error| {
            ConfigError::new(format_args!("cannot look after processes: {error}; is /proc mounted?"))
        };
        let mut deaths = signal(SignalKind::child()).map_err(refused)?;
        set_child_subreaper(Some(getpid())).map_err(|error| refused(error.into()))?;
        let inherited = children_of(getpid()).map_err(refused)?;
        let inherited = inherited.into_iter().map(|entry| entry.pid).collect();
        let family = Arc::new(Mutex::new(Family { inherited, ..Family::default() }));
        tokio::spawn({
            let family = Arc::clone(&family);
            async move {
                let mut orphans = Orphans::default();
                loop {
                    tokio::select! {
                        _ = deaths.recv() => lock(&family).collect_started(),
                        () = orphans.due() => orphans.collect(&mut lock(&family)),
                    }
                    orphans.look_later();
                }
            }
        });
        Ok(Self(family))
    }

    /// Starts a command as the leader of a new process group.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        use std::os::unix::process::CommandExt;
        // Held until the child is known, so that its end cannot come in between.
        let mut family = lock(&self.0);
        let pid = Pid::from_child(&command.process_group(0).spawn()?);
        let (tell, end) = watch::channel(None);
        family.started.insert(pid, tell);
        drop(family);
        Ok(Child { pid, family: Arc::clone(&self.0), end })
    }

    /// Kills every child that nobody here started and that was not there before: what a workload left behind
    /// when its own parent died. Kills all that descends from them too, and from `leader`: one that is stuck in the
    /// kernel keeps its descendants, which may run in groups of their own. Returns how many such children were found,
    /// dead ones that were only collected included: where it is none and the leader has ended, then there is nothing
    /// left, since a process that runs always has an ancestor among the children.
    pub(crate) fn end_strays(&self, leader: Pid) -> io::Result<usize> {
        let family = lock(&self.0);
        let table = everybody()?;
        let strays: Vec<&Entry> = table
            .iter()
            .filter(|entry| entry.parent == Some(getpid()) && family.is_stray(entry.pid))
            .collect();
        let leader = Some(leader).filter(|leader| family.started.contains_key(leader));
        end_descendants(&strays.iter().map(|stray| stray.pid).chain(leader).collect(), &table);
        for stray in &strays {
            if stray.dead {
                tracing::debug!(pid = %stray.pid, "collected a process that the workload left behind");
                let _ = waitpid(Some(stray.pid), WaitOptions::NOHANG);
            } else {
                tracing::debug!(pid = %stray.pid, "killing a process that the workload left behind");
                tell_trouble(kill_process(stray.pid, Signal::KILL), stray.pid, Signal::KILL);
            }
        }
        Ok(strays.len())
    }
}

impl Child {
    /// Its number, which is also that of its process group.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits for its end; at once where it has ended. May be dropped and called again.
    pub async fn ended(&self) -> Ended {
        let mut end = self.end.clone();
        // The sender goes away without a word only together with the whole process.
        let ended = end.wait_for(Option::is_some).await.ok().and_then(|end| *end);
        match ended {
            Some(ended) => ended,
            None => future::pending().await,
        }
    }

    /// How it ended; `None` while it runs.
    pub fn end(&self) -> Option<Ended> {
        *self.end.borrow()
    }

    /// Sends a signal to its process group. Does nothing once it has ended: the number may be another's by then.
    pub fn signal(&self, signal: Signal) {
        if lock(&self.family).started.contains_key(&self.pid) {
            tell_trouble(kill_process_group(self.pid, signal), self.pid, signal);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Family {
    fn is_stray(&self, pid: Pid) -> bool {
        !self.started.contains_key(&pid) && !self.inherited.contains(&pid)
    }

    fn collect_started(&mut self) {
        self.started.retain(|pid, tell| match collect_group(*pid) {
            None => true,
            Some(ended) => {
                tell.send_replace(Some(ended));
                false
            }
        });
    }
}

/// The dead children that nobody here started.
#[derive(Debug, Default)]
struct Orphans {
    /// Were dead at the last look.
    dead: HashSet<Pid>,
    next_look: Option<Instant>,
}

impl Orphans {
    async fn due(&self) {
        match self.next_look {
            Some(at) => sleep_until(at).await,
            None => future::pending().await,
        }
    }

    /// Arranges for a look where somebody is dead and not collected.
    fn look_later(&mut self) {
        if self.next_look.is_none() && is_dead(WaitId::All).unwrap_or(false) {
            self.next_look = Some(Instant::now() + LEFT_TO_OTHERS);
        }
    }

    /// Collects those that were dead at the last look already.
    fn collect(&mut self, family: &mut Family) {
        self.next_look = None;
        let children = children_of(getpid()).unwrap_or_default();
        let before = std::mem::take(&mut self.dead);
        for Entry { pid: orphan, dead, .. } in children {
            if !dead || family.started.contains_key(&orphan) {
                continue;
            }
            if before.contains(&orphan) {
                tracing::debug!(pid = %orphan, "collected an orphan");
                let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
                family.inherited.remove(&orphan);
            } else {
                self.dead.insert(orphan);
            }
        }
    }
}

/// Collects a child that leads a process group, and ends the rest of the group while the number is still its own.
/// `None` where it runs.
fn collect_group(leader: Pid) -> Option<Ended> {
    match is_dead(WaitId::Pid(leader)) {
        Ok(false) => return None,
        Ok(true) => {}
        // Not our child any more, so the number is not ours to signal.
        Err(_) => return Some(Ended::Lost),
    }
    tell_trouble(kill_process_group(leader, Signal::KILL), leader, Signal::KILL);
    match waitpid(Some(leader), WaitOptions::NOHANG) {
        Ok(Some((_, status))) => Some(Ended::of(status)),
        Ok(None) | Err(_) => Some(Ended::Lost),
    }
}

/// Kills what descends from these processes, and none of them.
fn end_descendants(of: &HashSet<Pid>, table: &[Entry]) {
    let families = families_of(of.iter().copied(), table);
    let doomed = table.iter().filter(|entry| families.contains(&entry.pid) && !of.contains(&entry.pid));
    for Entry { pid, .. } in doomed.filter(|entry| !entry.dead) {
        tracing::debug!(%pid, "killing a process that descends from the workload");
        tell_trouble(kill_process(*pid, Signal::KILL), *pid, Signal::KILL);
    }
}

/// Whether such a child is dead and not collected. An error where there is no such child at all.
fn is_dead(who: WaitId<'_>) -> rustix::io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(who, options)?.is_some())
}

/// A process that has gone needs no signal; one that may not be signalled is a matter for a person.
fn tell_trouble(sent: rustix::io::Result<()>, pid: Pid, signal: Signal) {
    match sent {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => {
            tracing::error!(%pid, ?signal, %error, "cannot signal a process; run the guard as its user");
        }
    }
}

fn lock(family: &Mutex<Family>) -> MutexGuard<'_, Family> {
    family.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_child_that_somebody_else_started_is_left_to_them() {
        let reaper = Reaper::start().unwrap();
        let theirs = tokio::process::Command::new("sh").args(["-c", "exit 5"]).status();
        let mut slow = Command::new("sh").args(["-c", "exit 6"]).spawn().unwrap();
        assert_eq!(theirs.await.unwrap().code(), Some(5));
        for code in 0..20 {
            let ours = reaper.spawn(Command::new("sh").args(["-c", &format!("exit {code}")])).unwrap();
            assert_eq!(ours.ended().await, Ended::Code(code));
        }
        assert_eq!(is_dead(WaitId::Pid(Pid::from_child(&slow))), Ok(true), "the reaper had its chances");
        assert_eq!(slow.wait().unwrap().code(), Some(6));
    }

    #[tokio::test]
    async fn what_left_the_group_of_a_leader_that_does_not_end_is_ended_all_the_same() {
        let reaper = Reaper::start().unwrap();
        let script = "setsid sh -c 'sleep 1000 & wait' & wait; exec sleep 1000";
        let leader = reaper.spawn(Command::new("sh").args(["-c", script])).unwrap();
        let others = || {
            let table = everybody().unwrap();
            let mut family = families_of([leader.pid()], &table);
            family.retain(|pid| *pid != leader.pid() && table.iter().any(|one| one.pid == *pid && !one.dead));
            family.len()
        };
        while others() < 2 {
            tokio::task::yield_now().await;
        }
        while others() > 0 {
            end_descendants(&HashSet::from([leader.pid()]), &everybody().unwrap());
            tokio::task::yield_now().await;
        }
        assert_eq!(leader.end(), None);
    }

    #[tokio::test]
    async fn an_end_that_comes_before_anybody_asks_is_kept() {
        let reaper = Reaper::start().unwrap();
        let child = reaper.spawn(&mut Command::new("true")).unwrap();
        while child.end().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!((child.ended().await, child.ended().await), (Ended::Code(0), Ended::Code(0)));
        child.signal(Signal::KILL);
        assert_eq!(child.end(), Some(Ended::Code(0)), "a signal to one that has ended goes nowhere");
    }
}
