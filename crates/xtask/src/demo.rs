//! `cargo xtask demo`: a failover in half a minute, with real processes on a real store.

mod narrator;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use flatline_tests::{Program, Running, TestStore, Ticks, pause, until, use_binaries_in};

use self::narrator::{Narrator, Voice};
use crate::stores::StoreKind;
use crate::{interrupt, shell, workspace};

/// Beats that the demo shows before it kills the writer.
const BEATS: usize = 4;
/// How long a beat, due every two seconds, may take to be seen.
const NEXT_BEAT: Duration = Duration::from_secs(10);
/// The threshold is ten seconds; the rest is for a busy machine.
const GATE_OPENS: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(crate) struct Demo {
    /// Where the heart beats: a temporary folder, or Microsoft's emulator of Blob storage
    #[arg(long, value_enum, default_value_t = StoreKind::Folder)]
    store: StoreKind,
}

impl Demo {
    pub(crate) fn run(&self) -> Result<()> {
        shell::run(shell::cargo("build").args([
            "--quiet",
            "--bins",
            "-p",
            "heartbeat-writer",
            "-p",
            "heart-monitor",
        ]))?;
        use_binaries_in(workspace::target().join("debug"));
        interrupt::leads_through_the_error_path()?;
        let narrator = Narrator::new();
        let store = self.store.open()?;
        narrator.says(&format!("The store of both clusters: {}", store.place()));
        play(narrator, store.as_ref())
    }
}

/// The story: a beats, b waits, a dies, b goes.
fn play(narrator: Narrator, store: &dyn TestStore) -> Result<()> {
    narrator.says("Cluster a owns the work. A beacon starts in it and stamps the time every 2 s.");
    let writer = start(
        narrator,
        Voice::Writer,
        store.joined_by(Program::writer()?.args(["run", "--this-cluster", "a"])),
    )?;
    let first = next_beat(store, None)?;

    narrator.says("Cluster b stands by. Its gate is shut while a's heart beats.");
    let waiting = Program::monitor()?.args(["wait", "--ownership", "off"]);
    let waiting = store.joined_by(waiting.args(["--this-cluster", "b", "--that-cluster", "a"]));
    let mut monitor = start(narrator, Voice::Monitor, waiting)?;
    let mut last = first;
    for _ in 0..BEATS {
        last = next_beat(store, Some(last))?;
        narrator.beat(last);
        ensure!(monitor.is_running()?, "the gate opened although a's heart beats");
    }

    // In the midst between two beats, so that the two measured times below differ as they do in life.
    pause(Duration::from_secs(1))?;
    narrator.says(&format!("Cluster a is lost: kill -9 {}", writer.pid()));
    writer.kill()?;
    let killed = Instant::now();
    let exit = monitor.exit_within(GATE_OPENS)?;
    ensure!(exit.code == 0, "the gate ended with {exit}");
    let age = store.stamp("a")?.age_at(exit.at_wall)?;
    narrator.result(age, exit.at.saturating_duration_since(killed));
    Ok(())
}

fn start(narrator: Narrator, voice: Voice, program: Program) -> Result<Running> {
    program.args(["--log-format", "human"]).label(voice.label()).echo(narrator.echo(voice)).start()
}

/// Waits until the stamp in the store is another one.
fn next_beat(store: &dyn TestStore, last: Option<Ticks>) -> Result<Ticks> {
    until("a beat of cluster a", NEXT_BEAT, || store.stamp("a").ok().filter(|stamp| Some(*stamp) != last))
}
