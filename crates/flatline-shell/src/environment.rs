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

    /// The value of a variable; `None` where it is not set, or set to nothing, as charts and compose files do.
    pub fn get(&self, name: &str) -> Result<Option<&str>, ConfigError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Ok(value)) => Ok((!value.is_empty()).then_some(value)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_show_when_the_environment_is_printed() {
        let environment = Environment::from_iter([("AZURE_STORAGE_KEY", "c2VjcmV0")]);
        assert_eq!(format!("{environment:?}"), r#"{"AZURE_STORAGE_KEY"}"#);
        assert_eq!(environment.get("AZURE_STORAGE_KEY"), Ok(Some("c2VjcmV0")));
        assert_eq!(environment.get("HOME"), Ok(None));
        assert_eq!(Environment::from_iter([("HOME", "")]).get("HOME"), Ok(None), "set to nothing");
    }

    #[test]
    fn a_value_that_is_not_text_is_refused_by_the_name_of_its_variable() {
        let environment = Environment(BTreeMap::from([("HEARTBEAT_STORE".to_owned(), Err(NotUnicode))]));
        let error = environment.get("HEARTBEAT_STORE").unwrap_err().to_string();
        assert_eq!(error, "the variable HEARTBEAT_STORE is not UTF-8; set it to plain text");
    }
}
