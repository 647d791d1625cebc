//! Names that one part of a release uses for another: Kubernetes takes them as they are, and finds nothing.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use flatline_tests::Manifest;
use serde_json::Value;

use crate::{list, object, of_every_object, of_every_release, text};

/// Kinds that select pods by labels, and where the selector stands.
const SELECTORS: [(&str, &str); 5] = [
    ("Deployment", "/spec/selector/matchLabels"),
    ("PodDisruptionBudget", "/spec/selector/matchLabels"),
    ("NetworkPolicy", "/spec/podSelector/matchLabels"),
    ("PodMonitor", "/spec/selector/matchLabels"),
    ("Service", "/spec/selector"),
];

#[test]
fn every_selector_selects_pods_of_its_release_and_not_those_of_tests() -> Result<()> {
    of_every_release(|rendered| {
        let astray = |object: &Manifest| {
            let told = |finding: String| format!("{}: {finding}", object.id());
            astray(object, &rendered.manifests).map(told)
        };
        rendered.manifests.iter().filter_map(astray).collect()
    })
}

#[test]
fn a_selector_that_selects_nothing_or_everything_or_a_test_is_refused() -> Result<()> {
    let pods = [
        object("kind: Pod\nmetadata: { name: p, labels: { app: p, part: beacon } }")?,
        object("kind: Pod\nmetadata: { name: t, labels: { app: t }, annotations: { helm.sh/hook: test } }")?,
    ];
    let table = [
        ("{ app: p, part: beacon }", None),
        ("{ app: q }", Some("selects no pod of the release")),
        ("{}", Some("has no selector")),
        ("{ app: t }", Some("selects the pod of a test")),
    ];
    for (labels, finding) in table {
        let selector = format!("spec: {{ selector: {{ matchLabels: {labels} }} }}");
        let budget = object(&format!("kind: PodDisruptionBudget\nmetadata: {{ name: x }}\n{selector}"))?;
        assert_eq!(astray(&budget, &pods).as_deref(), finding, "{labels}");
    }
    Ok(())
}

#[test]
fn the_parts_of_a_pod_find_each_other() -> Result<()> {
    of_every_object(|object| object.pod().map(loose_ends).unwrap_or_default())
}

#[test]
fn a_pod_whose_parts_do_not_find_each_other_is_refused() -> Result<()> {
    let table = [
        (
            "containers: [{ name: a, volumeMounts: [{ name: v, mountPath: /v }] }]",
            "a mounts v, which is no volume",
        ),
        ("volumes: [{ name: v }]\n  containers: [{ name: a }]", "nothing mounts the volume v"),
        (
            "volumes: [{ name: v }]\n  containers: [{ name: a, volumeMounts: [{ name: v, mountPath: /v }, { name: v, mountPath: /v }] }]",
            "a mounts two volumes at /v",
        ),
        (
            "containers: [{ name: a, livenessProbe: { httpGet: { port: p } } }]",
            "a is probed at p, which is no port",
        ),
        ("containers: [{ name: a, env: [{ name: E }, { name: E }] }]", "a has the variable E twice"),
        ("initContainers: [{ name: a }]\n  containers: [{ name: a }]", "two containers are called a"),
        (
            "volumes: [{ name: v }, { name: v }]\n  containers: [{ name: a, volumeMounts: [{ name: v, mountPath: /v }] }]",
            "two volumes are called v",
        ),
    ];
    for (spec, finding) in table {
        let pod = object(&format!("kind: Pod\nmetadata: {{ name: x }}\nspec:\n  {spec}"))?;
        assert_eq!(loose_ends(pod.pod().context("a pod")?), [finding], "{spec}");
    }
    Ok(())
}

#[test]
fn a_monitor_scrapes_a_port_that_its_pods_have() -> Result<()> {
    of_every_release(|rendered| {
        let monitors = rendered.manifests.iter().filter(|object| object.kind == "PodMonitor");
        monitors.filter_map(|monitor| unscraped(monitor, &rendered.manifests)).collect()
    })
}

#[test]
fn a_monitor_of_a_port_that_nobody_has_is_refused() -> Result<()> {
    let pod =
        object("kind: Pod\nmetadata: { name: p }\nspec: { containers: [{ ports: [{ name: http }] }] }")?;
    let table = [("http", None), ("metrics", Some("m scrapes metrics, which is no port of a pod"))];
    for (port, finding) in table {
        let spec = format!("spec: {{ podMetricsEndpoints: [{{ port: {port} }}] }}");
        let monitor = object(&format!("kind: PodMonitor\nmetadata: {{ name: m }}\n{spec}"))?;
        assert_eq!(unscraped(&monitor, std::slice::from_ref(&pod)).as_deref(), finding, "{port}");
    }
    Ok(())
}

#[test]
fn no_two_objects_of_a_release_have_one_name() -> Result<()> {
    of_every_release(|rendered| repeated(rendered.manifests.iter().map(Manifest::id)))
}

/// What is wrong with an object's selector.
fn astray(object: &Manifest, release: &[Manifest]) -> Option<String> {
    let (_, place) = SELECTORS.iter().find(|(kind, _)| *kind == object.kind)?;
    let Some(selector) = object.at(place).and_then(Value::as_object).filter(|labels| !labels.is_empty())
    else {
        return Some("has no selector".to_owned());
    };
    let is_selected = |other: &&Manifest| {
        let labels = other.pod().and_then(|pod| pod.pointer("/metadata/labels"));
        labels.is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
    };
    let selected: Vec<_> = release.iter().filter(is_selected).collect();
    if selected.is_empty() {
        return Some("selects no pod of the release".to_owned());
    }
    // What a test may reach is for the policy to say as well; nothing else may take it for a part of the release.
    let may_select_tests = object.kind == "NetworkPolicy";
    let selects_test = selected.iter().any(|pod| pod.is_test());
    (selects_test && !may_select_tests).then(|| "selects the pod of a test".to_owned())
}

/// What the parts of a pod say about each other that is not so.
pub(crate) fn loose_ends(pod: &Value) -> Vec<String> {
    let containers: Vec<_> =
        ["/spec/initContainers", "/spec/containers"].iter().flat_map(|place| list(pod, place)).collect();
    let volumes: BTreeSet<_> = list(pod, "/spec/volumes").iter().map(|it| text(it, "/name")).collect();
    let mounts = |it: &'_ &Value| -> Vec<String> { names(it, "/volumeMounts", "/name") };
    let mounted: BTreeSet<_> = containers.iter().flat_map(mounts).collect();
    let unused = volumes.iter().filter(|name| !mounted.contains(**name));
    let mut found: Vec<_> = unused.map(|name| format!("nothing mounts the volume {name}")).collect();
    let named = list(pod, "/spec/volumes").iter().map(|it| text(it, "/name").to_owned());
    found.extend(repeated(named).into_iter().map(|name| format!("two volumes are called {name}")));
    let called = containers.iter().map(|it| text(it, "/name").to_owned());
    found.extend(repeated(called).into_iter().map(|name| format!("two containers are called {name}")));
    found.extend(containers.iter().flat_map(|it| loose_ends_of_container(it, &volumes)));
    found
}

fn loose_ends_of_container(container: &Value, volumes: &BTreeSet<&str>) -> Vec<String> {
    let name = text(container, "/name");
    let mounts = names(container, "/volumeMounts", "/name").into_iter();
    let unknown = mounts.filter(|mount| !volumes.contains(mount.as_str()));
    let mut found: Vec<_> =
        unknown.map(|mount| format!("{name} mounts {mount}, which is no volume")).collect();
    let paths = repeated(names(container, "/volumeMounts", "/mountPath"));
    found.extend(paths.into_iter().map(|path| format!("{name} mounts two volumes at {path}")));
    let variables = repeated(names(container, "/env", "/name"));
    found.extend(variables.into_iter().map(|variable| format!("{name} has the variable {variable} twice")));
    let ports = names(container, "/ports", "/name");
    let hooks = ["livenessProbe", "readinessProbe", "startupProbe"].into_iter();
    let probed = hooks.map(|hook| text(container, &format!("/{hook}/httpGet/port")));
    let strays = probed.filter(|port| !port.is_empty() && !ports.iter().any(|it| it == port));
    found.extend(strays.map(|port| format!("{name} is probed at {port}, which is no port")));
    found
}

/// What a monitor scrapes in vain.
fn unscraped(monitor: &Manifest, release: &[Manifest]) -> Option<String> {
    let containers = release.iter().flat_map(Manifest::containers);
    let ports: BTreeSet<_> = containers.flat_map(|(_, it)| names(it, "/ports", "/name")).collect();
    let scraped = names(&monitor.value, "/spec/podMetricsEndpoints", "/port");
    let stray = scraped.into_iter().find(|port| !ports.contains(port));
    stray.map(|port| format!("{} scrapes {port}, which is no port of a pod", monitor.name))
}

/// One text of each item of a list.
fn names(holder: &Value, place: &str, name: &str) -> Vec<String> {
    list(holder, place).iter().map(|item| text(item, name).to_owned()).collect()
}

fn repeated(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| !seen.insert(name.clone())).collect()
}
