//! Telling somebody: a command for each kind of event, one at a time, in the order of events, without ever
//! holding a decision up.

mod args;
mod errand;
mod event;
mod lines;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use flatline_shell::ConfigError;
use tokio::task::JoinHandle;

pub use args::{Notifications, NotifyArgs};
pub use event::{Event, Transition};
use queue::Queue;

use crate::Reaper;

/// Runs a command for each event that has one.
///
/// [`tell`](Self::tell) never waits. A command gets ten seconds, then SIGTERM, and a second later SIGKILL. What
/// it prints is logged. Its process group ends with it, and it ends with this process: whoever wants its last
/// events told calls [`finish`](Self::finish) before leaving.
#[derive(Debug)]
pub struct Notifier(Option<Running>);

#[derive(Debug)]
struct Running {
    commands: Arc<Notifications>,
    queue: Arc<Queue>,
    worker: JoinHandle<()>,
}

impl Notifier {
    /// How long a program that is about to leave should give to [`finish`](Self::finish): enough for a request
    /// over the network, short against a takeover. A gate that opens stays closed for that long at most, and only
    /// where it was given a command for the event.
    ///
    /// It has to wait at all because it takes its commands with it: as process 1 of an init container the kernel
    /// ends them with it, whatever it does.
    pub const LAST_WORDS: Duration = Duration::from_secs(2);

    /// Starts a notifier; one that has nobody to tell costs nothing. `reaper` is asked for only where there is a
    /// command.
    pub fn start(
        commands: Notifications,
        reaper: impl FnOnce() -> Result<Reaper, ConfigError>,
    ) -> Result<Self, ConfigError> {
        if commands.is_empty() {
            return Ok(Self(None));
        }
        let (commands, queue, reaper) = (Arc::new(commands), Arc::new(Queue::default()), reaper()?);
        let worker = tokio::spawn({
            let (commands, queue) = (Arc::clone(&commands), Arc::clone(&queue));
            async move {
                loop {
                    let event = queue.next().await;
                    if let Some(line) = commands.of(event.transition) {
                        errand::run(&event, line, &reaper).await;
                    }
                    queue.done();
                }
            }
        });
        Ok(Self(Some(Running { commands, queue, worker })))
    }

    /// Has an event told as soon as those before it are.
    pub fn tell(&self, event: Event) {
        if let Self(Some(running)) = self
            && running.commands.of(event.transition).is_some()
        {
            running.queue.push(event);
        }
    }

    /// Waits until everything is told, but no longer than this; what is not told by then is cut short or never
    /// is, and the log says so.
    pub async fn finish(self, within: Duration) {
        let Self(Some(Running { queue, worker, .. })) = self else { return };
        if tokio::time::timeout(within, queue.idle()).await.is_err() {
            tracing::warn!(?within, untold = queue.untold(), "leaving before every notification was told");
        }
        // Its end takes the command along that still runs.
        worker.abort();
        let _ = worker.await;
    }
}
