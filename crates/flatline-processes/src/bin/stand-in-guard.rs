//! A guard without the protocol, for the tests of this crate: it starts, stops and notifies as it is told.

use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use failover_policy::Span;
use flatline_processes::{
    CommandLine, Event, InvalidCommandLine, Notifier, NotifyArgs, Reaper, Transition, Workload, leash,
};
use flatline_shell::{ConfigError, Environment, Exit, LogArgs, Signals, cli, exit};
use rustix::process::Signal;

const NAME: &str = "stand-in-guard";

#[derive(Debug, Parser)]
#[command(name = NAME)]
struct Flags {
    #[command(subcommand)]
    scene: Scene,
    #[command(flatten)]
    logging: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Scene {
    /// Runs a command, passes signals and its end on
    Pass(Wrapped),
    /// Runs a command and, on SIGALRM, stops it and stays until it is told to end itself
    Stop {
        /// Time between SIGTERM and SIGKILL
        #[arg(long, default_value = "10s")]
        grace: Span,
        #[command(flatten)]
        wrapped: Wrapped,
    },
    /// Tells of events and leaves
    Notify {
        #[command(flatten)]
        notify: NotifyArgs,
        #[arg(long, default_value = "10s")]
        finish: Span,
        /// Events, each with its number as its term
        #[arg(value_parser = transition)]
        events: Vec<Transition>,
    },
}

#[derive(Debug, Args)]
struct Wrapped {
    #[arg(last = true, required = true)]
    words: Vec<OsString>,
}

fn main() {
    leash::take_if_asked(NAME);
    let flags = cli::parse_or_exit::<Flags>("pass");
    exit::run(NAME, async { run(flags).await.unwrap_or_else(|error| exit::refuse(NAME, error)) })
}

async fn run(flags: Flags) -> Result<Exit, ConfigError> {
    let mut signals = Signals::install()?;
    flags.logging.start(&Environment::of_process())?;
    match flags.scene {
        Scene::Pass(wrapped) => pass(&wrapped.start(&Reaper::start()?)?, &mut signals).await,
        Scene::Stop { grace, wrapped } => {
            stop(&wrapped.start(&Reaper::start()?)?, grace.get(), &mut signals).await
        }
        Scene::Notify { notify, finish, events } => tell(&notify, finish.get(), &events).await,
    }
}

async fn pass(workload: &Workload, signals: &mut Signals) -> Result<Exit, ConfigError> {
    let ended = loop {
        tokio::select! {
            ended = workload.exited() => break ended,
            signal = signals.next() => workload.signal(signal),
        }
    };
    workload.cleared().await;
    Ok(ended.exit())
}

async fn stop(workload: &Workload, grace: Duration, signals: &mut Signals) -> Result<Exit, ConfigError> {
    while signals.next().await != Signal::ALARM {}
    workload.terminate();
    if tokio::time::timeout(grace, workload.exited()).await.is_err() {
        workload.kill();
    }
    workload.cleared().await;
    say(&format!("cleared after {}", workload.exited().await));
    let mut signal = signals.next().await;
    while !Signals::asks_to_end(signal) {
        signal = signals.next().await;
    }
    Ok(Exit::Signal(signal.as_raw()))
}

async fn tell(notify: &NotifyArgs, finish: Duration, events: &[Transition]) -> Result<Exit, ConfigError> {
    let notifier = Notifier::start(notify.check()?, Reaper::start)?;
    for (term, transition) in (1..).zip(events) {
        notifier.tell(Event {
            transition: *transition,
            cluster: cluster("b")?,
            owner: Some(cluster("b")?),
            term: Some(term),
            previous: None,
            reason: format!("reason {term}"),
        });
    }
    say("told");
    notifier.finish(finish).await;
    Ok(Exit::Done)
}

impl Wrapped {
    fn start(self, reaper: &Reaper) -> Result<Workload, ConfigError> {
        let line =
            CommandLine::of_words(self.words).map_err(|error: InvalidCommandLine| ConfigError::new(error))?;
        let workload = Workload::start(reaper, &line, [("FLATLINE_TERM", "7"), ("FLATLINE_OWNER", "b")])
            .map_err(ConfigError::new)?;
        say(&format!("workload {}", workload.pid().as_raw_nonzero()));
        Ok(workload)
    }
}

fn transition(word: &str) -> Result<Transition, String> {
    let all = [Transition::Active, Transition::Standby, Transition::Fault];
    all.into_iter().find(|transition| transition.word() == word).ok_or_else(|| "no such event".to_owned())
}

fn cluster(id: &str) -> Result<failover_policy::ClusterId, ConfigError> {
    id.parse().map_err(ConfigError::new)
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    // A test that stopped reading has failed already.
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}
