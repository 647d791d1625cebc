//! What goes to stdout, and its colours, where that is a terminal that wants them (`anstream` strips them
//! elsewhere).

use std::io::{ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use failover_policy::Verdict;
use flatline_shell::ConfigError;
use heartbeat_store::redact;
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

/// Prints text to stdout, without colours where nobody sees them. Data that cannot be written, as to a full
/// disk, is an error: a script must not take an empty file for an answer.
pub(crate) fn print(text: &str) -> Result<Audience, ConfigError> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(redact(text).as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Audience::Listening),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Audience::Gone),
        Err(error) => {
            Err(ConfigError::new(format_args!("cannot write to stdout: {error}; give it room or a reader")))
        }
    }
}

/// Whether somebody still reads stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Listening,
    /// The reader went away, as `head` does when it has enough: no error, and nothing more to say.
    Gone,
}

/// Prints one JSON document to stdout.
pub(crate) fn print_json(document: &impl Serialize) -> Result<Audience, ConfigError> {
    let text = serde_json::to_string_pretty(document);
    // Only a map with keys that are no text can fail, and no document has one.
    let text = text.map_err(|error| ConfigError::new(format_args!("cannot write JSON: {error}")))?;
    print(&format!("{text}\n"))
}

/// Tells a person on stderr why there is no data.
pub(crate) fn print_error(text: &str) {
    // Nobody is left to tell when stderr itself is closed.
    let _ = writeln!(anstream::stderr(), "heart-monitor: error: {}", redact(text));
}

/// The text without what a line of this width has no room for.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_the_width_with_a_mark_where_something_is_missing() {
        let table = [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("äöüß", 3, "äö…"), ("abc", 0, "…"), ("", 0, "")];
        for (text, columns, expected) in table {
            assert_eq!(cut(text, columns), expected);
        }
    }
}
