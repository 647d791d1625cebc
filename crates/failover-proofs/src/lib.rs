//! Proofs about the failover protocol. Both drive the production state machines of `failover-policy`, never a
//! re-telling of them: only the world around them is made up.
//!
//! What this crate does not do: it is no part of the product, and reads no real clock, file or network.

pub mod model;

pub mod simulator;
