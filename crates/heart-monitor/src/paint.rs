//! What goes to stdout, and its colours, where that is a terminal that wants them (`anstream` strips them
//! elsewhere).

use std::io::Write;

use anstyle::{AnsiColor, Style};
use failover_policy::Verdict;
use serde::Serialize;

/// Good news.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Needs an eye.
pub(crate) const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
/// Bad news.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();

/// The colour of a verdict.
pub(crate) const fn of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Beating => GOOD,
        Verdict::Flatlined(_) => BAD,
        Verdict::Unknown(_) => DOUBTFUL,
    }
}

/// Prints text to stdout, without colours where nobody sees them. A reader that went away is no error.
pub(crate) fn print(text: &str) {
    let mut stdout = anstream::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints one JSON document to stdout.
pub(crate) fn print_json(document: &impl Serialize) {
    match serde_json::to_string_pretty(document) {
        Ok(text) => print(&format!("{text}\n")),
        // Only a map with keys that are no text can fail, and no document has one.
        Err(error) => tracing::error!(%error, "cannot write JSON"),
    }
}

/// Tells a person on stderr why there is no data.
pub(crate) fn print_error(text: &str) {
    // Nobody is left to tell when stderr itself is closed.
    let _ = writeln!(anstream::stderr(), "heart-monitor: {text}");
}
