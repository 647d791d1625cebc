//! The harness of the end-to-end tests: everything here runs real processes against real stores.
//!
//! Start at [`Program`] (what to run, and with which flags), which becomes a [`Running`] process with captured
//! lines and bounded waits, which becomes an [`Exit`]. [`FolderStore`] and [`BlobStore`] are
//! a store each ([`TestStore`]), in a temporary folder and in an emulator. The
//! project's commands `demo` and `bench` drive the same harness, so what they show is what the tests check.
//!
//! Whether two clusters ran at once is for the oracle to say ([`MarkLog`], [`Runs`]): workloads mark a log outside
//! the store, which the code under test knows nothing of.
//!
//! [`Kubelet`] plays rendered manifests, so that a test sees what a cluster would make of a [`Chart`].
//!
//! Nothing here panics: every wait is bounded, and its error says what it waited for and what the process had
//! printed by then. A process that is dropped is killed, by a handle that can never mean another process.

mod azurite;
mod binaries;
mod blob;
mod damaging_proxy;
mod dead_mount;
mod entra;
mod family;
mod folder;
mod foreign;
mod freezer;
mod helm;
mod http;
mod kubelet;
mod manifest;
mod name_server;
mod network;
mod oci;
mod oracle;
mod output;
mod patience;
mod program;
mod running;
mod samba;
mod slow_proxy;
mod stamp;
mod story;
mod test_store;
mod tools;

pub use azurite::{Azurite, Validity};
pub use binaries::{Binary, use_binaries_in};
pub use blob::BlobStore;
pub use damaging_proxy::{DamagingProxy, Harm};
pub use dead_mount::DeadMount;
pub use entra::{Certificates, IdentityProvider};
pub use family::Relative;
pub use folder::FolderStore;
pub use foreign::{FOREIGN, Foreign};
pub use freezer::Freezer;
pub use helm::{Chart, Notes, Variant, kubernetes_validate};
pub use http::{Answer, free_port, get, post};
pub use kubelet::{Event, Happening, Kubelet, Objects, Pod, Registry, in_order};
pub use manifest::{Manifest, parse_yaml};
pub use name_server::{Manner, NameServer};
pub use network::{Network, Region};
pub use oci::{ImageEntry, ImageEntryKind, OciImage, shipped_image};
pub use oracle::{BootClock, Kind, Life, Mark, MarkLog, Run, Runs, Violation};
pub use output::{Line, Stream};
pub use patience::{Interrupted, giving_up, pause, until};
pub use program::{Echo, Program};
pub use running::{Exit, Running};
pub use samba::SambaShare;
pub use slow_proxy::SlowProxy;
pub use stamp::Ticks;
pub use story::Story;
pub use test_store::TestStore;
pub use tools::{optional_tool, pinned_tool, shipped};
