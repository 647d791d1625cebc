//! The processes that `heart-monitor` starts: the workload that it guards, and the commands that it notifies
//! people with.
//!
//! One [`Reaper`] per process collects every child that ends, whoever's it was. A [`Workload`] and the commands
//! of a [`Notifier`] are started through it, each in a process group of its own and on a leash
//! ([`leash::take_if_asked`]), so that it dies with the process that started it.
//!
//! What this crate does not do: it does not decide who may run, and it knows nothing of hearts, stores and
//! records.
//!
//! # What dies with a guard that is killed
//!
//! As the entry point of a container everything does: the kernel ends a PID namespace with its first process.
//! Elsewhere only the process that was started does, by its parent-death signal, and not what it started in
//! turn; and not even that where it changed its user (`gosu`, `su-exec`, a set-user-ID file), which takes the
//! signal away. A service manager that ends the whole control group, as systemd does, closes both gaps.

pub mod leash;

mod command_line;
mod ended;
mod notify;
mod process_table;
mod reaper;
mod workload;

pub use command_line::{CommandLine, InvalidCommandLine, Unstartable};
pub use ended::Ended;
pub use notify::{Event, Notifications, Notifier, NotifyArgs, Transition};
pub use reaper::{Child, Reaper};
pub use workload::Workload;
