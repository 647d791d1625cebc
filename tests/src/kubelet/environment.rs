//! A container's variables and its command line, by the kubelet's rules.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use super::image::Config;
use super::objects::{Data, Objects};
use super::spec::{Container, Env, EnvFrom, Source};

/// What a container may ask about its pod.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) pod: String,
    pub(super) namespace: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) service_account: String,
    pub(super) node: String,
    pub(super) address: String,
}

impl Facts {
    fn field(&self, path: &str) -> Result<String> {
        let label = path.strip_prefix("metadata.labels['").and_then(|rest| rest.strip_suffix("']"));
        if let Some(label) = label {
            return Ok(self.labels.get(label).cloned().unwrap_or_default());
        }
        Ok(match path {
            "metadata.name" => self.pod.clone(),
            "metadata.namespace" => self.namespace.clone(),
            "spec.nodeName" => self.node.clone(),
            "spec.serviceAccountName" => self.service_account.clone(),
            "status.podIP" => self.address.clone(),
            _ => bail!("the field {path} is not played"),
        })
    }
}

/// The variables: those of the image, the host name, then what the container says. Of two with one name the later one
/// counts.
pub(super) fn variables(
    container: &Container,
    image: &Config,
    facts: &Facts,
    objects: &Objects,
) -> Result<Data> {
    let mut own = Data::new();
    for from in &container.env_from {
        own.extend(imported(from, objects)?);
    }
    for env in &container.env {
        if let Some(value) =
            value(env, &own, facts, objects).with_context(|| format!("variable {}", env.name))?
        {
            own.insert(env.name.clone(), value);
        }
    }
    let mut all: Data = image.variables();
    all.insert("HOSTNAME".to_owned(), facts.pod.clone());
    all.extend(own);
    Ok(all)
}

/// What is executed: `command` takes the place of entry point and arguments, `args` that of the arguments.
pub(super) fn command_line(container: &Container, image: &Config, variables: &Data) -> Result<Vec<String>> {
    let given = |words: &[String]| words.iter().map(|word| expanded(word, variables)).collect::<Vec<_>>();
    let args = container.args.as_deref().map(given);
    let line = match container.command.as_deref().map(given) {
        Some(command) => [command, args.unwrap_or_default()].concat(),
        None => [image.entrypoint.clone(), args.unwrap_or_else(|| image.cmd.clone())].concat(),
    };
    anyhow::ensure!(!line.is_empty(), "container {} has no command, nor has its image", container.name);
    Ok(line)
}

fn imported(from: &EnvFrom, objects: &Objects) -> Result<Data> {
    let sources = [
        (&from.config_map_ref, &objects.config_maps, "config map"),
        (&from.secret_ref, &objects.secrets, "secret"),
    ];
    let mut found = Data::new();
    for (reference, kept, kind) in sources {
        let Some(reference) = reference else { continue };
        match kept.get(&reference.name) {
            Some(data) => {
                found
                    .extend(data.iter().map(|(key, value)| (format!("{}{key}", from.prefix), value.clone())));
            }
            None if reference.optional => {}
            None => bail!("there is no {kind} {}", reference.name),
        }
    }
    Ok(found)
}

/// The value; `None` where it is taken from something optional that is not there.
fn value(env: &Env, so_far: &Data, facts: &Facts, objects: &Objects) -> Result<Option<String>> {
    let (kept, reference, kind) = match &env.value_from {
        None => return Ok(Some(expanded(env.value.as_deref().unwrap_or_default(), so_far))),
        Some(Source::Field(field)) => return facts.field(&field.field_path).map(Some),
        Some(Source::Secret(reference)) => (&objects.secrets, reference, "secret"),
        Some(Source::ConfigMap(reference)) => (&objects.config_maps, reference, "config map"),
    };
    let found = kept.get(&reference.name).and_then(|data| data.get(&reference.key)).cloned();
    if found.is_none() && !reference.optional {
        bail!("there is no {kind} {} with the key {}", reference.name, reference.key);
    }
    Ok(found)
}

/// Puts values in the place of `$(NAME)`. An unknown name stays as it is, and `$$` stands for `$`.
fn expanded(text: &str, variables: &Data) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match variables.get(name) {
                Some(value) => result.push_str(value),
                None => result.push_str(&format!("$({name})")),
            }
            rest = after;
        } else {
            result.push('$');
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(extra: &Value) -> Container {
        let mut fields = json!({ "name": "main", "image": "x" });
        fields.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(fields).unwrap()
    }

    fn image() -> Config {
        Config {
            env: vec!["PATH=/usr/local/bin".into(), "A=image".into()],
            entrypoint: vec!["entry".into()],
            cmd: vec!["default".into()],
            ..Config::default()
        }
    }

    fn facts() -> Facts {
        Facts {
            pod: "orders-1".into(),
            namespace: "orders".into(),
            labels: Data::from([("team".into(), "blue".into())]),
            service_account: "orders".into(),
            node: "node-a".into(),
            address: "10.0.0.7".into(),
        }
    }

    #[test]
    fn a_command_line_is_put_together_as_kubernetes_documents_it() {
        let table = [
            (json!({}), "entry default"),
            (json!({ "args": ["x"] }), "entry x"),
            (json!({ "command": ["c"] }), "c"),
            (
                json!({ "command": ["c"], "args": ["x", "$(WHO)", "$$(WHO)", "$(NONE)", "a$"] }),
                "c x me $(WHO) $(NONE) a$",
            ),
        ];
        let variables = Data::from([("WHO".into(), "me".into())]);
        for (extra, expected) in table {
            let line = command_line(&container(&extra), &image(), &variables).unwrap();
            assert_eq!(line.join(" "), expected, "{extra}");
        }
        assert!(command_line(&container(&json!({})), &Config::default(), &variables).is_err());
    }

    #[test]
    fn variables_come_from_image_objects_and_pod_and_later_ones_count() {
        let container = container(&json!({
            "envFrom": [{ "prefix": "P_", "configMapRef": { "name": "m" } }, { "secretRef": { "name": "none", "optional": true } }],
            "env": [
                { "name": "A", "value": "own" },
                { "name": "B", "value": "$(A) $(P_K) $(LATER)" },
                { "name": "LATER", "value": "x" },
                { "name": "S", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } },
                { "name": "GONE", "valueFrom": { "secretKeyRef": { "name": "s", "key": "none", "optional": true } } },
                { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
                { "name": "TEAM", "valueFrom": { "fieldRef": { "fieldPath": "metadata.labels['team']" } } },
            ]
        }));
        let objects = Objects::default().config_map("m", "K", "v").secret("s", "k", "hush");
        let found = variables(&container, &image(), &facts(), &objects).unwrap();
        let expected = [
            ("A", "own"),
            ("B", "own v $(LATER)"),
            ("HOSTNAME", "orders-1"),
            ("IP", "10.0.0.7"),
            ("LATER", "x"),
            ("PATH", "/usr/local/bin"),
            ("P_K", "v"),
            ("S", "hush"),
            ("TEAM", "blue"),
        ];
        let expected: Data = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_missing_is_named() {
        let table = [
            (json!({ "envFrom": [{ "secretRef": { "name": "s" } }] }), "no secret s"),
            (
                json!({ "env": [{ "name": "V", "valueFrom": { "configMapKeyRef": { "name": "m", "key": "k" } } }] }),
                "variable V: there is no config map m with the key k",
            ),
            (
                json!({ "env": [{ "name": "V", "valueFrom": { "fieldRef": { "fieldPath": "status.x" } } }] }),
                "status.x",
            ),
        ];
        for (extra, part) in table {
            let error = variables(&container(&extra), &image(), &facts(), &Objects::default()).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{error:#}");
        }
    }
}
