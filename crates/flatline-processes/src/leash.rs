//! How a child comes to die with its parent, without unsafe code: this program starts itself, takes the leash,
//! and becomes the command.
//!
//! Between `fork` and `exec` only unsafe code could run. So what is started is this very program with a word
//! that nobody types in front of the command; it asks the kernel for a signal at its parent's death, which
//! survives `exec`, and then replaces itself.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

use flatline_shell::activation::ActivationKey;
use flatline_shell::exit;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use crate::{CommandLine, Unstartable};

/// The first argument of this program where it is to become a command. The parent's number and the command
/// follow.
const WORD: &str = "__leash";

/// This program, also where its file was replaced since.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Becomes the command that a parent asked for, if one did. To be called first thing in `main`: on the one thread
/// there is.
///
/// Returns where this is an ordinary start. Otherwise it never returns: where the command cannot be started it
/// says why on stderr, in one line, and exits as a shell would, 127 for a command that is not found and 126 for
/// one that cannot be executed.
pub fn take_if_asked(name: &str) {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(WORD)) {
        return;
    }
    let parent = arguments.next().and_then(|number| number.to_str()?.parse().ok()).and_then(Pid::from_raw);
    let code = match (parent, arguments.next()) {
        (Some(parent), Some(program)) => take(name, parent, &program, arguments),
        _ => exit::refuse(name, "this is no command for people; try --help").code(),
    };
    std::process::exit(code)
}

/// A command on a leash. The parent is this process, and what counts as its death is that of the thread that
/// starts the command: start it on the thread that lives as long as the process.
///
/// Signals are as a program expects them: what is handled here is back to the default after `exec`, and the
/// standard library does the same with SIGPIPE, which it ignores here.
pub(crate) fn command(line: &CommandLine) -> Command {
    let mut command = Command::new(OWN_PROGRAM);
    // The key that opens a takeover is this process's own, and a child's environment is easily printed.
    command.env_remove(ActivationKey::VARIABLE);
    command.arg0(line.program()).arg(WORD).arg(getpid().as_raw_nonzero().to_string()).args(line.words());
    command
}

fn take(name: &str, parent: Pid, program: &OsStr, arguments: impl Iterator<Item = OsString>) -> i32 {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        let reason = format_args!("cannot ask for a signal at the guard's death: {error}");
        exit::refuse(name, reason);
        return Unstartable::CANNOT_EXECUTE;
    }
    // It may have died before the kernel was asked.
    if getppid() != Some(parent) {
        return 128 + Signal::KILL.as_raw();
    }
    let error = Command::new(program).args(arguments).exec();
    let unstartable = Unstartable::of(program, &error);
    exit::refuse(name, &unstartable);
    unstartable.code()
}
