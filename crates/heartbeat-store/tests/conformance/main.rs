//! One conformance suite for all back ends: they differ only where it says so.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod azurite;
mod folder;
mod memory;
mod samba;
mod suite;
mod trouble;
