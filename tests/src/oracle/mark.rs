//! One line of the log: somebody ran at this moment.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};
use rustix::time::{ClockId, clock_gettime};

/// A moment on this machine's boot-time clock, which all its processes share and nobody sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootClock(Duration);

/// Which process marks: its number, as it sees it, and when it began. Numbers repeat in namespaces of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life {
    /// The process's number.
    pub pid: u32,
    /// When it began.
    pub since: BootClock,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From here on it runs.
    Begin,
    /// It still runs.
    Alive,
    /// It is about to end by itself.
    End,
}

/// A process of a workload ran at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When, read just before the mark was written.
    pub at: BootClock,
    /// What it says.
    pub kind: Kind,
    /// The cluster that the process runs for.
    pub cluster: String,
    /// The term that it was given.
    pub term: u64,
    /// Which process.
    pub life: Life,
}

impl BootClock {
    /// Reads the clock.
    pub fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
        Self(seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0)))
    }

    /// So long after the machine was booted.
    pub fn at(since_boot: Duration) -> Self {
        Self(since_boot)
    }

    /// The time from an earlier moment to this one; none where it is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Nanoseconds since the machine was booted.
impl fmt::Display for BootClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_nanos())
    }
}

impl FromStr for BootClock {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(Self(Duration::from_nanos(text.parse()?)))
    }
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Alive => "alive",
            Self::End => "end",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        let kinds = [Self::Begin, Self::Alive, Self::End];
        kinds.into_iter().find(|kind| kind.word() == word).with_context(|| format!("'{word}' is no mark"))
    }
}

/// The line, without its end: `AT KIND CLUSTER TERM PID SINCE`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, kind, cluster, term, life: Life { pid, since } } = self;
        write!(f, "{at} {} {cluster} {term} {pid} {since}", kind.word())
    }
}

impl FromStr for Mark {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let words: Vec<_> = text.split(' ').collect();
        let [at, kind, cluster, term, pid, since] = words[..] else { bail!("six words were expected") };
        let life = Life { pid: pid.parse()?, since: since.parse()? };
        let (at, kind) = (at.parse()?, kind.parse()?);
        Ok(Self { at, kind, cluster: cluster.to_owned(), term: term.parse()?, life })
    }
}
