//! What to run: a binary with its flags and variables, and nothing inherited.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{Binary, Exit, Running};

/// How long a program may take that is only supposed to say something and end.
const SHORT_RUN: Duration = Duration::from_secs(20);

/// Gets each line of a process as it arrives: its label, then the text.
pub type Echo = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// A command line in the making. The environment starts empty, so that nobody's own variables reach a test.
pub struct Program {
    pub(crate) label: String,
    pub(crate) command: Command,
    pub(crate) echo: Option<Echo>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("label", &self.label)
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// `heartbeat-writer`, without flags.
    pub fn writer() -> Result<Self> {
        Self::new(Binary::HeartbeatWriter)
    }

    /// `heart-monitor`, without flags.
    pub fn monitor() -> Result<Self> {
        Self::new(Binary::HeartMonitor)
    }

    /// The stand-in for one of the classic pair; `role` is `writer` or `monitor`.
    pub fn classic(role: &str) -> Result<Self> {
        Ok(Self::new(Binary::ClassicStandIn)?.arg(role))
    }

    /// Any other program, by its file.
    pub fn at(file: impl AsRef<Path>) -> Self {
        let file = file.as_ref();
        let label = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(file);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { label, command, echo: None }
    }

    fn new(binary: Binary) -> Result<Self> {
        Ok(Self::at(binary.path()?).label(binary.name()))
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets variables.
    #[must_use]
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        self.command.envs(variables);
        self
    }

    /// Has another program start this one, such as `unshare` or `nsenter`: its words come first. Say so last.
    pub fn under(self, wrapper: &[&str]) -> Result<Self> {
        let (program, words) = wrapper.split_first().context("a wrapper is a program")?;
        let mut command = Command::new(find(program).with_context(|| format!("{program} is not installed"))?);
        command.args(words).arg(self.command.get_program()).args(self.command.get_args());
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Ok(Self { command, ..self })
    }

    /// What messages call the process: the binary's name unless told otherwise.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Hands each line to somebody as it arrives.
    #[must_use]
    pub fn echo(mut self, echo: Echo) -> Self {
        self.echo = Some(echo);
        self
    }

    /// Starts the process.
    pub fn start(self) -> Result<Running> {
        let label = self.label.clone();
        Running::start(self).with_context(|| format!("cannot start {label}"))
    }

    /// Runs a process that is supposed to end by itself.
    pub fn run(self) -> Result<Exit> {
        self.start()?.exit_within(SHORT_RUN)
    }
}

/// The file of a program on `PATH`, or where Debian keeps what only root runs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
