//! `cargo xtask demo`: a failover in half a minute, with real processes on a real store.

mod narrator;
mod stage;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use flatline_tests::{Program, Running, Ticks, pause, until, use_binaries_in};

use self::narrator::{Narrator, Voice};
use self::stage::Stage;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    Folder,
    Azurite,
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
        let stage = Stage::set(self.store)?;
        narrator.says(&format!("The store of both clusters: {}", stage.describes()));
        play(narrator, &stage)
    }
}

/// The story: a beats, b waits, a dies, b goes.
fn play(narrator: Narrator, stage: &Stage) -> Result<()> {
    narrator.says("Cluster a owns the work. A beacon starts in it and stamps the time every 2 s.");
    let writer = start(narrator, Voice::Writer, stage.joins(Program::writer()?.arg("run"), "a", "b"))?;
    let first = next_beat(stage, None)?;

    narrator.says("Cluster b stands by. Its gate is shut while a's heart beats.");
    let waiting = stage.joins(Program::monitor()?.args(["wait", "--ownership", "off"]), "b", "a");
    let mut monitor = start(narrator, Voice::Monitor, waiting)?;
    let mut last = first;
    for _ in 0..BEATS {
        last = next_beat(stage, Some(last))?;
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
    let age = stage.stamp_of_a()?.age_at(exit.at_wall)?;
    narrator.result(age, exit.at.saturating_duration_since(killed));
    Ok(())
}

fn start(narrator: Narrator, voice: Voice, program: Program) -> Result<Running> {
    program.args(["--log-format", "human"]).label(voice.label()).echo(narrator.echo(voice)).start()
}

/// Waits until the stamp in the store is another one.
fn next_beat(stage: &Stage, last: Option<Ticks>) -> Result<Ticks> {
    until("a beat of cluster a", NEXT_BEAT, || stage.stamp_of_a().ok().filter(|stamp| Some(*stamp) != last))
}
