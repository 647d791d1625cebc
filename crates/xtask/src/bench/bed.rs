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

    /// The monitor of cluster b, which watches a.
    pub(super) fn standby(self, store: &dyn TestStore) -> Result<Program> {
        self.monitor(store, "b", "a")
    }

    /// The monitor of the primary.
    pub(super) fn owner(self, store: &dyn TestStore) -> Result<Program> {
        self.monitor(store, "a", "b")
    }

    /// The beacon of cluster a.
    pub(super) fn writer(self, store: &dyn TestStore) -> Result<Program> {
        match self.subject {
            Subject::Flatline => Ok(store.joined_by(Program::writer()?.args(["run", "--this-cluster", "a"]))),
            Subject::ClassicStandIn => classic("writer", store, "a"),
        }
    }

    fn monitor(self, store: &dyn TestStore, this: &str, that: &str) -> Result<Program> {
        match self.subject {
            Subject::Flatline => {
                let monitor = store.joined_by(Program::monitor()?.arg("wait"));
                Ok(monitor.args(["--this-cluster", this, "--that-cluster", that, "--ownership", "off"]))
            }
            Subject::ClassicStandIn => Ok(classic("monitor", store, this)?.env("THAT_CLUSTER", that)),
        }
    }
}

fn classic(role: &str, store: &dyn TestStore, this: &str) -> Result<Program> {
    Ok(Program::classic(role)?.env("HEART_BEAT_FOLDER", store.place()).env("THIS_CLUSTER", this))
}
