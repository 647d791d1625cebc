//! The place where beacons leave their stamps and monitors read them: one folder or one blob container.
//!
//! [`Place`] is a checked `--store` value, [`Credential`] says how to sign in to it, and [`Store`] is the open
//! handle: every operation has a hard deadline, no hidden retries, and an error that says what the caller can
//! do next ([`StoreError`]). Behind it stands one trait, [`Backend`], with a back end each for a folder
//! (`folder`), Azure Blob (`blob`) and memory (`memory`); one conformance suite in `tests/` holds for all.
//!
//! What this crate does not do: it does not decide anything, it does not poll, and it never creates the
//! store's root or container. A share that is not mounted looks like a missing folder, and a private copy of
//! the store is how both clusters come to run.

mod backend;
mod blob;
mod credential;
mod details;
mod error;
mod folder;
mod look;
mod memory;
mod oddity;
mod open;
mod place;
mod progress;
mod record;
mod redact;
mod store;

pub use backend::{Backend, Debris};
pub use blob::{BlobBackend, InvalidProxy, OpenError};
pub use credential::{
    Credential, CredentialError, CredentialKind, InvalidSas, Origin, Sas, UnknownCredentialKind, Variables,
    variable,
};
pub use details::{Beat, BeatDetails, WriterId};
pub use error::StoreError;
pub use folder::{FolderBackend, Publishing};
pub use memory::{Fault, MemoryBackend, Operation};
pub use oddity::Oddity;
pub use place::{BlobPlace, InvalidPlace, Place, Source};
pub use record::{Record, RecordName, RecordVersion, Touched, Unlike};
pub use redact::{redact, reorders};
pub use store::{Deadlines, Store};
