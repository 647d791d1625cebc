//! The flags, and what they come to.

use clap::Args;
use flatline_shell::ConfigError;

use crate::{CommandLine, Transition};

/// Whom to tell.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Notifications")]
#[expect(clippy::doc_markdown, reason = "the comments of flags are help pages, which show every backtick")]
pub struct NotifyArgs {
    /// Run this when this cluster becomes the one that may run the workload. Split as by a shell, but not run by
    /// one; told what happened in FLATLINE_EVENT, FLATLINE_CLUSTER, FLATLINE_OWNER, FLATLINE_TERM,
    /// FLATLINE_PREVIOUS and FLATLINE_REASON, where known. It may take 10s, and 2s where this program is about to
    /// exit
    #[arg(long, value_name = "COMMAND", env = "HEART_MONITOR_ON_ACTIVE")]
    pub on_active: Option<CommandLine>,
    /// Likewise when this cluster ceases to be that
    #[arg(long, value_name = "COMMAND", env = "HEART_MONITOR_ON_STANDBY")]
    pub on_standby: Option<CommandLine>,
    /// Likewise when something is wrong that a person has to look at
    #[arg(long, value_name = "COMMAND", env = "HEART_MONITOR_ON_FAULT")]
    pub on_fault: Option<CommandLine>,
}

/// The commands to notify with. Their programs were there when it was made.
#[derive(Debug, Clone, Default)]
pub struct Notifications {
    active: Option<CommandLine>,
    standby: Option<CommandLine>,
    fault: Option<CommandLine>,
}

impl NotifyArgs {
    /// Checks that every program is there. Call it also where nothing will be told, so that a slip shows.
    pub fn check(&self) -> Result<Notifications, ConfigError> {
        let flags = [
            ("--on-active", &self.on_active),
            ("--on-standby", &self.on_standby),
            ("--on-fault", &self.on_fault),
        ];
        for (flag, line) in flags {
            if let Some(Err(error)) = line.as_ref().map(CommandLine::check) {
                return Err(ConfigError::new(format_args!("{flag}: {error}")));
            }
        }
        Ok(Notifications {
            active: self.on_active.clone(),
            standby: self.on_standby.clone(),
            fault: self.on_fault.clone(),
        })
    }
}

impl Notifications {
    /// Whether there is no command at all.
    pub fn is_empty(&self) -> bool {
        Transition::ALL.into_iter().all(|transition| self.of(transition).is_none())
    }

    pub(super) fn of(&self, transition: Transition) -> Option<&CommandLine> {
        match transition {
            Transition::Active => self.active.as_ref(),
            Transition::Standby => self.standby.as_ref(),
            Transition::Fault => self.fault.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        notify: NotifyArgs,
    }

    fn checked(words: &[&str]) -> Result<Notifications, String> {
        let words = std::iter::once("monitor").chain(words.iter().copied());
        let matches = Flags::command().try_get_matches_from(words).map_err(|error| error.to_string())?;
        let flags = Flags::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        flags.notify.check().map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_that_could_never_run_is_refused_at_the_start() {
        let table: [(&[&str], &str); 4] = [
            (&["--on-active", "tell 'it is"], "a quote that is not closed"),
            (&["--on-fault", " "], "a command line is empty"),
            (&["--on-standby", "/absent/tell"], "--on-standby: cannot start '/absent/tell'"),
            (&["--on-active", "/"], "--on-active: cannot start '/': "),
        ];
        for (words, part) in table {
            let error = checked(words).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }

    #[test]
    fn each_event_has_the_command_of_its_flag() {
        let found = checked(&["--on-active", "sh -c a", "--on-fault", "sh -c f"]).unwrap();
        let command = |transition| found.of(transition).map(|line| line.words().last().unwrap().to_owned());
        assert_eq!(command(Transition::Active), Some("a".into()));
        assert_eq!(command(Transition::Standby), None);
        assert_eq!(command(Transition::Fault), Some("f".into()));
        assert!(!found.is_empty());
        assert!(checked(&[]).unwrap().is_empty());
    }
}
