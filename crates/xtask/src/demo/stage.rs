//! The store that the demo plays on.

use anyhow::{Result, bail};
use flatline_tests::{FolderStore, Program, Ticks};

use super::StoreKind;

/// A store that lasts as long as the demo.
pub(super) enum Stage {
    Folder(FolderStore),
}

impl Stage {
    pub(super) fn set(kind: StoreKind) -> Result<Self> {
        match kind {
            StoreKind::Folder => Ok(Self::Folder(FolderStore::new()?)),
            StoreKind::Azurite => bail!("not yet"),
        }
    }

    /// What to tell a person.
    pub(super) fn describes(&self) -> String {
        match self {
            Self::Folder(store) => format!("the folder {}", store.path().display()),
        }
    }

    /// A program of one cluster, with this store and the other cluster named.
    pub(super) fn joins(&self, program: Program, this: &str, that: &str) -> Program {
        let program = program.args(["--this-cluster", this, "--that-cluster", that]);
        match self {
            Self::Folder(store) => program.arg("--store").arg(store.path()),
        }
    }

    /// The stamp of cluster a, as the bytes in the store say.
    pub(super) fn stamp_of_a(&self) -> Result<Ticks> {
        match self {
            Self::Folder(store) => store.stamp("a"),
        }
    }
}
