//! Every command of ours that a text tells somebody to type, in one place. Whoever is paged copies what stands between
//! the quotes: so a text takes its command from here, and a test types each of them.
//!
//! `X` and `N` are left to the reader: a cluster that only people can choose, a term that no record shows.

use std::fmt;

use failover_policy::ClusterId;

/// A command to type. It is displayed between quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice<'a> {
    /// See who owns the work.
    Status,
    /// See what is wrong.
    Doctor,
    /// The same, where only reading is wanted.
    DoctorReadOnly,
    /// End maintenance, or replace a record of it that makes no sense.
    MaintenanceOff,
    /// Hand the work over, begin with it or go on; naming the owner calls it off.
    Handover(Whom<'a>),
    /// The same by the other name of the command.
    Failback(Whom<'a>),
    /// Make a cluster the owner.
    Activate(Whom<'a>),
    /// The same where no record shows a term.
    ActivateUnder(Whom<'a>, Term),
    /// The same for a cluster that never beat in this store.
    ActivateNeverSeen(&'a ClusterId),
    /// Open a gate without any store. A guard has no such thing: without a store it never starts anything.
    OpenWithoutStore(&'a ClusterId),
}

/// A cluster that is named, or that the reader has to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom<'a> {
    Cluster(&'a ClusterId),
    Chosen,
}

impl<'a> From<&'a ClusterId> for Whom<'a> {
    fn from(cluster: &'a ClusterId) -> Self {
        Self::Cluster(cluster)
    }
}

impl<'a> From<Option<&'a ClusterId>> for Whom<'a> {
    fn from(cluster: Option<&'a ClusterId>) -> Self {
        cluster.map_or(Self::Chosen, Self::Cluster)
    }
}

/// A term that is known, or that the reader has to find: one above every one that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    Known(u64),
    Found,
}

impl<'a> Advice<'a> {
    /// `handover` or `failback`, as it was called.
    pub(crate) fn move_by(command: &str, to: impl Into<Whom<'a>>) -> Self {
        if command == "failback" { Self::Failback(to.into()) } else { Self::Handover(to.into()) }
    }
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("'heart-monitor ")?;
        match self {
            Self::Status => f.write_str("status"),
            Self::Doctor => f.write_str("doctor"),
            Self::DoctorReadOnly => f.write_str("doctor --read-only"),
            Self::MaintenanceOff => f.write_str("maintenance off"),
            Self::Handover(to) => write!(f, "handover --to {to}"),
            Self::Failback(to) => write!(f, "failback --to {to}"),
            Self::Activate(whom) => write!(f, "activate --cluster {whom}"),
            Self::ActivateUnder(whom, term) => write!(f, "activate --cluster {whom} --term {term}"),
            Self::ActivateNeverSeen(cluster) => write!(f, "activate --cluster {cluster} --never-seen"),
            Self::OpenWithoutStore(cluster) => {
                write!(f, "wait --ownership off --this-cluster {cluster} --primary {cluster}")
            }
        }?;
        f.write_str("'")
    }
}

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(cluster) => write!(f, "{cluster}"),
            Self::Chosen => f.write_str("X"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(term) => write!(f, "{term}"),
            Self::Found => f.write_str("N"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::Cli;

    /// One of each, or of each form: the place says which, and the compiler that none is missing.
    fn place(advice: &Advice<'_>) -> usize {
        match advice {
            Advice::Status => 0,
            Advice::Doctor => 1,
            Advice::DoctorReadOnly => 2,
            Advice::MaintenanceOff => 3,
            Advice::Handover(_) => 4,
            Advice::Failback(_) => 5,
            Advice::Activate(Whom::Cluster(_)) => 6,
            Advice::Activate(Whom::Chosen) => 7,
            Advice::ActivateUnder(_, Term::Known(_)) => 8,
            Advice::ActivateUnder(_, Term::Found) => 9,
            Advice::ActivateNeverSeen(_) => 10,
            Advice::OpenWithoutStore(_) => 11,
        }
    }

    #[test]
    fn every_command_is_one_that_this_program_takes() {
        let b: ClusterId = "b".parse().unwrap();
        let all = [
            Advice::Status,
            Advice::Doctor,
            Advice::DoctorReadOnly,
            Advice::MaintenanceOff,
            Advice::move_by("handover", &b),
            Advice::move_by("failback", &b),
            Advice::Activate(Whom::Cluster(&b)),
            Advice::Activate(Whom::Chosen),
            Advice::ActivateUnder(Whom::Cluster(&b), Term::Known(2)),
            Advice::ActivateUnder(Whom::Chosen, Term::Found),
            Advice::ActivateNeverSeen(&b),
            Advice::OpenWithoutStore(&b),
        ];
        assert!(all.iter().map(place).eq(0..all.len()), "one of each");
        for advice in all {
            let shown = advice.to_string();
            let command = shown.trim_matches('\'').replace(" X", " c").replace(" N", " 7");
            assert!(shown.len() == command.len() + 2, "{shown}");
            let words = command.split(' ').map(OsString::from);
            flatline_shell::cli::parse::<Cli>(words, "wait")
                .unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        }
    }

    /// A text that names a command by itself is typed by no test.
    #[test]
    fn no_text_but_this_one_tells_anybody_what_to_type() {
        let named = [
            "status",
            "doctor",
            "check",
            "watch",
            "timing",
            "handover",
            "failback",
            "activate",
            "maintenance",
            "install",
        ];
        let mut found = BTreeSet::new();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for product in
            ["heart-monitor", "heartbeat-writer", "heartbeat-store", "flatline-shell", "flatline-processes"]
        {
            for (file, text) in sources(&crates.join(product).join("src")) {
                let shipped = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                // A literal may go on in the next line.
                let shipped = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
                let shipped = shipped.map(|line| line.trim().trim_end_matches('\\')).collect::<String>();
                for name in named {
                    if shipped.contains(&format!("'heart-monitor {name}"))
                        || shipped.contains(&format!("'{name} --"))
                        || shipped.contains("'heart-monitor {")
                    {
                        found.insert(format!("{file}: {name}"));
                    }
                }
            }
        }
        assert!(found.is_empty(), "take it from `Advice`: {found:#?}");
    }

    /// Every file that is shipped, but for this one.
    fn sources(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.extend(sources(&path));
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["advice.rs", "tests.rs", "testing.rs"].contains(&name.as_str())
            {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
        found
    }
}
