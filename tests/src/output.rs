//! What a process prints, line by line, with the moment at which each line arrived.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Data.
    Stdout,
    /// Logs and errors.
    Stderr,
}

/// One line of a process, without its line break.
#[derive(Debug, Clone)]
pub struct Line {
    /// Where it was printed.
    pub stream: Stream,
    /// When it arrived here.
    pub at: Instant,
    /// Its text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Collects the lines of a process while it runs.
#[derive(Debug, Default)]
pub(crate) struct Output {
    lines: Arc<Mutex<Vec<Line>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Output {
    /// Starts to collect a stream. `shown` gets each line as it arrives.
    pub(crate) fn collect(
        &mut self,
        stream: Stream,
        source: impl Read + Send + 'static,
        shown: impl Fn(&str) + Send + 'static,
    ) {
        let lines = Arc::clone(&self.lines);
        self.readers.push(std::thread::spawn(move || {
            for text in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&text).trim_end_matches('\r').to_owned();
                shown(&text);
                lock(&lines).push(Line { stream, at: Instant::now(), text });
            }
        }));
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        lock(&self.lines).clone()
    }

    /// Waits for the end of both streams, which comes when the process ends.
    pub(crate) fn finish(&mut self) {
        for reader in self.readers.drain(..) {
            // A reader that panicked has printed its reason; what it collected is still there.
            let _ = reader.join();
        }
    }
}

fn lock(lines: &Mutex<Vec<Line>>) -> MutexGuard<'_, Vec<Line>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
