//! A run in phases, each timed; one that fails does not hide what the others would find.

use std::time::{Duration, Instant};

use anyhow::{Error, Result};

/// The phases so far.
#[derive(Default)]
pub(crate) struct Phases {
    done: Vec<Phase>,
    first_error: Option<Error>,
}

struct Phase {
    name: &'static str,
    took: Duration,
    passed: bool,
}

impl Phases {
    /// Runs one phase and notes how it went. Returns whether it passed.
    pub(crate) fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> bool {
        eprintln!("\n=== {name}");
        let started = Instant::now();
        let error = work().err();
        let passed = error.is_none();
        self.done.push(Phase { name, took: started.elapsed(), passed });
        if let Some(error) = error {
            eprintln!("=== {name} failed: {error:#}");
            self.first_error.get_or_insert(error);
        }
        passed
    }

    /// Prints how long each phase took; fails with the first error that one of them met.
    pub(crate) fn finish(self) -> Result<()> {
        eprintln!();
        for Phase { name, took, passed } in &self.done {
            eprintln!(
                "{} {name:<24} {:>7.1} s",
                if *passed { "ok    " } else { "FAILED" },
                took.as_secs_f64()
            );
        }
        let total: Duration = self.done.iter().map(|phase| phase.took).sum();
        eprintln!("       {:<24} {:>7.1} s", "total", total.as_secs_f64());
        self.first_error.map_or(Ok(()), Err)
    }
}
