//! From arguments to flags, and every usage error on one line.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
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
    parse_words_or_exit(std::env::args_os(), default_command)
}

/// The same with other words than those of this process. The first is the program's own name.
pub fn parse_words_or_exit<P: Parser>(
    arguments: impl IntoIterator<Item = OsString>,
    default_command: &str,
) -> P {
    parse::<P>(arguments, default_command).unwrap_or_else(|stop| match stop {
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
    let command = with_environment_rules(P::command());
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

/// Hides the values of variables from help, and takes one that is set to nothing as not set.
fn with_environment_rules(command: Command) -> Command {
    let empty = |variable: &OsStr| std::env::var_os(variable).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if arg.get_env().is_some_and(empty) { arg.env(Resettable::Reset) } else { arg })
        .mut_args(|arg| arg.hide_env_values(true))
        .mut_subcommands(with_environment_rules)
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
    let lines =
        paragraphs.map(|paragraph| paragraph.split_whitespace().map(masked).collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("; ")
}

/// A word, unless it is as long as a key or a signature: clap repeats a bad value, and a secret in the wrong
/// variable is one. No legal value of a flag that clap checks has as many characters.
fn masked(word: &str) -> &str {
    const SHORTEST_SECRET: usize = 40;
    let secret = |c: char| c.is_ascii_alphanumeric() || "+/=%".contains(c);
    let longest = word.split(|c| !secret(c)).map(str::len).max().unwrap_or(0);
    if longest >= SHORTEST_SECRET { "'REDACTED'" } else { word }
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

#[cfg(test)]
mod tests {
    use clap::{Args, CommandFactory, Subcommand};
    use failover_policy::Span;

    use super::*;
    use crate::LogArgs;

    /// Keeps a heart going.
    #[derive(Debug, PartialEq, Parser)]
    #[command(name = "pacer", version = "1.2.3")]
    struct Flags {
        #[command(subcommand)]
        command: Chosen,
    }

    #[derive(Debug, PartialEq, Subcommand)]
    enum Chosen {
        /// Beats for ever.
        Run {
            #[arg(long, env = "PACER_INTERVAL")]
            interval: Option<Span>,
            #[arg(long, value_parser = ["human", "json"])]
            format: Option<String>,
        },
        /// Beats once.
        Once,
    }

    fn parse_words(words: &[&str]) -> Result<Chosen, Stop> {
        let arguments = std::iter::once("pacer").chain(words.iter().copied()).map(OsString::from);
        parse::<Flags>(arguments, "run").map(|flags| flags.command)
    }

    #[test]
    fn the_default_command_runs_where_none_is_named() {
        let run =
            |interval: Option<u64>| Chosen::Run { interval: interval.map(Span::from_secs), format: None };
        let table: [(&[&str], Chosen); 5] = [
            (&[], run(None)),
            (&["--interval", "3s"], run(Some(3))),
            (&["--interval=3s"], run(Some(3))),
            (&["run", "--interval", "3s"], run(Some(3))),
            (&["once"], Chosen::Once),
        ];
        for (words, expected) in table {
            assert_eq!(parse_words(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn every_usage_error_is_one_line_that_says_what_where_and_what_to_do() {
        let table: [(&[&str], &str); 8] = [
            (
                &["--interval", "30"],
                "invalid value '30' for '--interval <INTERVAL>': '30' is not a duration (time unit needed, for \
                 example 30sec or 30ms); write a whole number with its unit, such as 1500ms, 10s or 5m; \
                 try 'pacer run --help'",
            ),
            (
                &["--interval"],
                "a value is required for '--interval <INTERVAL>' but none was supplied; try 'pacer run --help'",
            ),
            (
                &["--intervall", "3s"],
                "unexpected argument '--intervall' found; tip: a similar argument exists: '--interval'; \
                 try 'pacer run --help'",
            ),
            (
                &["--interval", "1s", "--interval", "2s"],
                "the argument '--interval <INTERVAL>' cannot be used multiple times; try 'pacer run --help'",
            ),
            (
                &["--format", "xml"],
                "invalid value 'xml' for '--format <FORMAT>' [possible values: human, json]; \
                 try 'pacer run --help'",
            ),
            (
                &["onse"],
                "unrecognized subcommand 'onse'; tip: a similar subcommand exists: 'once'; try 'pacer --help'",
            ),
            (&["once", "twice"], "unexpected argument 'twice' found; try 'pacer once --help'"),
            (
                &["--interval", "3s\nforged line"],
                "invalid value '3s forged line' for '--interval <INTERVAL>': '3s forged line' is not a \
                 duration (expected number at 3); write a whole number with its \
                 unit, such as 1500ms, 10s or 5m; try 'pacer run --help'",
            ),
        ];
        for (words, expected) in table {
            assert_eq!(parse_words(words), Err(Stop::Usage(expected.to_owned())), "{words:?}");
        }
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for words in [&["--help"][..], &["-h"], &["help"], &["run", "--help"], &["--version"], &["-V"]] {
            assert!(matches!(parse_words(words), Err(Stop::Information(_))), "{words:?}");
        }
    }

    #[test]
    fn the_value_of_a_variable_never_shows_in_help() {
        let command = with_environment_rules(LogArgs::augment_args(Command::new("pacer")));
        assert!(
            command.get_arguments().filter(|arg| arg.get_env().is_some()).all(Arg::is_hide_env_values_set)
        );
        let nested = with_environment_rules(Flags::command());
        let run = nested.find_subcommand("run").unwrap();
        assert!(run.get_arguments().all(Arg::is_hide_env_values_set));
    }
}
