//! What came of a check.

use std::fmt;
use std::time::Duration;

use super::journal::Happening;
use super::promise::Promise;

/// What came of a check.
#[derive(Debug)]
pub struct Report {
    pub(crate) name: &'static str,
    pub(crate) states: usize,
    pub(crate) steps: usize,
    pub(crate) depth: usize,
    pub(crate) took: Duration,
    pub(crate) happened: Vec<(Happening, u64)>,
    pub(crate) broken: Vec<(Promise, String)>,
}

impl Report {
    pub(crate) fn of(name: &'static str) -> Self {
        let happened = Happening::ALL.map(|happening| (happening, 0)).to_vec();
        Self { name, states: 0, steps: 0, depth: 0, took: Duration::ZERO, happened, broken: vec![] }
    }

    /// Takes what came of another part of the same check.
    pub(crate) fn add(&mut self, part: Self) {
        self.states += part.states;
        self.steps += part.steps;
        self.depth = self.depth.max(part.depth);
        for ((_, count), (_, more)) in self.happened.iter_mut().zip(part.happened) {
            *count += more;
        }
        self.broken.extend(part.broken);
    }

    /// How many steps brought this about.
    pub fn count(&self, happening: Happening) -> u64 {
        self.happened.iter().find(|(kind, _)| *kind == happening).map_or(0, |(_, count)| *count)
    }

    /// The promises that were broken, each with the run that shows it.
    pub fn broken(&self) -> &[(Promise, String)] {
        &self.broken
    }
}

/// One line of counts, one of what happened, and a story for each promise that was broken.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, steps, depth, took, happened, broken } = self;
        write!(f, "{name}: {states} states, {steps} steps, depth {depth}, {:.1} s", took.as_secs_f64())?;
        let happened = happened.iter().filter(|(_, count)| *count > 0);
        let happened: Vec<_> = happened.map(|(kind, count)| format!("{kind:?} {count}")).collect();
        write!(f, "\n    {}", happened.join(", "))?;
        for (promise, run) in broken {
            write!(f, "\n    not so: {}\n{run}", promise.text())?;
        }
        Ok(())
    }
}
