//! Processes that a test did not start itself: what a guard runs, and what that left behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process, by a handle that can never mean another one.
#[derive(Debug)]
pub struct Relative {
    pid: u32,
    /// When it began, in the kernel's ticks: tells it from a later process of the same number.
    began: u64,
    handle: OwnedFd,
}

impl Relative {
    /// Every living descendant of a process, parents before their children.
    pub fn descendants_of(pid: u32) -> Result<Vec<Self>> {
        let table = process_table()?;
        let mut found = Vec::new();
        let mut parents = vec![pid];
        while let Some(parent) = parents.pop() {
            for (child, entry) in table.iter().filter(|(_, entry)| entry.parent == parent) {
                parents.push(*child);
                // It may have ended since.
                found.extend(Self::open(*child, entry.began));
            }
        }
        Ok(found)
    }

    /// The numbers of processes below this one that have ended, and whose status nobody has collected.
    pub fn zombies_under(pid: u32) -> Result<Vec<u32>> {
        let mut above: Vec<u32> = Self::descendants_of(pid)?.iter().map(Self::pid).collect();
        above.push(pid);
        let table = processes()?;
        let zombies = table.filter(|pid| {
            state_of(*pid).is_some_and(|(state, entry)| state == "Z" && above.contains(&entry.parent))
        });
        Ok(zombies.collect())
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs, or stands still.
    pub fn lives(&self) -> bool {
        entry(self.pid).is_some_and(|entry| entry.began == self.began)
    }

    /// Sends a signal to this process; nothing happens where it has ended.
    pub fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.handle, signal);
    }

    fn open(pid: u32, began: u64) -> Option<Self> {
        let handle = pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()?;
        let found = Self { pid, began, handle };
        found.lives().then_some(found)
    }
}

/// What the kernel says of a living process.
#[derive(Debug, Clone, Copy)]
struct Entry {
    parent: u32,
    began: u64,
}

fn process_table() -> Result<BTreeMap<u32, Entry>> {
    Ok(processes()?.filter_map(|pid| Some((pid, entry(pid)?))).collect())
}

fn processes() -> Result<impl Iterator<Item = u32>> {
    let entries = fs::read_dir("/proc").context("cannot list processes")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

fn entry(pid: u32) -> Option<Entry> {
    state_of(pid).filter(|(state, _)| state != "Z" && state != "X").map(|(_, entry)| entry)
}

/// State, parent and start of a process: fields 3, 4 and 22 of `/proc/PID/stat` (proc(5)). The second, its name in
/// brackets, may hold anything.
fn state_of(pid: u32) -> Option<(String, Entry)> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let entry = Entry { parent: fields.get(1)?.parse().ok()?, began: fields.get(19)?.parse().ok()? };
    Some(((*fields.first()?).to_owned(), entry))
}
