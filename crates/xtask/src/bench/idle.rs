//! What waiting costs: memory, processor time and reads of a blocked monitor and of a running writer.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flatline_tests::{Program, Running, TestStore, free_port, get, pause, until};

use super::bed::{BEDS, Bed, PerBed, Role, Subject};
use super::procfs::{self, Memory, TICKS_PER_SECOND};

/// From the last start to the first look, so that starting up is not taken for waiting.
const SETTLE: Duration = Duration::from_secs(15);
/// How long a classic monitor may take to notice that its writer is gone.
const CLASSIC_EXIT: Duration = Duration::from_secs(30);
/// What a monitor counts its reads in: of the watched stamp, of the record, of its own cluster's stamp.
const READS: [&str; 3] =
    ["heart_monitor_looks_total{", "heart_monitor_record_reads_total{", "heart_monitor_own_looks_total{"];
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

/// Lets this many pairs of each bed wait for that long, all at the same time; nothing for a bed that has no such role.
pub(super) fn measure(role: Role, instances: usize, window: Duration) -> Result<PerBed<Option<Idle>>> {
    let groups =
        BEDS.into_iter().map(|bed| bed.has(role).then(|| Group::start(bed, role, instances)).transpose());
    let mut groups = groups.collect::<Result<Vec<_>>>()?;
    pause(SETTLE)?;
    let counts = |group: &Option<Group>| group.as_ref().map(Group::counts).transpose();
    let before = groups.iter().map(counts).collect::<Result<Vec<_>>>()?;
    pause(window)?;
    let measured = groups.iter_mut().zip(before).map(|(group, before)| {
        let both = group.as_mut().zip(before);
        both.map(|(group, before)| group.measure(&before, window)).transpose()
    });
    measured.collect()
}

impl Group {
    fn start(bed: Bed, role: Role, instances: usize) -> Result<Self> {
        let stores = (0..instances.max(1)).map(|_| bed.store.open()).collect::<Result<Vec<_>>>()?;
        let (mut writers, mut monitors) = (Vec::new(), Vec::new());
        for store in &stores {
            writers.push(bed.writer(store.as_ref(), "a")?.start()?);
            until("the first beat", SOON, || store.stamp("a").ok())?;
            monitors.push(waiting(bed, role, store.as_ref(), &[])?.start()?);
        }
        let counted = match bed.subject {
            Subject::Flatline => Some(Counted::start(bed, role, stores[0].as_ref())?),
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

/// A process of the standby that waits for ever, with these flags besides.
fn waiting(bed: Bed, role: Role, store: &dyn TestStore, flags: &[&str]) -> Result<Program> {
    let waiting = bed.standby(role, store)?.args(flags);
    Ok(if role == Role::Guard { waiting.args(["--", "/bin/true"]) } else { waiting })
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
    fn start(bed: Bed, role: Role, store: &dyn TestStore) -> Result<Self> {
        let port = free_port()?;
        let monitor = waiting(bed, role, store, &["--listen", &format!("127.0.0.1:{port}")])?.start()?;
        Ok(Self { _monitor: monitor, port })
    }

    fn looks(&self) -> Result<f64> {
        let metrics = get(self.port, "/metrics")?.body;
        let counts = metrics.lines().filter(|line| READS.iter().any(|name| line.starts_with(name)));
        let counts = counts.map(|line| line.rsplit_once(' ').map_or("", |(_, value)| value).parse::<f64>());
        let reads: f64 = counts.sum::<Result<_, _>>().context("a count is a number")?;
        ensure!(reads > 0.0, "a monitor counts its reads: {metrics}");
        Ok(reads)
    }
}
