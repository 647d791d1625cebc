//! Who plays in the demo: the shipped binaries, as a chart and an operator would start them.

use anyhow::{Result, ensure};
use flatline_tests::{Program, Running, TestStore};

use super::narrator::{Narrator, Voice};

/// What the workload says first.
pub(super) const WORKING: &str = "working, under term";

/// A workload that says when it starts and when it is asked to stop. (The shell itself would report its killed `sleep`.)
const WORKLOAD: &str = "exec 2>/dev/null; echo \"working, under term $FLATLINE_TERM\"; \
    trap 'echo \"asked to stop\"; exit 0' TERM; while :; do sleep 0.05; done";

pub(super) struct Cast<'c> {
    pub(super) narrator: Narrator,
    pub(super) store: &'c dyn TestStore,
}

impl Cast<'_> {
    /// The beacon of a cluster.
    pub(super) fn writer(&self, voice: Voice) -> Result<Running> {
        let (this, _) = voice.clusters();
        self.start(voice, Program::writer()?.args(["run", "--this-cluster", this]))
    }

    /// A guard, with the workload behind it.
    pub(super) fn guard(&self, voice: Voice) -> Result<Running> {
        let (this, that) = voice.clusters();
        let guard = Program::monitor()?.args(["run", "--this-cluster", this, "--that-cluster", that]);
        let guard = self.store.joined_by(guard).env("PATH", "/usr/bin:/bin");
        let guard = guard.args(["--log-format", "human", "--", "sh", "-c", WORKLOAD]);
        guard.label(voice.label()).echo(self.narrator.echo(voice)).start()
    }

    /// A command of an operator, run to its end.
    pub(super) fn operator(&self, words: &[&str]) -> Result<()> {
        let voice = Voice::Operator;
        self.narrator.quotes(voice, &format!("$ heart-monitor {}", words.join(" ")));
        let program = Program::monitor()?.args(words).args(["--primary", "a"]);
        let exit = self.start(voice, program)?.exit_within(super::NEXT_SCENE)?;
        ensure!(exit.code == 0, "{} ended with {exit}", words.join(" "));
        Ok(())
    }

    fn start(&self, voice: Voice, program: Program) -> Result<Running> {
        let program = self.store.joined_by(program).args(["--log-format", "human"]);
        program.label(voice.label()).echo(self.narrator.echo(voice)).start()
    }
}
