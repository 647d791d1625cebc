//! What is measured, and on what.

use anyhow::Result;
use flatline_tests::{Program, TestStore};

use crate::stores::StoreKind;

/// Whose monitor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Flatline,
    ClassicStandIn,
}

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bed {
    pub(super) subject: Subject,
    pub(super) store: StoreKind,
}

/// The columns. The classic pair knows folders only.
pub(super) const BEDS: [Bed; 3] = [
    Bed { subject: Subject::Flatline, store: StoreKind::Folder },
    Bed { subject: Subject::Flatline, store: StoreKind::Azurite },
    Bed { subject: Subject::ClassicStandIn, store: StoreKind::Folder },
];

/// One value for each of [`BEDS`], in their order.
pub(super) type PerBed<T> = Vec<T>;

impl Bed {
    pub(super) fn title(self) -> &'static str {
        match (self.subject, self.store) {
            (Subject::Flatline, StoreKind::Folder) => "Flatline, folder",
            (Subject::Flatline, StoreKind::Azurite) => "Flatline, Azurite",
            (Subject::ClassicStandIn, _) => "classic loop (stand-in), folder",
        }
    }

    /// Whether there is such a thing: the classic pair knows neither a record nor a guard.
    pub(super) fn has(self, role: Role) -> bool {
        self.subject == Subject::Flatline || role == Role::Gate(Ownership::Off)
    }

    /// A process of cluster b, which watches a.
    pub(super) fn standby(self, role: Role, store: &dyn TestStore) -> Result<Program> {
        self.process(role, store, "b", "a")
    }

    /// A process of the primary.
    pub(super) fn owner(self, role: Role, store: &dyn TestStore) -> Result<Program> {
        self.process(role, store, "a", "b")
    }

    /// The beacon of a cluster.
    pub(super) fn writer(self, store: &dyn TestStore, cluster: &str) -> Result<Program> {
        match self.subject {
            Subject::Flatline => {
                Ok(store.joined_by(Program::writer()?.args(["run", "--this-cluster", cluster])))
            }
            Subject::ClassicStandIn => classic("writer", store, cluster),
        }
    }

    fn process(self, role: Role, store: &dyn TestStore, this: &str, that: &str) -> Result<Program> {
        if self.subject == Subject::ClassicStandIn {
            return Ok(classic("monitor", store, this)?.env("THAT_CLUSTER", that));
        }
        let (command, ownership) = match role {
            Role::Gate(Ownership::Off) => ("wait", "off"),
            Role::Gate(Ownership::Prefer) => ("wait", "prefer"),
            Role::Guard => ("run", "prefer"),
        };
        let monitor = store.joined_by(Program::monitor()?.args([command, "--ownership", ownership]));
        Ok(monitor.args(["--this-cluster", this, "--that-cluster", that]))
    }
}

/// What a monitor is asked to be. A guard still lacks its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Gate(Ownership),
    Guard,
}

impl Role {
    /// The command that asks for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gate(Ownership::Off) => "wait, off",
            Self::Gate(Ownership::Prefer) => "wait, prefer",
            Self::Guard => "run",
        }
    }

    /// Reads of the store with each poll while it is blocked.
    pub(super) fn reads_per_poll(self) -> u32 {
        match self {
            Self::Gate(Ownership::Off) => 1,
            Self::Gate(Ownership::Prefer) => 2,
            Self::Guard => 3,
        }
    }
}

/// Whether a gate obeys the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ownership {
    Off,
    Prefer,
}

fn classic(role: &str, store: &dyn TestStore, this: &str) -> Result<Program> {
    Ok(Program::classic(role)?.env("HEART_BEAT_FOLDER", store.place()).env("THIS_CLUSTER", this))
}
