//! Who ran when, and what may never be.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{BootClock, Kind, Life, Mark};

/// One process of a workload, from its first mark to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The cluster that it ran for.
    pub cluster: String,
    /// The term that it was given.
    pub term: u64,
    /// Which process it was.
    pub life: Life,
    /// Its first mark.
    pub begin: BootClock,
    /// Its last mark: it ran until then for certain, and was killed soon after unless it ended by itself.
    pub last: BootClock,
    /// Whether it ended by itself.
    pub ended: bool,
}

/// Every run, in the order in which they began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs(BTreeMap<Life, Run>);

/// Something that may never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Two clusters ran at once, for at least this long.
    Overlap(Run, Run, Duration),
    /// A run began with a lower term than one that had begun before: the fencing token ran back.
    TermRanBack(Run, Run),
    /// Two clusters ran under one term: the fencing token does not tell them apart.
    SharedTerm(Run, Run),
}

impl Runs {
    /// Takes the next mark of the log.
    pub fn take(&mut self, mark: &Mark) {
        let Mark { at, kind, cluster, term, life } = mark;
        let run = self.0.entry(*life).or_insert_with(|| Run {
            cluster: cluster.clone(),
            term: *term,
            life: *life,
            begin: *at,
            last: *at,
            ended: false,
        });
        run.last = run.last.max(*at);
        run.ended |= *kind == Kind::End;
    }

    /// Every run, in the order in which they began.
    pub fn all(&self) -> Vec<&Run> {
        let mut runs: Vec<_> = self.0.values().collect();
        runs.sort_by_key(|run| run.begin);
        runs
    }

    /// The runs of a cluster, in the order in which they began.
    pub fn of(&self, cluster: &str) -> Vec<&Run> {
        self.all().into_iter().filter(|run| run.cluster == cluster).collect()
    }

    /// Everything that may never be and yet was.
    pub fn violations(&self) -> Vec<Violation> {
        let runs = self.all();
        let pairs =
            runs.iter().enumerate().flat_map(|(at, later)| runs[..at].iter().map(move |run| (run, later)));
        pairs.filter_map(|(earlier, later)| Violation::between(earlier, later)).collect()
    }

    /// The shortest time from the last mark of one cluster to the first of another: how near they came. `None` where
    /// the work never moved.
    pub fn narrowest_gap(&self) -> Option<Duration> {
        let runs = self.all();
        let gaps = runs.iter().filter_map(|later| {
            let before = runs.iter().filter(|run| run.begin < later.begin && run.cluster != later.cluster);
            before.map(|earlier| later.begin.since(earlier.last)).min()
        });
        gaps.min()
    }

    /// Fails where anything was that may never be, with what it was and all the runs.
    pub fn verdict(&self) -> Result<()> {
        let violations = self.violations();
        if violations.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
        bail!("{}\n{self}", lines.join("\n"))
    }
}

impl Violation {
    /// What is wrong with two runs, of which the second did not begin before the first.
    fn between(earlier: &Run, later: &Run) -> Option<Self> {
        let runs = || (earlier.clone(), later.clone());
        let other_cluster = earlier.cluster != later.cluster;
        if other_cluster && later.begin <= earlier.last {
            let overlap = earlier.last.min(later.last).since(later.begin);
            let (earlier, later) = runs();
            return Some(Self::Overlap(earlier, later, overlap));
        }
        if later.term < earlier.term {
            let (earlier, later) = runs();
            return Some(Self::TermRanBack(earlier, later));
        }
        let shared = other_cluster && later.term == earlier.term;
        shared.then(runs).map(|(earlier, later)| Self::SharedTerm(earlier, later))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |run: &Run| format!("{} (term {}, process {})", run.cluster, run.term, run.life.pid);
        match self {
            Self::Overlap(earlier, later, span) => {
                write!(f, "{} and {} ran at once, for {span:?} or more", name(earlier), name(later))
            }
            Self::TermRanBack(earlier, later) => {
                write!(f, "{} began after {}: the term ran back", name(later), name(earlier))
            }
            Self::SharedTerm(earlier, later) => {
                write!(f, "{} and {} ran under one term", name(earlier), name(later))
            }
        }
    }
}

/// A line for each run, in seconds since the first began.
impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.all();
        let Some(first) = runs.first() else { return f.write_str("nothing ran") };
        for (line, run) in runs.iter().enumerate() {
            let [begin, last] = [run.begin, run.last].map(|moment| moment.since(first.begin).as_secs_f64());
            let how = if run.ended { "ended" } else { "last seen" };
            let lead = if line == 0 { "" } else { "\n" };
            let Run { cluster, term, life: Life { pid, .. }, .. } = run;
            write!(
                f,
                "{lead}  {cluster} term {term:<3} process {pid:<8} {begin:>9.3} s .. {last:>9.3} s {how}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(millis: u64) -> BootClock {
        BootClock::at(Duration::from_millis(millis))
    }

    /// Cluster, term, pid, and the milliseconds of its marks; the process began with the first.
    type Row<'r> = (&'r str, u64, u32, &'r [u64]);

    fn ran(rows: &[Row]) -> Runs {
        let mut runs = Runs::default();
        for (cluster, term, pid, moments) in rows {
            let life = Life { pid: *pid, since: moment(moments[0]) };
            for (nth, at) in moments.iter().enumerate() {
                let kind = if nth == 0 { Kind::Begin } else { Kind::Alive };
                let cluster = (*cluster).to_owned();
                let mark = Mark { at: moment(*at), kind, cluster, term: *term, life };
                // Every mark goes through the log's form and back.
                runs.take(&mark.to_string().parse().unwrap());
            }
        }
        runs
    }

    #[test]
    fn a_clean_way_there_and_back_has_no_violation() {
        let runs = ran(&[
            ("a", 1, 7, &[0, 20, 40]),
            ("a", 1, 8, &[5, 25, 45]),
            ("b", 2, 7, &[46, 66]),
            ("a", 3, 9, &[67]),
        ]);
        assert_eq!(runs.violations(), []);
        assert!(runs.verdict().is_ok());
        assert_eq!(runs.narrowest_gap(), Some(Duration::from_millis(1)));
        assert_eq!(ran(&[("a", 1, 7, &[0]), ("a", 1, 8, &[5])]).narrowest_gap(), None);
    }

    #[test]
    fn what_may_never_be_is_found_and_said() {
        let table: [(&[Row], &str, &str); 6] = [
            (&[("a", 1, 7, &[0, 20, 40]), ("b", 2, 8, &[40])], "ran at once, for 0ns", "in one instant"),
            (&[("a", 1, 7, &[0, 20, 60]), ("b", 2, 8, &[50, 70])], "ran at once, for 10ms", "at the seam"),
            (
                &[("a", 1, 7, &[0, 900]), ("b", 2, 8, &[400, 420])],
                "ran at once, for 20ms",
                "one within the gap of another, as a frozen process leaves it",
            ),
            (
                &[("a", 1, 7, &[0, 20]), ("a", 1, 9, &[1, 500]), ("b", 2, 8, &[100])],
                "a (term 1, process 9)",
                "a stray",
            ),
            (&[("a", 3, 7, &[0, 20]), ("b", 2, 8, &[40])], "the term ran back", "a lower term"),
            (&[("a", 1, 7, &[0, 20]), ("b", 1, 8, &[40])], "ran under one term", "the same term"),
        ];
        for (rows, part, why) in table {
            let error = ran(rows).verdict().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(" s .. "), "{why}: {error}");
        }
    }

    #[test]
    fn a_process_of_the_same_number_in_another_namespace_is_another_run() {
        let runs = ran(&[("a", 1, 1, &[0, 20]), ("b", 2, 1, &[40, 60])]);
        assert_eq!(runs.all().len(), 2);
        assert!(runs.verdict().is_ok());
    }

    #[test]
    fn a_run_that_ended_by_itself_is_told_from_one_that_was_cut_short() {
        let mut runs = ran(&[("a", 1, 7, &[0, 20])]);
        assert!(runs.to_string().contains("last seen"), "{runs}");
        let life = Life { pid: 7, since: moment(0) };
        runs.take(&Mark { at: moment(30), kind: Kind::End, cluster: "a".to_owned(), term: 1, life });
        let shown = runs.to_string();
        assert!(shown.contains("0.030 s ended") && shown.contains("a term 1 "), "{shown}");
    }
}
