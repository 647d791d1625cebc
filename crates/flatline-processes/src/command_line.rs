//! A command as it was given, and whether it can be started at all.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, io};

use flatline_shell::Exit;
use rustix::fs::{Access, access};

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: OsString,
    arguments: Vec<OsString>,
}

/// Why a text is not a command line. The text is not repeated: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommandLine {
    /// There is no word in it.
    #[error("a command line is empty; write a program and its arguments")]
    Empty,
    /// A quote is opened and not closed, or a backslash ends it.
    #[error("a command line has a quote that is not closed, or ends in a backslash; quote as in a shell")]
    Unbalanced,
    /// A NUL byte, which no argument can carry.
    #[error("a command line has a NUL byte; remove it")]
    Nul,
}

/// Why a command cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unstartable {
    /// There is no such program.
    #[error(
        "cannot start '{program}': there is no such program; write its path, mend PATH, or add it (or the \
         interpreter that its first line names) to the image"
    )]
    NotFound {
        /// The program as it was given.
        program: String,
    },
    /// There is such a file, but it is no program.
    #[error("cannot start '{program}': {reason}; make it an executable file")]
    NotExecutable {
        /// The program as it was given.
        program: String,
        /// What the kernel said.
        reason: String,
    },
}

/// Where programs are looked for when PATH is not set, as the C library does.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

impl CommandLine {
    /// A command line of words that a shell has split already.
    pub fn of_words(words: impl IntoIterator<Item = OsString>) -> Result<Self, InvalidCommandLine> {
        let mut words = words.into_iter();
        match words.next() {
            Some(program) if !program.is_empty() => Ok(Self { program, arguments: words.collect() }),
            _ => Err(InvalidCommandLine::Empty),
        }
    }

    /// The same with further arguments.
    #[must_use]
    pub fn followed_by(mut self, arguments: impl IntoIterator<Item = OsString>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// The program as it was given.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = &OsStr> {
        std::iter::once(&*self.program).chain(self.arguments.iter().map(OsString::as_os_str))
    }

    /// Looks the program up as starting it would, so that a slip shows on the day of the deployment and not on
    /// that of the disaster.
    pub fn check(&self) -> Result<(), Unstartable> {
        let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
        self.check_in(&path)
    }

    fn check_in(&self, path: &OsStr) -> Result<(), Unstartable> {
        let mut denied = None;
        for candidate in self.candidates(path) {
            match executable(&candidate) {
                Ok(()) => return Ok(()),
                Err(error) if is_missing(&error) => {}
                Err(error) => denied = Some(error),
            }
        }
        let error = denied.unwrap_or_else(|| io::ErrorKind::NotFound.into());
        Err(Unstartable::of(&self.program, &error))
    }

    /// The files that it may be. A program with a slash in it is a path.
    fn candidates(&self, path: &OsStr) -> Vec<PathBuf> {
        if self.program.as_encoded_bytes().contains(&b'/') {
            return vec![PathBuf::from(&self.program)];
        }
        env::split_paths(path).map(|folder| folder.join(&self.program)).collect()
    }
}

/// Splits a text by a shell's rules for quotes, without its variables, wildcards, pipes and the like; who wants
/// those writes `sh -c '…'`.
impl FromStr for CommandLine {
    type Err = InvalidCommandLine;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('\0') {
            return Err(InvalidCommandLine::Nul);
        }
        let words = shlex::split(text).ok_or(InvalidCommandLine::Unbalanced)?;
        Self::of_words(words.into_iter().map(OsString::from))
    }
}

impl Unstartable {
    /// What a shell exits with where a command is not found.
    const NOT_FOUND: i32 = 127;
    /// What a shell exits with where a command cannot be executed.
    pub(crate) const CANNOT_EXECUTE: i32 = 126;

    pub(crate) fn of(program: &OsStr, error: &io::Error) -> Self {
        let program = program.to_string_lossy().into_owned();
        if is_missing(error) {
            Self::NotFound { program }
        } else {
            Self::NotExecutable { program, reason: error.to_string() }
        }
    }

    /// What a shell exits with.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::NotFound { .. } => Self::NOT_FOUND,
            Self::NotExecutable { .. } => Self::CANNOT_EXECUTE,
        }
    }

    /// The way out of a program that could not start its command, as a shell's would be.
    pub fn exit(&self) -> Exit {
        Exit::Command(u8::try_from(self.code()).unwrap_or(u8::MAX))
    }
}

/// A path that leads through a file is as good as none.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn executable(path: &Path) -> io::Result<()> {
    if path.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(access(path, Access::EXEC_OK)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_text_is_split_by_the_rules_of_a_shell_and_nothing_in_it_is_expanded() {
        let table: [(&str, &[&str]); 6] = [
            ("curl -fsS http://hook", &["curl", "-fsS", "http://hook"]),
            ("  /bin/tell   'it is'  \"on fire\" ", &["/bin/tell", "it is", "on fire"]),
            (r"tell a\ b", &["tell", "a b"]),
            ("tell $HOME *.txt | cat > x", &["tell", "$HOME", "*.txt", "|", "cat", ">", "x"]),
            ("tell ''", &["tell", ""]),
            ("tell # that", &["tell"]),
        ];
        for (text, words) in table {
            let line: CommandLine = text.parse().unwrap();
            assert_eq!(line.words().collect::<Vec<_>>(), words, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_command_is_refused_without_being_repeated() {
        let table = [
            ("", InvalidCommandLine::Empty),
            (" \t\n", InvalidCommandLine::Empty),
            ("''", InvalidCommandLine::Empty),
            ("# nothing", InvalidCommandLine::Empty),
            ("tell 'it is", InvalidCommandLine::Unbalanced),
            ("tell \"", InvalidCommandLine::Unbalanced),
            ("tell \\", InvalidCommandLine::Unbalanced),
            ("tell \0", InvalidCommandLine::Nul),
        ];
        for (text, error) in table {
            assert_eq!(text.parse::<CommandLine>(), Err(error), "{text:?}");
        }
        assert_eq!(CommandLine::of_words([]), Err(InvalidCommandLine::Empty));
    }

    #[test]
    fn a_program_is_looked_up_as_starting_it_would() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (good, plain) = (file("good", 0o755), file("plain", 0o644));
        let inside = format!("{good}/inside");
        let table = [
            (good.as_str(), 0, "a path to a program"),
            ("good", 0, "a program on PATH"),
            (plain.as_str(), 126, "a path to a file that is no program"),
            ("plain", 126, "a file on PATH that is no program"),
            ("absent", 127, "on PATH nowhere"),
            ("/absent/absent", 127, "a path to nothing"),
            (inside.as_str(), 127, "a path through a file"),
            ("/", 126, "a folder"),
        ];
        for (program, code, what) in table {
            let line = CommandLine::of_words([program.into()]).unwrap();
            let path = env::join_paths([Path::new("/absent"), folder.path()]).unwrap();
            let found = line.check_in(&path).map_or_else(|error| error.exit().code(), |()| 0);
            assert_eq!(found, code, "{what}");
        }
    }
}
