//! Real processes: a stand-in guard starts them, stops them, and dies.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod leash;
mod notifications;
mod pid_one;
mod scene;
mod workload;
