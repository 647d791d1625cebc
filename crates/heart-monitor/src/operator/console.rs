//! What an operator's command says, asks, and shows while it waits.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use failover_policy::BootTime;
use flatline_shell::ConfigError;
use heartbeat_store::redact;
use terminal_size::terminal_size_of;

use crate::paint;

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    Given,
    Refused,
    /// Nobody is at a terminal.
    NobodyToAsk,
}

/// Who listens: a terminal or a script; in tests, a notebook.
pub(crate) trait Console {
    /// Says what is data: plans and results, on stdout. A reader that went away changes nothing.
    fn tell(&mut self, text: &str) -> Result<(), ConfigError>;

    /// Says why something was not done.
    fn complain(&mut self, text: &str);

    /// Shows what is being waited for.
    fn show(&mut self, now: BootTime, waiting: &str);

    /// Asks for a go-ahead.
    async fn ask(&mut self, question: &str) -> Consent;
}

/// Time from one line to the next where progress cannot be redrawn: often enough to see a life sign.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The process's own streams. Progress goes to stderr: one line that is redrawn on a terminal, a line now and then
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Columns of the terminal; `None` where lines are written once and for all.
    columns: Option<usize>,
    drawn: bool,
    /// When the last line was written, and what of it would be news if it changed.
    last_line: Option<(BootTime, String)>,
}

impl Streams {
    pub(crate) fn new() -> Self {
        let stderr = std::io::stderr();
        let dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let width = || terminal_size_of(&stderr).map_or(80, |(width, _)| usize::from(width.0));
        Self { columns: (stderr.is_terminal() && !dumb).then(width), drawn: false, last_line: None }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            write_error("\r\x1b[2K");
        }
    }

    /// What of this is to be written now.
    fn progress(&mut self, now: BootTime, waiting: &str) -> Option<String> {
        if let Some(columns) = self.columns {
            self.drawn = true;
            return Some(format!("\r\x1b[2K{}", paint::cut(waiting, columns)));
        }
        // The seconds that are left are no news.
        let kind: String = waiting.chars().filter(|c| !c.is_ascii_digit()).collect();
        let is_news = self.last_line.as_ref().is_none_or(|(_, last)| *last != kind);
        if !is_news && self.last_line.as_ref().is_some_and(|(last, _)| now.since(*last) < LINE_EVERY) {
            return None;
        }
        self.last_line = Some((now, kind));
        Some(format!("{waiting}\n"))
    }
}

impl Console for Streams {
    fn tell(&mut self, text: &str) -> Result<(), ConfigError> {
        self.clear();
        paint::print(text).map(drop)
    }

    fn complain(&mut self, text: &str) {
        self.clear();
        paint::print_error(&redact(text));
    }

    fn show(&mut self, now: BootTime, waiting: &str) {
        if let Some(text) = self.progress(now, waiting) {
            write_error(&redact(&text));
        }
    }

    async fn ask(&mut self, question: &str) -> Consent {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Consent::NobodyToAsk;
        }
        write_error(&format!("{question} [y/N] "));
        // Reading blocks its thread; a signal ends the process all the same.
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        });
        match read.await {
            Ok(Ok(line)) if is_yes(&line) => Consent::Given,
            _ => Consent::Refused,
        }
    }
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn write_error(text: &str) {
    let mut stderr = anstream::stderr();
    // Nobody is left to tell when stderr itself is closed.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

#[cfg(test)]
pub(crate) mod notebook {
    use super::*;

    /// Writes everything down, and answers as it was told.
    #[derive(Debug)]
    pub(crate) struct Notebook {
        pub(crate) answer: Consent,
        /// How long the answer takes.
        pub(crate) thinks: Duration,
        pub(crate) told: String,
        pub(crate) complaints: Vec<String>,
        pub(crate) waits: Vec<String>,
        pub(crate) questions: Vec<String>,
    }

    impl Notebook {
        pub(crate) fn answering(answer: Consent) -> Self {
            let (told, complaints, waits, questions) = (String::new(), Vec::new(), Vec::new(), Vec::new());
            Self { answer, thinks: Duration::ZERO, told, complaints, waits, questions }
        }

        /// What was said, without colours.
        pub(crate) fn plain(&self) -> String {
            anstream::adapter::strip_str(&self.told).to_string()
        }
    }

    impl Console for Notebook {
        fn tell(&mut self, text: &str) -> Result<(), ConfigError> {
            self.told += text;
            Ok(())
        }

        fn complain(&mut self, text: &str) {
            self.complaints.push(text.to_owned());
        }

        fn show(&mut self, _now: BootTime, waiting: &str) {
            if self.waits.last().is_none_or(|last| last != waiting) {
                self.waits.push(waiting.to_owned());
            }
        }

        async fn ask(&mut self, question: &str) -> Consent {
            self.questions.push(question.to_owned());
            tokio::time::sleep(self.thinks).await;
            self.answer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in ["y\n", "Y", " yes \n", "YES"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yep", "y y", "ja"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }

    #[test]
    fn progress_is_redrawn_on_a_terminal_and_elsewhere_a_line_every_five_seconds_and_at_news() {
        let at = |seconds| BootTime::from_boot(Duration::from_secs(seconds));
        let mut terminal = Streams { columns: Some(80), drawn: false, last_line: None };
        assert_eq!(terminal.progress(at(0), "3 s left").as_deref(), Some("\r\x1b[2K3 s left"));
        assert_eq!(terminal.progress(at(0), "2 s left").as_deref(), Some("\r\x1b[2K2 s left"));
        assert!(terminal.drawn, "what is said next must not stand behind it");
        let mut file = Streams { columns: None, ..terminal };
        let mut line = |second, text: &str| file.progress(at(second), text);
        let lines: Vec<_> =
            (0..=10).filter_map(|second| line(second, &format!("{} left", 10 - second))).collect();
        assert_eq!(lines, ["10 left\n", "5 left\n", "0 left\n"]);
        assert_eq!(line(11, "the store is away").as_deref(), Some("the store is away\n"), "news at once");
    }
}
