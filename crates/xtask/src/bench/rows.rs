//! From figures to rows, each beside its target.

use std::time::Duration;

use anyhow::Result;
use flatline_tests::Binary;

use super::bed::{BEDS, Bed, Ownership, Role, Subject};
use super::idle::{Idle, Usage};
use super::samples::Samples;
use super::table::{Cell, Row};
use crate::dist;
use crate::stores::StoreKind;

/// The most that detection may take, at the 99th percentile; the target allows one read besides.
const DETECTION: Duration = Duration::from_millis(100);
/// Processor seconds in an hour.
const PROCESSOR: f64 = 1.0;
/// The most memory that a process may hold.
const MEMORY: &str = "8 MiB folder, 10 MiB Blob";

pub(super) fn detection(late: &[Samples]) -> Row {
    let judge = |_: Bed, late: &Samples| Cell::judged(late.millis(), late.p99() <= DETECTION);
    let what = "stamp 10 s old → monitor exits (median / p99 / max)";
    Row::new(what, "p99 100 ms plus one read", cells(late, judge))
}

pub(super) fn gate(took: &[Samples]) -> Row {
    let judge = |bed, took: &Samples| {
        let limit = Duration::from_millis(on_folder_or_blob(bed, 5, 20));
        Cell::judged(took.millis(), took.p99() <= limit)
    };
    Row::new("owner's gate, start → exit (median / p99 / max)", "5 ms folder, 20 ms Blob", cells(took, judge))
}

/// What a takeover takes beyond the detection: three round trips to the store, which the target allows besides.
pub(super) fn takeover(late: &[Option<Samples>]) -> Row {
    let judge = |_: Bed, late: &Samples| Cell::judged(late.millis(), late.p99() <= DETECTION);
    let what = "stamp 10 s old → guarded workload of the standby starts (median / p99 / max)";
    Row::new(what, "p99 100 ms plus one read and three round trips", cells_where_there_are(late, judge))
}

/// The writer's rows stand beside the first role: it is the same for all.
pub(super) fn idle(role: Role, idles: &[Option<Idle>]) -> Vec<Row> {
    let of =
        |usage: fn(&Idle) -> Usage| -> Vec<_> { idles.iter().map(|idle| idle.as_ref().map(usage)).collect() };
    let (monitors, writers) = (of(|idle| idle.monitor), of(|idle| idle.writer));
    let (name, reads) = (role.name(), role.reads_per_poll());
    // One for each poll of a second; the last one of a window may fall on either side of its end.
    let most_reads = f64::from(61 * reads);
    let judge_reads = |_: Bed, idle: &Idle| {
        Cell::judged(format!("{:.1}", idle.reads_per_minute), idle.reads_per_minute <= most_reads)
    };
    let mut rows = vec![
        Row::new(
            &format!("blocked {name}: memory (resident / peak)"),
            MEMORY,
            cells_where_there_are(&monitors, memory),
        ),
        Row::new(
            &format!("blocked {name}: processor time per hour"),
            "1 s",
            cells_where_there_are(&monitors, processor),
        ),
        Row::new(
            &format!("blocked {name}: reads per minute"),
            &format!("{}, {reads} per poll", 60 * reads),
            cells_where_there_are(idles, judge_reads),
        ),
    ];
    if role == Role::Gate(Ownership::Off) {
        rows.push(Row::new(
            "running writer: memory (resident / peak)",
            MEMORY,
            cells_where_there_are(&writers, memory),
        ));
        rows.push(Row::new(
            "running writer: processor time per hour",
            "1 s",
            cells_where_there_are(&writers, processor),
        ));
    }
    rows
}

fn memory(bed: Bed, usage: &Usage) -> Cell {
    let [resident, peak] = [usage.memory.resident, usage.memory.peak].map(|kib| f64::from(kib) / 1024.0);
    Cell::judged(format!("{resident:.1} / {peak:.1} MiB"), resident <= on_folder_or_blob(bed, 8.0, 10.0))
}

fn processor(_: Bed, usage: &Usage) -> Cell {
    let seconds = usage.processor_seconds_per_hour;
    Cell::judged(format!("{seconds:.2} s"), seconds <= PROCESSOR)
}

pub(super) fn sizes() -> Result<Vec<Row>> {
    [Binary::HeartMonitor, Binary::HeartbeatWriter].into_iter().map(size).collect()
}

fn size(binary: Binary) -> Result<Row> {
    let cells = BEDS.map(|bed| match bed.subject {
        Subject::Flatline => {
            bytes(binary).map(|bytes| Cell::judged(mebibytes(bytes), bytes <= dist::MAX_BYTES))
        }
        Subject::ClassicStandIn => bytes(Binary::ClassicStandIn).map(|bytes| Cell::plain(mebibytes(bytes))),
    });
    let cells = cells.into_iter().collect::<Result<_>>()?;
    Ok(Row::new(&format!("{}, static and stripped", binary.name()), "8 MiB", cells))
}

fn bytes(binary: Binary) -> Result<u64> {
    Ok(std::fs::metadata(binary.path()?)?.len())
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.2} MiB", dist::mebibytes(bytes))
}

/// A cell for each bed. Targets are those of Flatline: the stand-in's figures are there to compare.
fn cells<T>(values: &[T], judge: impl Fn(Bed, &T) -> Cell) -> Vec<Cell> {
    let judged = BEDS.into_iter().zip(values).map(|(bed, value)| match bed.subject {
        Subject::Flatline => judge(bed, value),
        Subject::ClassicStandIn => judge(bed, value).unjudged(),
    });
    judged.collect()
}

/// The same for what some beds do not have.
fn cells_where_there_are<T>(values: &[Option<T>], judge: impl Fn(Bed, &T) -> Cell) -> Vec<Cell> {
    let judge_if_there = |bed, value: &Option<T>| match value {
        Some(value) => judge(bed, value),
        None => Cell::plain("–".to_owned()),
    };
    cells(values, judge_if_there)
}

fn on_folder_or_blob<T>(bed: Bed, folder: T, blob: T) -> T {
    match bed.store {
        StoreKind::Folder => folder,
        StoreKind::Azurite => blob,
    }
}
