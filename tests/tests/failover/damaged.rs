//! Reads that are damaged at the standby alone, while the owner beats and reads its own stamp well.

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{
    Azurite, BlobStore, DamagingProxy, FolderStore, Harm, Program, TestStore, Ticks, pause,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::scene::{HASTY, Pace, Scene, UNHURRIED, play_at};

/// A store with a second way to it, on which what is read of a's stamp can be damaged.
#[derive(Debug)]
struct Forked<S, W> {
    store: S,
    way: W,
    /// Whether whoever is started next takes the second way.
    leads: Cell<bool>,
}

impl<S, W: Way<S>> Forked<S, W> {
    fn new(store: S, way: W) -> Self {
        Self { store, way, leads: Cell::new(false) }
    }
}

/// A second way to a store.
trait Way<S>: std::fmt::Debug {
    fn leads(&self, program: Program, store: &S) -> Program;
}

impl<S: TestStore, W: Way<S>> TestStore for Forked<S, W> {
    fn place(&self) -> String {
        self.store.place()
    }

    fn joined_by(&self, program: Program) -> Program {
        if self.leads.get() { self.way.leads(program, &self.store) } else { self.store.joined_by(program) }
    }

    fn stamp(&self, cluster: &str) -> Result<Ticks> {
        self.store.stamp(cluster)
    }

    fn record(&self) -> Result<Option<Value>> {
        self.store.record()
    }

    fn plant_record(&self, revision: u64, text: &str) -> Result<()> {
        self.store.plant_record(revision, text)
    }

    fn lose_record(&self) -> Result<()> {
        self.store.lose_record()
    }
}

impl Way<BlobStore> for DamagingProxy {
    fn leads(&self, program: Program, store: &BlobStore) -> Program {
        program.args(["--store", &self.url(&store.url())]).env("AZURE_STORAGE_SAS_TOKEN", store.sas())
    }
}

#[test]
fn a_stamp_that_is_read_as_empty_from_a_blob_is_no_silence() -> Result<()> {
    a_blob_whose_stamp_is_damaged(Harm::Empty)
}

#[test]
fn half_a_stamp_that_passes_for_a_whole_blob_is_no_silence() -> Result<()> {
    a_blob_whose_stamp_is_damaged(Harm::HalfAsAWhole)
}

#[test]
fn half_a_stamp_of_a_whole_blob_is_no_silence() -> Result<()> {
    a_blob_whose_stamp_is_damaged(Harm::HalfOfAWhole)
}

#[test]
fn an_answer_that_breaks_off_is_no_silence() -> Result<()> {
    a_blob_whose_stamp_is_damaged(Harm::BrokenOff)
}

fn a_blob_whose_stamp_is_damaged(harm: Harm) -> Result<()> {
    let azurite = Azurite::shared()?;
    let upstream = SocketAddr::from((azurite.address(), azurite.port()));
    let proxy = DamagingProxy::in_front_of(upstream, "/a/heartbeat.txt")?;
    play_at(UNHURRIED, Forked::new(BlobStore::new(azurite)?, proxy), |scene| {
        let a = scene.cluster("a")?;
        scene.runs("a", 1)?;
        let _b = standby(scene)?;
        scene.store.way.damages(Some(harm));
        scene.log.runs_on("a", 3 * scene.pace.watch)?;
        ensure!(scene.store.way.damaged() > 20, "the standby was to read damaged answers");
        ensure!(scene.record_says("revision").as_deref() == Some("1"), "nobody claimed anything");
        scene.store.way.damages(None);
        a.dies()?;
        scene.runs("b", 2)?;
        Ok(())
    })
}

/// The second way to a folder: links to everything but a's stamp and details, of which it has copies.
#[derive(Debug)]
struct View {
    root: TempDir,
    copies: Arc<Copies>,
}

#[derive(Debug)]
struct Copies {
    of: PathBuf,
    to: PathBuf,
    /// What stands in the stamp's place; `None` for the stamp.
    instead: Mutex<Option<&'static str>>,
    /// Whether the details are those from before.
    details_stand_still: AtomicBool,
    over: AtomicBool,
}

impl View {
    fn of(store: &FolderStore) -> Result<Self> {
        let root = tempfile::Builder::new().prefix("flatline-view-").tempdir()?;
        fs::create_dir_all(store.path().join("ownership"))?;
        fs::create_dir_all(store.path().join("b"))?;
        symlink(store.path().join("ownership"), root.path().join("ownership"))?;
        symlink(store.path().join("b"), root.path().join("b"))?;
        let copies = Arc::new(Copies {
            of: store.path().join("a"),
            to: root.path().join("a"),
            instead: Mutex::new(None),
            details_stand_still: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        fs::create_dir(&copies.to)?;
        let shared = Arc::clone(&copies);
        thread::spawn(move || {
            while !shared.over.load(Ordering::Relaxed) {
                shared.copy();
                thread::sleep(Duration::from_millis(20));
            }
        });
        Ok(Self { root, copies })
    }

    fn damages(&self, instead: Option<&'static str>, details_too: bool) {
        self.copies.details_stand_still.store(details_too, Ordering::Relaxed);
        *self.copies.instead.lock().unwrap_or_else(PoisonError::into_inner) = instead;
    }
}

impl Copies {
    /// What is not there yet comes with a later round.
    fn copy(&self) {
        let instead = *self.instead.lock().unwrap_or_else(PoisonError::into_inner);
        let put = |name: &str, bytes: &[u8]| {
            let aside = self.to.join(".aside");
            let _ = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, self.to.join(name)));
        };
        match (instead, fs::read(self.of.join("heartbeat.txt"))) {
            (Some(text), _) => put("heartbeat.txt", text.as_bytes()),
            (None, Ok(bytes)) if bytes.len() == 18 => put("heartbeat.txt", &bytes),
            (None, _) => {}
        }
        if let (false, Ok(bytes)) =
            (self.details_stand_still.load(Ordering::Relaxed), fs::read(self.of.join("heartbeat.json")))
        {
            put("heartbeat.json", &bytes);
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.copies.over.store(true, Ordering::Relaxed);
    }
}

impl Way<FolderStore> for View {
    fn leads(&self, program: Program, _store: &FolderStore) -> Program {
        program.arg("--store").arg(self.root.path())
    }
}

#[test]
fn a_stamp_that_is_damaged_in_a_folder_is_no_silence_while_the_details_beside_it_go_on() -> Result<()> {
    for instead in ["", "639000000"] {
        in_a_folder(HASTY, |scene| {
            let (_a, _b) = pair(scene)?;
            scene.store.way.damages(Some(instead), false);
            scene.log.runs_on("a", 4 * scene.pace.watch)?;
            ensure!(scene.record_says("revision").as_deref() == Some("1"), "nobody claimed anything");
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn where_both_witnesses_are_damaged_in_a_folder_the_owner_contests_and_runs_on() -> Result<()> {
    for instead in ["", "639000000", "\0\0\0\0"] {
        in_a_folder(HASTY, |scene| {
            let (a, _b) = pair(scene)?;
            scene.store.way.damages(Some(instead), true);
            scene.log.runs_on("a", 6 * scene.pace.watch)?;
            let revision = scene.record_says("revision").and_then(|text| text.parse::<u64>().ok());
            ensure!(
                revision.is_some_and(|revision| (3..=13).contains(&revision)),
                "{revision:?}: a claim a watch"
            );
            ensure!(scene.record_says("term").as_deref() == Some("1"), "nobody else ever owned the work");
            // A writer that died while it wrote leaves the same; then the claim stands.
            a.dies()?;
            scene.runs("b", 2)?;
            Ok(())
        })?;
    }
    Ok(())
}

fn in_a_folder(
    pace: Pace,
    scenario: impl FnOnce(&Scene<Forked<FolderStore, View>>) -> Result<()>,
) -> Result<()> {
    let store = FolderStore::new()?;
    let view = View::of(&store)?;
    play_at(pace, Forked::new(store, view), scenario)
}

/// Clusters a and b, of which a runs, and b takes the second way.
fn pair(
    scene: &Scene<Forked<FolderStore, View>>,
) -> Result<(crate::cluster::Cluster, crate::cluster::Cluster)> {
    let a = scene.cluster("a")?;
    scene.runs("a", 1)?;
    Ok((a, standby(scene)?))
}

/// Cluster b, which looks at a by the second way, and has seen it beat.
fn standby<S: TestStore, W: Way<S>>(scene: &Scene<Forked<S, W>>) -> Result<crate::cluster::Cluster> {
    scene.store.leads.set(true);
    let b = scene.cluster("b")?;
    scene.store.leads.set(false);
    pause(scene.pace.watch)?;
    Ok(b)
}
