//! Tends the workload: starts, signals, kills and clears it away as the policy's guard orders.

use std::cell::RefCell;
use std::io;

use failover_policy::{BootTime, ChildOrder, Guard, HoldTime, StopCause};
use flatline_processes::{CommandLine, Ended, Reaper, Workload};
use flatline_shell::{Clock, Exit, Signals, sleep_until};
use rustix::process::Signal;
use tokio::sync::Notify;

use crate::guard::diary::{Diary, Ending};
use crate::ownership::config::OwnershipConfig;

/// The workload's side of a guard. The store's side is `errands`; both share the policy's guard, and `changed` is
/// rung whenever the other side has handed it something.
pub(super) struct Tending<'t> {
    pub(super) guard: &'t RefCell<Guard>,
    pub(super) changed: &'t Notify,
    pub(super) clock: &'t dyn Clock,
    pub(super) config: &'t OwnershipConfig,
    pub(super) command: &'t CommandLine,
    pub(super) reaper: &'t Reaper,
    pub(super) diary: Diary<'t>,
}

impl Tending<'_> {
    /// Tends the workload until it ends by itself, or until somebody asks this process to end.
    pub(super) async fn run(&self, signals: &mut Signals) -> Exit {
        let mut workload: Option<Workload> = None;
        let (mut asked_to_end, mut hung_up): (Option<Signal>, Option<Signal>) = (None, None);
        let mut killed = false;
        let mut idle_since = self.clock.now().boot;
        loop {
            // Before anything else, also after a thaw: what may not run any more is ended first.
            let order = self.guard.borrow_mut().poll_child(self.clock.now());
            if let Some(order) = order {
                killed = matches!(order, ChildOrder::Kill(_));
                self.carry_out(order, &mut workload).await;
            } else if let Some(workload) = workload.as_ref().filter(|_| killed) {
                // Its first process may be stuck in the kernel; what it started must end all the same.
                workload.kill();
            }
            let deadline = self.guard.borrow().poll_deadline();
            let timeout = self.config.timeout.filter(|_| workload.is_none());
            let gives_up = timeout.map(|timeout| idle_since.after(timeout.get()));
            tokio::select! {
                biased;
                () = ring(self.clock, deadline) => {}
                ended = end_of(workload.as_ref()) => {
                    // Its children go with it, whoever may run next.
                    if let Some(workload) = workload.take() {
                        workload.cleared().await;
                    }
                    // A workload that does not read its configuration anew at a hangup ends by it.
                    let passed_on = asked_to_end.or(hung_up.filter(|signal| ended.is_by(*signal)));
                    let ending = match passed_on {
                        _ if !self.guard.borrow().is_running() => Ending::Stopped,
                        Some(signal) => Ending::AfterSignal(signal),
                        None => Ending::ByItself,
                    };
                    self.diary.ended(ended, ending);
                    if ending != Ending::Stopped || asked_to_end.is_some() {
                        return ended.exit();
                    }
                    self.guard.borrow_mut().handle_child_gone();
                    idle_since = self.clock.now().boot;
                }
                signal = signals.next() => match &workload {
                    Some(workload) => {
                        self.diary.passed_on(signal);
                        // A workload that goes on after a hangup has read its configuration anew.
                        let reloads = signal == Signal::HUP && self.guard.borrow().is_running();
                        if reloads {
                            hung_up = Some(signal);
                        } else if Signals::asks_to_end(signal) {
                            asked_to_end.get_or_insert(signal);
                        }
                        workload.signal(signal);
                    }
                    None if Signals::asks_to_end(signal) => return Exit::Signal(signal.as_raw()),
                    None => {}
                },
                () = give_up(self.clock, gives_up) => {
                    self.diary.gave_up();
                    return Exit::TimedOut;
                }
                () = self.changed.notified() => {}
            }
        }
    }

    async fn carry_out(&self, order: ChildOrder, workload: &mut Option<Workload>) {
        match (order, &workload) {
            (ChildOrder::Start { term }, None) => match self.start(term).await {
                Ok(started) => {
                    self.diary.started(term, started.pid(), self.guard.borrow().gate());
                    *workload = Some(started);
                }
                Err(error) => {
                    self.diary.not_started(term, &error);
                    self.guard.borrow_mut().handle_child_failed(self.clock.now().hold);
                }
            },
            (ChildOrder::Terminate(cause), Some(running)) => {
                self.stopping(cause, Signal::TERM);
                running.terminate();
            }
            (ChildOrder::Kill(cause), Some(running)) => {
                running.kill();
                self.stopping(cause, Signal::KILL);
            }
            // A workload runs exactly while the policy says so; what does not run needs no stopping.
            (ChildOrder::Start { .. }, Some(_)) | (ChildOrder::Terminate(_) | ChildOrder::Kill(_), None) => {}
        }
    }

    /// Without its fencing token a workload must not start, nor where writing that took all the time there was.
    async fn start(&self, term: u64) -> io::Result<Workload> {
        if let Some(file) = &self.config.term_file {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("cannot write {}: {error}", file.path().display()))
            };
            let within = self.config.timing.write_deadline.get();
            file.hand_over(Some(term), within).await.map_err(named)?;
        }
        if self.guard.borrow().right().held(self.clock.now().hold).is_none_or(|(held, _)| held != term) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the right to run ended meanwhile"));
        }
        let cluster = self.config.rule.this.as_str();
        let term = term.to_string();
        let variables =
            [("FLATLINE_TERM", term.as_str()), ("FLATLINE_OWNER", cluster), ("FLATLINE_CLUSTER", cluster)];
        Workload::start(self.reaper, self.command, variables)
    }

    fn stopping(&self, cause: StopCause, signal: Signal) {
        self.diary.stopping(cause, signal, self.guard.borrow().gate());
    }
}

async fn ring(clock: &dyn Clock, at: Option<HoldTime>) {
    match at {
        Some(at) => clock.alarm(at).await,
        None => std::future::pending().await,
    }
}

async fn give_up(clock: &dyn Clock, at: Option<BootTime>) {
    match at {
        Some(at) => sleep_until(clock, at).await,
        None => std::future::pending().await,
    }
}

async fn end_of(workload: Option<&Workload>) -> Ended {
    match workload {
        Some(workload) => workload.exited().await,
        None => std::future::pending().await,
    }
}
