//! One store, one log of marks, and a network in which every pod has an address.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, BlobStore, BootClock, FolderStore, Kubelet, MarkLog, Network, Run, Story};
use serde_json::{Value, json};

use crate::SOON;
use crate::cluster::Cluster;
use crate::store::PlayedStore;

/// The places for pods in each cluster: of the beacon, of the workload, and of one more.
const REGIONS: [&str; 6] = ["a-beacon", "a-work", "a-more", "b-beacon", "b-work", "b-more"];

/// How much older than the threshold a stamp may be when the other cluster begins: a beat of its own, starts of
/// containers, and a machine that does other things as well.
const LATE: Duration = Duration::from_secs(5);

/// The durations of a scene, as the charts take them: where one is empty, the program's default counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    interval: &'static str,
    flatline_after: &'static str,
    poll: &'static str,
    read_deadline: &'static str,
    /// How long the workload has between SIGTERM and SIGKILL when its cluster loses the work.
    stop_grace: &'static str,
    /// `T`: as old is a stamp when the other cluster starts.
    pub(crate) threshold: Duration,
    /// `T − p`: what a claimant watches.
    pub(crate) watch: Duration,
}

/// A third of the defaults or less.
const HASTY: Pace = Pace {
    interval: "200ms",
    flatline_after: "3s",
    poll: "300ms",
    read_deadline: "200ms",
    stop_grace: "500ms",
    threshold: Duration::from_secs(3),
    watch: Duration::from_millis(2700),
};

/// For an emulator that shares its processors with everything else.
const UNHURRIED: Pace = Pace {
    interval: "500ms",
    flatline_after: "5500ms",
    poll: "500ms",
    read_deadline: "500ms",
    stop_grace: "500ms",
    threshold: Duration::from_millis(5500),
    watch: Duration::from_secs(5),
};

impl Pace {
    /// The same for a container that no chart of ours makes.
    pub(crate) fn variables(&self) -> [Value; 5] {
        [
            ("HEARTBEAT_INTERVAL", self.interval),
            ("HEART_MONITOR_FLATLINE_AFTER", self.flatline_after),
            ("HEART_MONITOR_POLL", self.poll),
            ("HEART_MONITOR_READ_DEADLINE", self.read_deadline),
            ("HEART_MONITOR_STOP_GRACE", self.stop_grace),
        ]
        .map(|(name, value)| json!({ "name": name, "value": value }))
    }
}

/// What people get who set nothing.
const DEFAULTS: Pace = Pace {
    interval: "",
    flatline_after: "",
    poll: "",
    read_deadline: "",
    stop_grace: "",
    threshold: Duration::from_secs(10),
    watch: Duration::from_secs(9),
};

/// Everything that belongs to one test.
#[derive(Debug)]
pub(crate) struct Stage<S> {
    pub(crate) store: S,
    pub(crate) log: MarkLog,
    pub(crate) pace: Pace,
    pub(crate) network: Network,
    /// What every container printed.
    pub(crate) story: Story,
}

/// Whether this machine can play pods; says why not where it cannot.
pub(crate) fn can_be_played() -> bool {
    match Kubelet::unavailable() {
        None => true,
        Some(why) => {
            println!("skipped: {why}");
            false
        }
    }
}

/// Plays a scene on a folder, which every pod mounts through a claim.
pub(crate) fn on_a_folder(scenario: impl FnOnce(&Stage<FolderStore>) -> Result<()>) -> Result<()> {
    on_a_folder_at(HASTY, scenario)
}

/// The same with the default durations.
pub(crate) fn on_a_folder_by_default(scenario: impl FnOnce(&Stage<FolderStore>) -> Result<()>) -> Result<()> {
    on_a_folder_at(DEFAULTS, scenario)
}

fn on_a_folder_at(pace: Pace, scenario: impl FnOnce(&Stage<FolderStore>) -> Result<()>) -> Result<()> {
    if !can_be_played() {
        return Ok(());
    }
    play(&Stage::set(FolderStore::new()?, pace, Network::with_regions(&REGIONS)?)?, scenario)
}

/// Plays a scene on Azurite, which every pod reaches by its address.
pub(crate) fn on_azurite(scenario: impl FnOnce(&Stage<BlobStore>) -> Result<()> + Send) -> Result<()> {
    if !can_be_played() {
        return Ok(());
    }
    let network = Network::with_regions(&REGIONS)?;
    let azurite = network.inside(|| Azurite::start_on(Network::STORE))?;
    let store = network.inside(|| BlobStore::new(Arc::new(azurite)))?;
    let stage = Stage::set(store, UNHURRIED, network)?;
    stage.network.inside(|| play(&stage, scenario))
}

/// Makes each of these scenarios a test on a folder, and one on Azurite.
macro_rules! on_both_stores {
    ($($scenario:ident),* $(,)?) => {
        mod on_a_folder {
            $(#[test]
            fn $scenario() -> anyhow::Result<()> {
                $crate::stage::on_a_folder(|stage| super::$scenario(stage))
            })*
        }
        mod on_azurite {
            $(#[test]
            fn $scenario() -> anyhow::Result<()> {
                $crate::stage::on_azurite(|stage| super::$scenario(stage))
            })*
        }
    };
}

/// Plays the scenario, then asks the oracle. Where either fails, the whole story is told.
fn play<S: PlayedStore>(stage: &Stage<S>, scenario: impl FnOnce(&Stage<S>) -> Result<()>) -> Result<()> {
    let played = scenario(stage);
    let runs = stage.log.runs()?;
    println!("{}:\n{runs}", thread::current().name().unwrap_or("a scene"));
    // A scenario that went wrong must not hide what the oracle saw.
    runs.verdict().and(played).map_err(|error| error.context(format!("the scene\n{}", stage.story)))
}

impl<S: PlayedStore> Stage<S> {
    fn set(store: S, pace: Pace, network: Network) -> Result<Self> {
        let log = MarkLog::new()?;
        crate::store::open_to_everybody(&log.path())?;
        Ok(Self { store, log, pace, network, story: Story::default() })
    }

    /// A cluster without pods.
    pub(crate) fn cluster(&self, name: &'static str) -> Result<Cluster<'_, S>> {
        Cluster::new(self, name)
    }

    /// Cuts every pod of a cluster off from the store. Their node still reaches them.
    pub(crate) fn cut(&self, cluster: &str) -> Result<()> {
        places_of(cluster).try_for_each(|place| self.network.cut(place))
    }

    /// The end of a cut.
    pub(crate) fn heal(&self, cluster: &str) -> Result<()> {
        places_of(cluster).try_for_each(|place| self.network.heal(place))
    }

    /// The values that every release of a cluster shares, below `flatline`.
    pub(crate) fn flatline(&self, this: &str, that: &str) -> Value {
        let Pace { interval, flatline_after, poll, read_deadline, stop_grace, .. } = self.pace;
        json!({
            "cluster": { "this": this, "that": that },
            "store": self.store.values(),
            "image": { "registry": "registry.example" },
            "timing": {
                "interval": interval, "flatlineAfter": flatline_after, "poll": poll, "readDeadline": read_deadline,
                // What a small temporary folder is mounted on does not cache, whatever it is called.
                "cacheAge": "0s",
            },
            "guard": { "stopGrace": stop_grace },
            "log": { "format": "human" },
        })
    }

    /// Waits until a cluster runs under this term, and returns its first run there.
    pub(crate) fn runs(&self, cluster: &str, term: u64) -> Result<Run> {
        self.log.comes_to_run(cluster, term, SOON.max(4 * self.pace.watch))
    }

    /// How old the last stamp of a cluster was at this moment. Its beacon must be silent by now.
    pub(crate) fn stamp_age(&self, cluster: &str, at: BootClock) -> Result<Duration> {
        let (now, since) = (SystemTime::now(), BootClock::now().since(at));
        self.store.stamp(cluster)?.age_at(now - since)
    }

    /// That a cluster began when the other's stamp had turned as old as the threshold, and no sooner.
    pub(crate) fn began_by_the_stamp(&self, run: &Run, dead: &str) -> Result<Duration> {
        let age = self.stamp_age(dead, run.begin)?;
        println!("cluster {} began when the stamp of {dead} was {age:?} old", run.cluster);
        let threshold = self.pace.threshold;
        ensure!(age >= threshold && age < threshold + LATE, "it began at a stamp of {age:?}");
        Ok(age)
    }
}

fn places_of(cluster: &str) -> impl Iterator<Item = &'static str> {
    let prefix = format!("{cluster}-");
    REGIONS.into_iter().filter(move |place| place.starts_with(&prefix))
}
