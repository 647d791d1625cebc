//! The oracle: from the marks that workloads left in a log outside the store it tells which cluster ran when, and
//! whether two of them ever ran at once. It asks nothing of the code under test.

mod mark;
mod runs;
mod waits;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tempfile::TempDir;

pub use mark::{BootClock, Kind, Life, Mark};
pub use runs::{Run, Runs, Violation};

/// The log that the workloads of one test append to. It goes when it is dropped.
#[derive(Debug)]
pub struct MarkLog {
    folder: TempDir,
    read: Mutex<ReadSoFar>,
}

/// Only what is new is read, so that a test may ask often.
#[derive(Debug, Default)]
struct ReadSoFar {
    bytes: u64,
    runs: Runs,
}

impl MarkLog {
    /// An empty log.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("flatline-marks-").tempdir()?;
        let log = Self { folder, read: Mutex::default() };
        File::create(log.path()).context("cannot create the log of marks")?;
        Ok(log)
    }

    /// The file, as `marking-workload` takes it.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("marks")
    }

    /// Every run so far.
    pub fn runs(&self) -> Result<Runs> {
        let mut read = self.read_so_far();
        let mut file = File::open(self.path())?;
        file.seek(SeekFrom::Start(read.bytes))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // A line that is being written has no end yet.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines() {
            let mark = line.parse().with_context(|| format!("'{line}' is no mark"))?;
            read.runs.take(&mark);
        }
        read.bytes += u64::try_from(whole)?;
        Ok(read.runs.clone())
    }

    /// The log as it is, for a failure that has to be looked at.
    pub fn text(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path())?)
    }

    fn read_so_far(&self) -> MutexGuard<'_, ReadSoFar> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
