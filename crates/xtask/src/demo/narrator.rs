//! What a person sees of the demo: a story, and in it the processes' own lines.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use flatline_tests::{Echo, Ticks};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// The beacon of cluster a.
    WriterA,
    /// The beacon of cluster b.
    WriterB,
    /// The guard of cluster a, and the workload behind it.
    GuardA,
    /// The guard of cluster b, and the workload behind it.
    GuardB,
    /// A person at a shell.
    Operator,
    /// What the demo itself reads in the store.
    Store,
}

impl Voice {
    /// The label before each line.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::WriterA => "writer a",
            Self::WriterB => "writer b",
            Self::GuardA => "guard a",
            Self::GuardB => "guard b",
            Self::Operator => "operator",
            Self::Store => "store",
        }
    }

    /// The cluster of a process, and the other one.
    pub(super) fn clusters(self) -> (&'static str, &'static str) {
        match self {
            Self::WriterB | Self::GuardB => ("b", "a"),
            Self::WriterA | Self::GuardA | Self::Operator | Self::Store => ("a", "b"),
        }
    }

    /// The colour of the label, as an ANSI code.
    fn colour(self) -> &'static str {
        match self {
            Self::WriterA | Self::GuardA => "32",
            Self::WriterB | Self::GuardB => "33",
            Self::Operator => "35",
            Self::Store => "36",
        }
    }
}

/// Prints in colour where a terminal shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrator {
    coloured: bool,
}

impl Narrator {
    pub(super) fn new() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: std::io::stdout().is_terminal() && !plain }
    }

    /// One sentence of the story.
    pub(super) fn says(self, sentence: &str) {
        println!("\n{}", self.paint("1", sentence));
    }

    /// One line that a process printed.
    pub(super) fn quotes(self, voice: Voice, text: &str) {
        println!("{} | {text}", self.paint(voice.colour(), &format!("{:>9}", voice.label())));
    }

    /// Hands the lines of a process to [`Narrator::quotes`].
    pub(super) fn echo(self, voice: Voice) -> Echo {
        Arc::new(move |_, text| self.quotes(voice, text))
    }

    /// One beat, as it stands in the store.
    pub(super) fn beat(self, stamp: Ticks) {
        self.quotes(Voice::Store, &format!("a/heartbeat.txt  {stamp}"));
    }

    /// How long the takeover took.
    pub(super) fn takeover(self, age: Duration, since_kill: Duration) {
        self.says("Cluster b has taken over: its workload runs, under the next term.");
        println!(
            "  age of a's last stamp when b's workload started  {:>7.3} s  (the threshold is 10 s)",
            age.as_secs_f64()
        );
        println!("  from kill -9 to that start                       {:>7.3} s", since_kill.as_secs_f64());
    }

    /// How long nobody worked during the failback.
    pub(super) fn handover(self, gap: Duration) {
        self.says("Cluster a works again, and b stands by.");
        println!("  from b's stop to a's start  {:>7.3} s", gap.as_secs_f64());
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
