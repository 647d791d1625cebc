//! What the suite cannot ask of every back end: refusals, outages, lost answers and secrets, on a real Azurite.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod lost_answers;
mod outages;
mod proxy;
mod refusals;
mod secrets;
mod support;
