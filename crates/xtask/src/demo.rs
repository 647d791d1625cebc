//! `cargo xtask demo`: a failover, a return and a failback in a minute, with real processes on a real store.

mod cast;
mod narrator;

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use clap::Args;
use flatline_tests::{Running, TestStore, Ticks, pause, until, use_binaries_in};

use self::cast::Cast;
use self::narrator::{Narrator, Voice};
use crate::stores::StoreKind;
use crate::{interrupt, shell, workspace};

/// How long a beat, due every two seconds, may take to be seen.
const NEXT_BEAT: Duration = Duration::from_secs(10);
/// Every wait of the story ends within ten seconds or so; the rest is for a busy machine.
const NEXT_SCENE: Duration = Duration::from_secs(40);

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
        Story { narrator, store: store.as_ref(), cast: Cast { narrator, store: store.as_ref() } }.play()
    }
}

struct Story<'s> {
    narrator: Narrator,
    store: &'s dyn TestStore,
    cast: Cast<'s>,
}

impl Story<'_> {
    /// a owns, a dies, b takes over, a comes back and stays blocked, a gets the work back.
    fn play(&self) -> Result<()> {
        self.narrator.says("A beacon in each cluster stamps the time every 2 s.");
        let writer_a = self.cast.writer(Voice::WriterA)?;
        let _writer_b = self.cast.writer(Voice::WriterB)?;
        self.next_beat()?;

        self.narrator.says(
            "The same release runs in both clusters, its workload wrapped by a guard: heart-monitor run -- COMMAND.\n\
             Cluster a owns the work. (The first record of a store is written after 9 s of seeing none.)",
        );
        let mut guard_a = self.cast.guard(Voice::GuardA)?;
        let mut guard_b = self.cast.guard(Voice::GuardB)?;
        starts(&mut guard_a)?;
        self.next_beat()?;
        // In the midst between two beats, so that the two measured times below differ as they do in life.
        pause(Duration::from_secs(1))?;

        let since_kill = self.lose_a(&writer_a, &guard_a)?;
        let last = self.store.stamp("a")?;
        let started = starts(&mut guard_b)?;
        self.narrator.takeover(last.age_at(wall_at(started))?, started.saturating_duration_since(since_kill));

        self.narrator
            .says("Cluster a comes back: its beacon beats, its guard reads the record, and stays blocked.");
        let _writer_a = self.cast.writer(Voice::WriterA)?;
        let mut guard_a = self.cast.guard(Voice::GuardA)?;
        guard_a.line_with("blocked", NEXT_SCENE)?;
        self.next_beat()?;
        self.next_beat()?;
        ensure!(!has_started(&guard_a), "the workload of a started although b owns the work");
        self.cast.operator(&["status"])?;

        self.narrator.says("An operator brings the work home. b stops before a starts.");
        self.cast.operator(&["failback", "--to", "a", "--yes"])?;
        let stopped = guard_b.line_with("workload stopped", NEXT_SCENE)?.at;
        let started = starts(&mut guard_a)?;
        ensure!(stopped <= started, "a started before b had stopped");
        self.narrator.handover(started.saturating_duration_since(stopped));
        self.cast.operator(&["status"])
    }

    fn lose_a(&self, writer: &Running, guard: &Running) -> Result<Instant> {
        self.narrator.says(&format!("Cluster a is lost: kill -9 {} {}", writer.pid(), guard.pid()));
        writer.kill()?;
        guard.kill()?;
        Ok(Instant::now())
    }

    /// Waits until a's stamp in the store is another one.
    fn next_beat(&self) -> Result<Ticks> {
        let last = self.store.stamp("a").ok();
        let stamp = until("a beat of cluster a", NEXT_BEAT, || {
            self.store.stamp("a").ok().filter(|stamp| Some(*stamp) != last)
        })?;
        self.narrator.beat(stamp);
        Ok(stamp)
    }
}

/// What the wall clock showed at that moment.
fn wall_at(moment: Instant) -> SystemTime {
    SystemTime::now() - moment.elapsed()
}

/// Waits until the workload behind this guard says that it works.
fn starts(guard: &mut Running) -> Result<Instant> {
    Ok(guard.line_with(cast::WORKING, NEXT_SCENE)?.at)
}

fn has_started(guard: &Running) -> bool {
    guard.lines().iter().any(|line| line.text.contains(cast::WORKING))
}
