//! A configuration that cannot be used.

use std::fmt;

/// Why a program does not start: one line that says what is wrong, where, and what to do. The way out is
/// always the same, [`crate::exit::refuse`], so there is nothing to match on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// An error with this text, which holds no secret and no line break.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}
