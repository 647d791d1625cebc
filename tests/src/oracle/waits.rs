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

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::{Kind, Life, Mark};

    const SHORT: Duration = Duration::from_millis(100);

    fn mark(log: &MarkLog, kind: Kind, cluster: &str, term: u64, pid: u32) {
        let life = Life { pid, since: BootClock::at(Duration::from_secs(1)) };
        let mark = Mark { at: BootClock::now(), kind, cluster: cluster.to_owned(), term, life };
        let mut file = OpenOptions::new().append(true).open(log.path()).unwrap();
        writeln!(file, "{mark}").unwrap();
    }

    #[test]
    fn a_cluster_comes_to_run_under_its_term_and_under_no_other() {
        let log = MarkLog::new().unwrap();
        assert!(log.last_of("a").is_err());
        mark(&log, Kind::Begin, "a", 1, 7);
        mark(&log, Kind::Begin, "a", 1, 8);
        assert_eq!(log.comes_to_run("a", 1, SHORT).unwrap().life.pid, 7);
        assert_eq!(log.last_of("a").unwrap().life.pid, 8);
        for (cluster, term) in [("a", 2), ("b", 1)] {
            let error = log.comes_to_run(cluster, term, SHORT).unwrap_err().to_string();
            assert!(error.contains(&format!("cluster {cluster} to run under term {term}")), "{error}");
        }
    }

    #[test]
    fn a_cluster_that_stops_does_not_run_on() {
        let log = MarkLog::new().unwrap();
        mark(&log, Kind::Begin, "a", 1, 7);
        let error = log.runs_on("a", SHORT).unwrap_err().to_string();
        assert!(error.contains("cluster a, which stopped within"), "{error}");
    }

    #[test]
    fn a_cluster_runs_on_while_it_marks_and_nobody_starts() {
        let log = MarkLog::new().unwrap();
        mark(&log, Kind::Begin, "a", 1, 7);
        let beside = |marks: &(dyn Fn(u32) + Sync)| {
            let over = AtomicBool::new(false);
            thread::scope(|threads| {
                threads.spawn(|| {
                    for nth in (0..).take_while(|_| !over.load(Ordering::Relaxed)) {
                        marks(nth);
                        thread::sleep(SHORT / 10);
                    }
                });
                let runs_on = log.runs_on("a", SHORT);
                over.store(true, Ordering::Relaxed);
                runs_on
            })
        };
        beside(&|_| mark(&log, Kind::Alive, "a", 1, 7)).unwrap();
        let error = beside(&|nth| mark(&log, Kind::Begin, "b", 2, nth)).unwrap_err().to_string();
        assert!(error.contains("somebody started"), "{error}");
    }
}
