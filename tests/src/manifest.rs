//! What Helm renders: objects of Kubernetes.

use anyhow::{Context, Result};
use serde_json::Value;

/// One object of a rendered chart.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Its kind, such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The template that made it, as Helm names it.
    pub source: String,
    /// Its text.
    pub yaml: String,
    /// The same, parsed.
    pub value: Value,
}

/// What makes pods, and where the pod stands in it.
const POD_PATHS: [(&str, &str); 7] = [
    ("Pod", ""),
    ("Deployment", "/spec/template"),
    ("StatefulSet", "/spec/template"),
    ("DaemonSet", "/spec/template"),
    ("ReplicaSet", "/spec/template"),
    ("Job", "/spec/template"),
    ("CronJob", "/spec/jobTemplate/spec/template"),
];

impl Manifest {
    /// The objects in what `helm template` prints. Documents without an object are left out.
    pub fn parse_all(text: &str) -> Result<Vec<Self>> {
        let documents = text.split("\n---").map(|document| document.trim_start_matches("---").trim_start());
        let documents = documents.filter(|text| {
            text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        });
        documents.map(Self::parse).collect()
    }

    fn parse(yaml: &str) -> Result<Self> {
        let source = yaml.lines().find_map(|line| line.strip_prefix("# Source: ")).unwrap_or_default();
        let value = parse_yaml(yaml).with_context(|| format!("cannot parse what {source} makes:\n{yaml}"))?;
        let text = |pointer: &str| {
            let text = value.pointer(pointer).and_then(Value::as_str);
            text.map(str::to_owned).with_context(|| format!("no {pointer} in what {source} makes:\n{yaml}"))
        };
        Ok(Self {
            kind: text("/kind")?,
            name: text("/metadata/name")?,
            source: source.to_owned(),
            yaml: yaml.to_owned(),
            value,
        })
    }

    /// Its kind and name, as `kubectl` writes them.
    pub fn id(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    /// What stands at a JSON pointer.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// The pod that it is, or makes: an object with `metadata` and `spec`.
    pub fn pod(&self) -> Option<&Value> {
        let (_, path) = POD_PATHS.iter().find(|(kind, _)| *kind == self.kind)?;
        self.at(path)
    }

    /// The pod's containers with the list that each stands in: first `initContainers`, then `containers`, at last
    /// `ephemeralContainers`. Empty where there is no pod.
    pub fn containers(&self) -> Vec<(&'static str, &Value)> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let spec = self.pod().and_then(|pod| pod.get("spec"));
        let of = |list: &'static str| {
            let items = spec.and_then(|spec| spec.get(list)?.as_array()).into_iter().flatten();
            items.map(move |item| (list, item))
        };
        lists.into_iter().flat_map(of).collect()
    }

    /// Whether Helm only makes it for `helm test`.
    pub fn is_test(&self) -> bool {
        let hook = self.at("/metadata/annotations/helm.sh~1hook").and_then(Value::as_str);
        hook.is_some_and(|hook| hook.split(',').any(|hook| hook.trim() == "test"))
    }
}

/// Parses YAML the way Kubernetes does where that differs from today's YAML: `0440` is octal.
pub fn parse_yaml(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    serde_saphyr::from_str_with_options(text, options).context("not YAML")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERED: &str = "\
---
# Source: x/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: { name: notes }
data:
  text: |
    a
    ---
    b
---
# Source: x/templates/empty.yaml
# nothing
---
# Source: x/templates/test.yaml
apiVersion: v1
kind: Pod
metadata:
  name: test
  annotations: { helm.sh/hook: test }
spec:
  containers: [{ name: main }]
  initContainers: [{ name: first }]
  volumes: [{ name: v, secret: { defaultMode: 0440 } }]
";

    #[test]
    fn rendered_text_falls_into_its_objects() {
        let found = Manifest::parse_all(RENDERED).unwrap();
        assert_eq!(found.iter().map(Manifest::id).collect::<Vec<_>>(), ["configmap/notes", "pod/test"]);
        assert_eq!(found[0].source, "x/templates/a.yaml");
        assert_eq!(found[0].at("/data/text").unwrap(), "a\n---\nb\n");
    }

    #[test]
    fn a_pod_has_containers_in_the_order_of_their_start() {
        let found = Manifest::parse_all(RENDERED).unwrap();
        let names: Vec<_> = found[1].containers().into_iter().map(|(_, it)| it["name"].clone()).collect();
        assert_eq!(names, ["first", "main"]);
        assert!(found[1].is_test() && !found[0].is_test());
        assert!(found[0].containers().is_empty());
    }

    #[test]
    fn a_mode_with_a_leading_zero_is_octal() {
        let found = Manifest::parse_all(RENDERED).unwrap();
        assert_eq!(found[1].at("/spec/volumes/0/secret/defaultMode").unwrap(), 0o440);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        assert!(parse_yaml("a: 1\na: 2\n").is_err());
    }
}
