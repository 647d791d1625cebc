//! What both binaries share around the policy: flags, clocks, logging, signals, endpoints, exit codes.
//!
//! A binary's `main` reads top down: [`cli::parse_or_exit`] turns arguments into flags, the binary checks them
//! into its own configuration, [`LogArgs::start`] sets logging up, and [`exit::run`] drives the work on one
//! thread and leaves with an [`Exit`].
//!
//! What this crate does not do: it decides nothing about hearts and reads nothing from the store.

pub mod activation;
pub mod cli;
pub mod clock;
pub mod endpoints;
pub mod exit;

mod cluster_args;
mod config_error;
mod environment;
mod log_queue;
mod logging;
mod measures;
mod process_name;
mod signals;
mod store_args;
mod virtual_clock;

pub use clock::{Clock, SystemClock, measure_slew, sleep_until};
pub use cluster_args::{ClusterArgs, Clusters};
pub use config_error::ConfigError;
pub use environment::Environment;
pub use exit::Exit;
/// Whether a character reorders the text around it, as programs that start others must know too.
pub use heartbeat_store::reorders;
pub use logging::{LogArgs, LogFormat};
pub use process_name::process_name;
pub use signals::{Signals, Termination};
pub use store_args::StoreArgs;
pub use virtual_clock::VirtualClock;
