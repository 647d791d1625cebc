//! The process environment, handed around so that tests bring their own.

use std::collections::BTreeMap;
use std::fmt;

use crate::ConfigError;

/// Environment variables by name. They can hold keys and signatures, so this type never prints a value.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Result<String, NotUnicode>>);

/// Marks a value that is not UTF-8.
#[derive(Debug, Clone, Copy)]
struct NotUnicode;

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let known = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.into_string().map_err(|_| NotUnicode)))
        });
        Self(known.collect())
    }

    /// The value of a variable; `None` where it is not set.
    pub fn get(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(NotUnicode)) => {
                Err(ConfigError::new(format_args!("the variable {name} is not UTF-8; set it to plain text")))
            }
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), Ok(value.into()))).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
