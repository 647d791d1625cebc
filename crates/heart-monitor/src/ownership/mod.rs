//! What `wait` and `run` share around the ownership record: flags, and what they come to.

pub(crate) mod args;
mod cache_age;
pub(crate) mod config;
