//! What is told, and in which variables.

use std::process::Command;

use failover_policy::ClusterId;
use flatline_shell::reorders;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// This cluster may run the workload from now on.
    Active,
    /// This cluster may no longer run it.
    Standby,
    /// Something is wrong that a person has to look at.
    Fault,
}

/// One event of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened: `FLATLINE_EVENT`.
    pub transition: Transition,
    /// Where it happened: `FLATLINE_CLUSTER`.
    pub cluster: ClusterId,
    /// Who owns the work now, where that is known: `FLATLINE_OWNER`.
    pub owner: Option<ClusterId>,
    /// The owner's term, where there is one: `FLATLINE_TERM`.
    pub term: Option<u64>,
    /// Who owned the work before, where that is known: `FLATLINE_PREVIOUS`.
    pub previous: Option<ClusterId>,
    /// Why, in words for a person: `FLATLINE_REASON`.
    pub reason: String,
}

impl Transition {
    pub(super) const ALL: [Self; 3] = [Self::Active, Self::Standby, Self::Fault];

    /// The word for it, as `FLATLINE_EVENT` has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Standby => "standby",
            Self::Fault => "fault",
        }
    }
}

impl Event {
    /// Puts the event in a command's environment. What is not known is not set, not even where this process has
    /// such a variable itself.
    pub(super) fn describe(&self, command: &mut Command) {
        let text = |cluster: &Option<ClusterId>| cluster.as_ref().map(ToString::to_string);
        let variables = [
            ("FLATLINE_EVENT", Some(self.transition.word().to_owned())),
            ("FLATLINE_CLUSTER", Some(self.cluster.to_string())),
            ("FLATLINE_OWNER", text(&self.owner)),
            ("FLATLINE_TERM", self.term.map(|term| term.to_string())),
            ("FLATLINE_PREVIOUS", text(&self.previous)),
            ("FLATLINE_REASON", Some(one_line(&self.reason))),
        ];
        for (name, value) in variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// The text without what a variable or a line of mail cannot carry.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || reorders(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn what_is_known_is_set_and_what_is_not_is_removed() {
        let event = Event {
            transition: Transition::Standby,
            cluster: "b".parse().unwrap(),
            owner: Some("a".parse().unwrap()),
            term: Some(7),
            previous: None,
            reason: "cluster a owns\nit\0\u{202e}".to_owned(),
        };
        let mut command = Command::new("tell");
        event.describe(&mut command);
        let variables: BTreeMap<_, _> = command.get_envs().collect();
        let expected = [
            ("FLATLINE_CLUSTER", Some("b")),
            ("FLATLINE_EVENT", Some("standby")),
            ("FLATLINE_OWNER", Some("a")),
            ("FLATLINE_PREVIOUS", None),
            ("FLATLINE_REASON", Some("cluster a owns it  ")),
            ("FLATLINE_TERM", Some("7")),
        ];
        let expected = expected.map(|(name, value)| (OsStr::new(name), value.map(OsStr::new)));
        assert_eq!(variables, BTreeMap::from(expected));
    }
}
