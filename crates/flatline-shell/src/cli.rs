//! From arguments to flags, and every usage error on one line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error, Parser};

use crate::exit::{self, Exit};

/// Why a program ends before it has flags to run with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Help or a version was asked for: this is it, for stdout.
    Information(String),
    /// The arguments make no sense: why, and what to do, in one line. It may hold a secret that was given by
    /// mistake until [`exit::refuse`] has redacted it.
    Usage(String),
}

/// Parses the arguments of this process, or ends it: after help or a version with 0, after a usage error with
/// one line on stderr and 2.
///
/// `default_command` is the subcommand that runs where none is named. Values of environment variables are
/// hidden from every help page, since one can hold a signature.
pub fn parse_or_exit<P: Parser>(default_command: &str) -> P {
    parse::<P>(std::env::args_os(), default_command).unwrap_or_else(|stop| match stop {
        Stop::Information(text) => {
            // A reader that went away (`--help | head -1`) is no error.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
            exit::leave(Exit::Done)
        }
        Stop::Usage(reason) => exit::leave(exit::refuse(P::command().get_name(), reason)),
    })
}

/// What [`parse_or_exit`] does, as a value. The first argument is the program's own name.
pub fn parse<P: Parser>(
    arguments: impl IntoIterator<Item = OsString>,
    default_command: &str,
) -> Result<P, Stop> {
    let arguments = with_default_command(arguments.into_iter().collect(), default_command);
    let command = hide_environment(P::command());
    let matches = command.clone().try_get_matches_from(&arguments);
    matches
        .and_then(|mut matches| P::from_arg_matches_mut(&mut matches))
        .map_err(|error| stop(&error, command, &arguments))
}

/// Inserts the default command where the first argument is missing or is a flag. A word that is not a command
/// stays where it is, so that a slip (`chekc`) is reported as one.
fn with_default_command(mut arguments: Vec<OsString>, default_command: &str) -> Vec<OsString> {
    const ABOUT_THE_PROGRAM: [&str; 4] = ["-h", "--help", "-V", "--version"];
    let is_flag = |text: &str| text.starts_with('-') && !ABOUT_THE_PROGRAM.contains(&text);
    if arguments.get(1).is_none_or(|first| is_flag(&first.to_string_lossy())) {
        arguments.insert(arguments.len().min(1), default_command.into());
    }
    arguments
}

fn hide_environment(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(hide_environment)
}

fn stop(error: &Error, mut command: Command, arguments: &[OsString]) -> Stop {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Information(styled(error)),
        _ => {
            command.build();
            let (chosen, path) = chosen_command(&command, arguments);
            let source = variable_behind(error, chosen, arguments)
                .map_or(String::new(), |name| format!(" (from the variable {name})"));
            Stop::Usage(format!("{}{source}; try '{path} --help'", one_line(error)))
        }
    }
}

/// Help with colours where stdout is a terminal that wants them.
fn styled(error: &Error) -> String {
    use std::io::IsTerminal;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let text = error.render();
    if std::io::stdout().is_terminal() && !plain { text.ansi().to_string() } else { text.to_string() }
}

/// The paragraphs of clap's message that say what is wrong and how to mend it, without usage and pointers.
fn one_line(error: &Error) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraphs = text.split("\n\n").filter(|paragraph| {
        !paragraph.starts_with("Usage:") && !paragraph.starts_with("For more information")
    });
    let lines = paragraphs.map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("; ")
}

/// The command whose flags were being read, and how to call it.
fn chosen_command<'c>(command: &'c Command, arguments: &[OsString]) -> (&'c Command, String) {
    let name = command.get_name();
    match arguments.get(1).and_then(|first| command.find_subcommand(first)) {
        Some(chosen) => (chosen, format!("{name} {}", chosen.get_name())),
        None => (command, name.to_owned()),
    }
}

/// The environment variable that a bad value came from; `None` where it was given as a flag.
fn variable_behind(error: &Error, command: &Command, arguments: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(usage)) = error.get(ContextKind::InvalidArg) else { return None };
    let arg = command.get_arguments().find(|arg| &arg.to_string() == usage)?;
    let variable = arg.get_env()?.to_string_lossy().into_owned();
    let from_environment = std::env::var_os(&variable).is_some() && !is_given(arg, arguments);
    from_environment.then_some(variable)
}

fn is_given(arg: &Arg, arguments: &[OsString]) -> bool {
    let Some(long) = arg.get_long().map(|long| format!("--{long}")) else { return false };
    arguments.iter().filter_map(|argument| argument.to_str()).any(|argument| {
        argument.strip_prefix(&long).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}
