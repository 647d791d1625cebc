//! What `wait` and `run` share around the ownership record: flags and what they come to, and what is told of a gate to
//! the log, to `--listen` and to people.
//!
//! Follow an errand: the policy's machine asks for a step, `crate::errand` carries it out, the machine takes the
//! answer, and the `chronicle` tells what changed.

pub(crate) mod activation;
pub(crate) mod args;
mod bulletin;
pub(crate) mod cache_age;
pub(crate) mod chronicle;
pub(crate) mod config;
pub(crate) mod front;
mod metrics;
pub(crate) mod primaries;
mod record_journal;
pub(crate) mod rehearsal;
pub(crate) mod state;
mod words;
