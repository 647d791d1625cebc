//! How a line of the log looks, apart from its fields.

use std::fmt;
use std::io::{self, Write};

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::{Clock, SystemClock};

/// Stamps lines with the wall clock in UTC, RFC 3339 with milliseconds.
pub(crate) struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", SystemClock.now().wall)
    }
}

/// Masks secrets in every line before it reaches `inner`. The subscriber hands over whole lines, so no secret
/// is ever split between two writes.
pub(crate) struct Redacting<W>(pub(crate) W);

impl<W: Write> Write for Redacting<W> {
    /// Always takes the whole line. A log that cannot be written is lost: the beat matters more.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let _ = self.0.write_all(crate::redact(&text).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
