//! What pods of a cluster refer to: secrets, config maps, and claims with the folders that they stand for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Keys and their values.
pub(super) type Data = BTreeMap<String, String>;

/// The objects of one cluster's namespace.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    pub(super) secrets: BTreeMap<String, Data>,
    pub(super) config_maps: BTreeMap<String, Data>,
    claims: BTreeMap<String, PathBuf>,
}

impl Objects {
    /// Adds a secret of one key.
    #[must_use]
    pub fn secret(mut self, name: &str, key: &str, value: &str) -> Self {
        self.secrets.entry(name.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds a config map of one key.
    #[must_use]
    pub fn config_map(mut self, name: &str, key: &str, value: &str) -> Self {
        self.config_maps.entry(name.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds a claim that is bound to a folder of this machine.
    #[must_use]
    pub fn claim(mut self, name: &str, folder: impl Into<PathBuf>) -> Self {
        self.claims.insert(name.to_owned(), folder.into());
        self
    }

    /// Adds a `Secret` or a `ConfigMap` as it was rendered; any other object changes nothing.
    pub(super) fn apply(&mut self, object: &Value) -> Result<()> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = text("/metadata/name").to_owned();
        match text("/kind") {
            "ConfigMap" => {
                let map = data(object, "data", as_it_is)?;
                self.config_maps.insert(name, map);
            }
            "Secret" => {
                let mut secret = data(object, "data", decoded)?;
                secret.extend(data(object, "stringData", as_it_is)?);
                self.secrets.insert(name, secret);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn claimed(&self, name: &str) -> Result<&Path> {
        self.claims.get(name).map(PathBuf::as_path).with_context(|| format!("there is no claim {name}"))
    }
}

fn data(object: &Value, field: &str, read: impl Fn(&str) -> Result<String>) -> Result<Data> {
    let entries = object.get(field).and_then(Value::as_object).into_iter().flatten();
    let entry = |(key, value): (&String, &Value)| {
        let value = value.as_str().with_context(|| format!("{key} is no text"))?;
        Ok((key.clone(), read(value)?))
    };
    entries.map(entry).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "stands beside one that can fail")]
fn as_it_is(value: &str) -> Result<String> {
    Ok(value.to_owned())
}

fn decoded(value: &str) -> Result<String> {
    Ok(String::from_utf8(STANDARD.decode(value)?)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rendered_secrets_and_config_maps_are_taken_as_the_api_server_reads_them() {
        let mut objects = Objects::default();
        let secret = json!({ "kind": "Secret", "metadata": { "name": "s" }, "data": { "a": "Yg==" }, "stringData": { "c": "d" } });
        let map = json!({ "kind": "ConfigMap", "metadata": { "name": "m" }, "data": { "e": "f" } });
        for object in [secret, map, json!({ "kind": "Service", "metadata": { "name": "x" } })] {
            objects.apply(&object).unwrap();
        }
        assert_eq!(objects.secrets["s"], Data::from([("a".into(), "b".into()), ("c".into(), "d".into())]));
        assert_eq!(objects.config_maps["m"]["e"], "f");
        assert!(objects.claimed("x").unwrap_err().to_string().contains("no claim x"));
    }
}
