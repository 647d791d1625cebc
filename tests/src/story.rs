//! What everybody printed in a test, told where it fails.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{BootClock, Echo};

/// Every line of every process or container, with the moment at which it arrived.
#[derive(Debug, Default)]
pub struct Story(Arc<Mutex<Vec<Told>>>);

#[derive(Debug)]
struct Told {
    at: BootClock,
    by: String,
    line: String,
}

impl Story {
    /// Takes down what it is given.
    pub fn ear(&self) -> Echo {
        let told = Arc::clone(&self.0);
        Arc::new(move |by, line| {
            let (by, line) = (by.to_owned(), line.to_owned());
            lock(&told).push(Told { at: BootClock::now(), by, line });
        })
    }
}

/// A line for each, in seconds since the first.
impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = lock(&self.0);
        let Some(first) = told.first().map(|told| told.at) else { return Ok(()) };
        let width = told.iter().map(|told| told.by.len()).max().unwrap_or_default();
        for Told { at, by, line } in told.iter() {
            writeln!(f, "{:>8.3} {by:<width$} | {line}", at.since(first).as_secs_f64())?;
        }
        Ok(())
    }
}

fn lock(told: &Mutex<Vec<Told>>) -> MutexGuard<'_, Vec<Told>> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_tells_every_line_with_who_said_it_one_below_the_other() {
        let story = Story::default();
        assert_eq!(story.to_string(), "");
        let ear = story.ear();
        ear("a", "one");
        ear("writer", "two");
        let told = story.to_string();
        let lines: Vec<_> = told.lines().map(|line| &line[8..]).collect();
        assert_eq!(lines, [" a      | one", " writer | two"]);
    }
}
