//! What waiting costs: memory, processor time and reads of a blocked monitor and of a running writer.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flatline_tests::{Running, TestStore, free_port, get, pause, until};

use super::bed::{BEDS, Bed, PerBed, Subject};
use super::procfs::{self, Memory, TICKS_PER_SECOND};

/// From the last start to the first look, so that starting up is not taken for waiting.
const SETTLE: Duration = Duration::from_secs(15);
/// How long a classic monitor may take to notice that its writer is gone.
const CLASSIC_EXIT: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_secs(10);

/// What one bed's processes take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Idle {
    pub(super) monitor: Usage,
    pub(super) writer: Usage,
    pub(super) reads_per_minute: f64,
}

/// What one process takes: the largest memory that any of them had, the mean of their processor time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    pub(super) memory: Memory,
    pub(super) processor_seconds_per_hour: f64,
}

/// Processes of one bed. Each writer has a store of its own, and a monitor that watches it.
struct Group {
    bed: Bed,
    stores: Vec<Box<dyn TestStore>>,
    writers: Vec<Running>,
    monitors: Vec<Running>,
    /// The stand-in counts by itself.
    counted: Option<Counted>,
}

/// One more monitor, whose endpoint says how often it has read the stamp.
struct Counted {
    _monitor: Running,
    port: u16,
}

/// Counts at one moment.
struct Counts {
    writers: u32,
    monitors: u32,
    reads: Option<f64>,
}

/// Lets this many pairs of each bed wait for that long, all at the same time.
pub(super) fn measure(instances: usize, window: Duration) -> Result<PerBed<Idle>> {
    let mut groups = BEDS.into_iter().map(|bed| Group::start(bed, instances)).collect::<Result<Vec<_>>>()?;
    pause(SETTLE)?;
    let before = groups.iter().map(Group::counts).collect::<Result<Vec<_>>>()?;
    pause(window)?;
    let measured = groups.iter_mut().zip(before).map(|(group, before)| group.measure(&before, window));
    measured.collect()
}

impl Group {
    fn start(bed: Bed, instances: usize) -> Result<Self> {
        let stores = (0..instances.max(1)).map(|_| bed.store.open()).collect::<Result<Vec<_>>>()?;
        let (mut writers, mut monitors) = (Vec::new(), Vec::new());
        for store in &stores {
            writers.push(bed.writer(store.as_ref())?.start()?);
            until("the first beat", SOON, || store.stamp("a").ok())?;
            monitors.push(bed.standby(store.as_ref())?.start()?);
        }
        let counted = match bed.subject {
            Subject::Flatline => Some(Counted::start(bed, stores[0].as_ref())?),
            Subject::ClassicStandIn => None,
        };
        Ok(Self { bed, stores, writers, monitors, counted })
    }

    fn counts(&self) -> Result<Counts> {
        Ok(Counts {
            writers: ticks(&self.writers)?,
            monitors: ticks(&self.monitors)?,
            reads: self.counted.as_ref().map(Counted::looks).transpose()?,
        })
    }

    fn measure(&mut self, before: &Counts, window: Duration) -> Result<Idle> {
        let after = self.counts()?;
        for process in self.writers.iter_mut().chain(&mut self.monitors) {
            let (who, place) = (self.bed.title(), self.stores[0].place());
            ensure!(process.is_running()?, "a process of {who} ended while it was watched, at {place}");
        }
        let (writer, monitor) = (
            usage(&self.writers, after.writers - before.writers, window)?,
            usage(&self.monitors, after.monitors - before.monitors, window)?,
        );
        let reads_per_minute = match before.reads.zip(after.reads) {
            Some((before, after)) => (after - before) * 60.0 / window.as_secs_f64(),
            None => self.reads_at_exit()?,
        };
        Ok(Idle { monitor, writer, reads_per_minute })
    }

    /// Ends the writers, so that the stand-ins exit and say how often they have read.
    fn reads_at_exit(&mut self) -> Result<f64> {
        for writer in &self.writers {
            writer.kill()?;
        }
        let monitor = self.monitors.first_mut().context("no monitor")?;
        let exit = monitor.exit_within(CLASSIC_EXIT)?;
        let text = exit.all_text();
        let line =
            text.lines().rev().find(|line| line.contains(" reads in ")).context("no count of reads")?;
        let words: Vec<_> = line.split(' ').collect();
        let [reads, _, _, seconds, ..] = words.as_slice() else { bail!("no count in '{line}'") };
        // The first read comes at once, the others after a sleep each.
        Ok((reads.parse::<f64>()? - 1.0) * 60.0 / seconds.parse::<f64>()?)
    }
}

fn ticks(processes: &[Running]) -> Result<u32> {
    processes.iter().map(|process| procfs::processor_ticks(process.pid())).sum()
}

fn usage(processes: &[Running], ticks: u32, window: Duration) -> Result<Usage> {
    let mut memory = Memory::default();
    for process in processes {
        let found = procfs::memory(process.pid())?;
        memory = Memory { resident: memory.resident.max(found.resident), peak: memory.peak.max(found.peak) };
    }
    let count = u32::try_from(processes.len()).context("too many processes")?;
    let seconds = f64::from(ticks) / TICKS_PER_SECOND / f64::from(count.max(1));
    Ok(Usage { memory, processor_seconds_per_hour: seconds * 3600.0 / window.as_secs_f64() })
}

impl Counted {
    fn start(bed: Bed, store: &dyn TestStore) -> Result<Self> {
        let port = free_port()?;
        let monitor = bed.standby(store)?.args(["--listen", &format!("127.0.0.1:{port}")]).start()?;
        Ok(Self { _monitor: monitor, port })
    }

    fn looks(&self) -> Result<f64> {
        let metrics = get(self.port, "/metrics")?.body;
        let line = metrics.lines().find(|line| line.starts_with("heart_monitor_looks_total{"));
        let (_, value) = line.and_then(|line| line.rsplit_once(' ')).context("a monitor counts its looks")?;
        value.parse().context("a count is a number")
    }
}
