//! The commands by which people change who runs: a plan first, then a go-ahead, then the deed; each of them is safe to
//! interrupt and to run again.
//!
//! `handover` moves the work and waits until the old side has stopped; `activate` moves it at once; `maintenance`
//! keeps gates from taking over. The decisions are those of `failover-policy`; what is here reads, tells, asks and
//! carries out.

mod activate;
pub(crate) mod args;
mod consent;
mod console;
pub(crate) mod found;
mod handover;
mod hearts;
mod maintenance;
mod setting;
mod stop;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod words;

pub(crate) use activate::activate;
pub(crate) use handover::{failback, handover};
pub(crate) use maintenance::maintenance;
