//! One store, one log of marks, and the processes of as many clusters as a test wants.

use std::env;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Binary, BootClock, MarkLog, Program, Run, Story, TestStore, pause, until};

use crate::SOON;
use crate::cluster::Cluster;

/// The durations of a scene, as variables of the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    variables: [(&'static str, &'static str); 5],
    /// `T − p`: what a claimant watches, and a little more than what a guard that lost its right needs to stop.
    pub(crate) watch: Duration,
}

/// A third of the contract's defaults or less, and still with no warning but the one about long host pauses.
pub(crate) const HASTY: Pace = Pace {
    variables: [
        ("HEARTBEAT_INTERVAL", "200ms"),
        ("HEART_MONITOR_FLATLINE_AFTER", "3s"),
        ("HEART_MONITOR_POLL", "300ms"),
        ("HEART_MONITOR_READ_DEADLINE", "200ms"),
        ("HEART_MONITOR_STOP_GRACE", "500ms"),
    ],
    watch: Duration::from_millis(2700),
};

/// For an emulator that shares its processors with everything else and may take its time to answer.
pub(crate) const UNHURRIED: Pace = Pace {
    variables: [
        ("HEARTBEAT_INTERVAL", "500ms"),
        ("HEART_MONITOR_FLATLINE_AFTER", "5500ms"),
        ("HEART_MONITOR_POLL", "500ms"),
        ("HEART_MONITOR_READ_DEADLINE", "500ms"),
        ("HEART_MONITOR_STOP_GRACE", "500ms"),
    ],
    watch: Duration::from_secs(5),
};

/// What people get who set nothing.
pub(crate) const DEFAULTS: Pace = Pace {
    variables: [
        ("HEARTBEAT_INTERVAL", "2s"),
        ("HEART_MONITOR_FLATLINE_AFTER", "10s"),
        ("HEART_MONITOR_POLL", "1s"),
        ("HEART_MONITOR_READ_DEADLINE", "1s"),
        ("HEART_MONITOR_STOP_GRACE", "1500ms"),
    ],
    watch: Duration::from_secs(9),
};

/// Everything that belongs to one test.
#[derive(Debug)]
pub(crate) struct Scene<S> {
    pub(crate) store: S,
    pub(crate) log: MarkLog,
    pub(crate) pace: Pace,
    /// What every process printed.
    story: Story,
}

/// Plays a scene at the hasty pace, then asks the oracle. Where either fails, the whole story is told.
pub(crate) fn play<S: TestStore>(store: S, scenario: impl FnOnce(&Scene<S>) -> Result<()>) -> Result<()> {
    play_at(HASTY, store, scenario)
}

/// The same at another pace.
pub(crate) fn play_at<S: TestStore>(
    pace: Pace,
    store: S,
    scenario: impl FnOnce(&Scene<S>) -> Result<()>,
) -> Result<()> {
    let scene = Scene { pace, ..Scene::set(store)? };
    let played = scenario(&scene);
    let runs = scene.log.runs()?;
    println!(
        "{}, nearest {:?}:\n{runs}",
        thread::current().name().unwrap_or("a scene"),
        runs.narrowest_gap()
    );
    // A scenario that went wrong must not hide what the oracle saw.
    runs.verdict().and(played).map_err(|error| error.context(scene.told()))
}

/// Makes each of these scenarios a test on a folder.
macro_rules! on_a_folder {
    ($($scenario:ident),* $(,)?) => {
        mod on_a_folder {
            $(#[test]
            fn $scenario() -> anyhow::Result<()> {
                $crate::scene::play(flatline_tests::FolderStore::new()?, |scene| super::$scenario(scene))
            })*
        }
    };
}

/// Makes each of these scenarios a test on Azurite.
macro_rules! on_azurite {
    ($($scenario:ident),* $(,)?) => {
        mod on_azurite {
            $(#[test]
            fn $scenario() -> anyhow::Result<()> {
                let store = flatline_tests::BlobStore::new(flatline_tests::Azurite::shared()?)?;
                $crate::scene::play_at($crate::scene::UNHURRIED, store, |scene| super::$scenario(scene))
            })*
        }
    };
}

impl<S: TestStore> Scene<S> {
    /// A scene at the hasty pace that nobody judges.
    pub(crate) fn set(store: S) -> Result<Self> {
        Ok(Self { store, log: MarkLog::new()?, pace: HASTY, story: Story::default() })
    }

    /// A cluster with a beacon and a guard, just started.
    pub(crate) fn cluster(&self, name: &str) -> Result<Cluster> {
        Cluster::start(name, self.writer(name)?, self.guard(name)?)
    }

    /// Clusters a and b, of which a runs.
    pub(crate) fn pair(&self) -> Result<(Cluster, Cluster)> {
        let a = self.cluster("a")?;
        self.runs("a", 1)?;
        Ok((a, self.cluster("b")?))
    }

    /// A cluster's beacon.
    pub(crate) fn writer(&self, cluster: &str) -> Result<Program> {
        let writer = Program::writer()?.arg("run").args(["--this-cluster", cluster]);
        Ok(self.on_stage(writer, &format!("writer {cluster}")))
    }

    /// A cluster's guard around a workload that marks. What is appended are flags of the workload; flags of the
    /// guard are set as variables.
    pub(crate) fn guard(&self, cluster: &str) -> Result<Program> {
        self.guard_of(cluster, &[])
    }

    /// The same around a command that starts the workload.
    pub(crate) fn guard_of(&self, cluster: &str, command: &[&str]) -> Result<Program> {
        let guard = self.on_stage(Program::monitor()?.arg("run"), &format!("guard {cluster}"));
        let guard = guard.args(["--this-cluster", cluster]).env("THAT_CLUSTER", other(cluster));
        let guard = guard.env("PATH", env::var_os("PATH").unwrap_or_default());
        Ok(guard.arg("--").args(command).arg(Binary::MarkingWorkload.path()?).arg(self.log.path()))
    }

    /// A command of an operator, such as `handover --to b --yes`.
    pub(crate) fn operator(&self, words: &[&str]) -> Result<Program> {
        let operator = Program::monitor()?.args(words);
        Ok(self.on_stage(operator, words.first().unwrap_or(&"operator")))
    }

    /// A cluster's gate, with nothing behind it.
    pub(crate) fn gate(&self, cluster: &str) -> Result<Program> {
        let gate = self.on_stage(Program::monitor()?.arg("wait"), &format!("gate {cluster}"));
        Ok(gate.args(["--this-cluster", cluster]).env("THAT_CLUSTER", other(cluster)))
    }

    /// Gives a program the scene's store, pace and ear.
    pub(crate) fn on_stage(&self, program: Program, label: &str) -> Program {
        let program = self.store.joined_by(program).envs(self.pace.variables).label(label);
        // What a small temporary folder is mounted on does not cache, whatever it is called.
        program.env("HEART_MONITOR_CACHE_AGE", "0s").env("LOG_FORMAT", "human").echo(self.story.ear())
    }

    /// Waits until a cluster runs under this term, and returns its first run there.
    pub(crate) fn runs(&self, cluster: &str, term: u64) -> Result<Run> {
        self.log.comes_to_run(cluster, term, SOON.max(4 * self.pace.watch))
    }

    /// Waits until so many processes of a cluster's workload have begun, and checks that there are no more.
    pub(crate) fn has_begun(&self, cluster: &str, times: usize) -> Result<()> {
        let begun = || Some(self.log.runs().ok()?.of(cluster).len());
        let what = format!("{times} runs of cluster {cluster}");
        let found = until(&what, SOON, || begun().filter(|found| *found >= times))?;
        ensure!(found == times, "{found} runs of cluster {cluster}, which was to begin {times} times");
        Ok(())
    }

    /// For this long nobody runs.
    pub(crate) fn nobody_runs_for(&self, span: Duration) -> Result<()> {
        let since = BootClock::now();
        pause(span)?;
        let runs = self.log.runs()?;
        let found = runs.all().into_iter().find(|run| run.last > since);
        ensure!(found.is_none(), "cluster {} ran within {span:?}", found.map_or("", |run| &run.cluster));
        Ok(())
    }

    /// A field of the ownership record as the store has it now; nothing where there is none.
    pub(crate) fn record_says(&self, field: &str) -> Option<String> {
        let record = self.store.record().ok().flatten()?;
        let value = record.get(field)?;
        Some(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
    }

    /// Waits until the record says this.
    pub(crate) fn record_comes_to(&self, field: &str, value: &str) -> Result<()> {
        let what = format!("the record to say {field} {value}");
        until(&what, SOON, || (self.record_says(field)? == value).then_some(()))
    }

    /// A file beside the log of marks, outside the store.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.log.path().with_file_name(name)
    }

    /// Everything that a person needs who has to look at a failure.
    fn told(&self) -> String {
        let runs = self.log.runs().map_or_else(|error| format!("{error:#}"), |runs| runs.to_string());
        let record =
            self.store.record().ok().flatten().map_or("none".to_owned(), |record| record.to_string());
        format!("the scene\n{}runs:\n{runs}\nrecord: {record}\n", self.story)
    }
}

/// Whom a cluster watches where there is no record: the primary, or the other of the pair.
fn other(cluster: &str) -> &'static str {
    if cluster == "a" { "b" } else { "a" }
}

/// The seed of this test, printed: that of `FLATLINE_SEED`, or one that nobody has seen.
pub(crate) fn seed() -> Result<u64> {
    let seed = match env::var("FLATLINE_SEED") {
        Ok(seed) => seed.parse().context("FLATLINE_SEED is a number")?,
        Err(_) => fastrand::u64(..),
    };
    println!("FLATLINE_SEED={seed}");
    Ok(seed)
}

/// Variables by which every transition is appended to a file: event, cluster, term and owner, or `-` where unknown.
pub(crate) fn notes_to(file: &Path) -> [(&'static str, String); 3] {
    let note = "$FLATLINE_EVENT $FLATLINE_CLUSTER ${FLATLINE_TERM:--} ${FLATLINE_OWNER:--}";
    let command = format!("/bin/sh -c 'echo \"{note}\" >> {}'", file.display());
    ["HEART_MONITOR_ON_ACTIVE", "HEART_MONITOR_ON_STANDBY", "HEART_MONITOR_ON_FAULT"]
        .map(|variable| (variable, command.clone()))
}
