//! Waiting for workloads to run, for a test that watches them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{BootClock, MarkLog, Run};
use crate::{pause, until};

/// How long a workload that runs may take to mark again, on a busy machine.
const NEXT_MARK: Duration = Duration::from_secs(2);

impl MarkLog {
    /// Waits until a cluster runs under this term, and returns its first run there.
    pub fn comes_to_run(&self, cluster: &str, term: u64, within: Duration) -> Result<Run> {
        until(&format!("cluster {cluster} to run under term {term}"), within, || {
            let runs = self.runs().ok()?;
            runs.of(cluster).into_iter().find(|run| run.term == term).cloned()
        })
    }

    /// For this long the cluster runs on, without a new start anywhere.
    pub fn runs_on(&self, cluster: &str, span: Duration) -> Result<()> {
        let before = self.runs()?.all().len();
        pause(span)?;
        ensure!(self.runs()?.all().len() == before, "somebody started within {span:?}");
        let now = BootClock::now();
        until(&format!("cluster {cluster}, which stopped within {span:?}, to mark"), NEXT_MARK, || {
            self.runs().ok()?.of(cluster).last().filter(|run| run.last > now).map(drop)
        })
    }

    /// The last run of a cluster to begin.
    pub fn last_of(&self, cluster: &str) -> Result<Run> {
        self.runs()?.of(cluster).pop().cloned().with_context(|| format!("cluster {cluster} never ran"))
    }
}
