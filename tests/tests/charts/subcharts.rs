//! Charts as parts of a bigger one, and what people expect of any chart there: conditions, globals, a namespace of its own,
//! hosts, further objects, an autoscaler.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{applications, list, nothing_in, text};

#[test]
fn a_condition_of_the_parent_leaves_a_chart_out() -> Result<()> {
    let parent = Parent::new()?;
    for (out, kept) in
        [("heartbeat-writer", "hot-standby-example"), ("hot-standby-example", "heartbeat-writer")]
    {
        let rendered = parent.render(&json!({ out: { "enabled": false }, kept: { "enabled": true } }))?;
        let from = |chart: &str| rendered.iter().any(|it| it.source.contains(&format!("/charts/{chart}/")));
        assert!(from(kept) && !from(out), "{out} is off, {kept} is on");
    }
    Ok(())
}

#[test]
fn a_chart_that_is_off_and_rendered_all_the_same_says_so() -> Result<()> {
    for chart in applications()? {
        for off in ["enabled", "flatline.enabled"] {
            let variant = chart.variants()?.remove(0);
            let refusal = chart.render(&[&variant.values], &[&format!("{off}=false")]).err();
            let refusal = refusal.map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(refusal.contains(&format!("{off} is false")), "{} {off}: {refusal}", chart.name());
            assert!(refusal.contains("condition in the parent's Chart.yaml"), "{refusal}");
        }
    }
    Ok(())
}

#[test]
fn the_parents_registry_and_secrets_reach_every_pod() -> Result<()> {
    let global =
        json!({ "imageRegistry": "mirror.example.org/all", "imagePullSecrets": ["one", { "name": "two" }] });
    let mut findings = Vec::new();
    for object in Parent::new()?.render(&json!({ "global": global }))? {
        for (_, container) in object.containers() {
            let image = text(container, "/image");
            if !image.starts_with("mirror.example.org/all/") {
                findings.push(format!("{}: {image}", object.id()));
            }
        }
        let secrets = object.pod().map(|pod| list(pod, "/spec/imagePullSecrets").to_vec());
        if secrets.is_some_and(|found| found != [json!({ "name": "one" }), json!({ "name": "two" })]) {
            findings.push(format!("{}: not both secrets", object.id()));
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn a_global_registry_suffices_and_one_that_is_none_is_refused() -> Result<()> {
    let without = |global: Value| {
        let block = json!({ "cluster": { "this": "a", "that": "b" }, "store": blob() });
        Parent::new()?.render_with(&block, &json!({ "global": global }))
    };
    without(json!({ "imageRegistry": "mirror.example.org" }))?;
    let table = [
        (json!({}), "flatline.image.registry is required"),
        (json!({ "imageRegistry": "https://mirror.example.org" }), "global.imageRegistry is no registry"),
        (json!({ "imageRegistry": ["x"] }), "global.imageRegistry"),
        (json!({ "imageRegistry": "m.example.org", "imagePullSecrets": "x" }), "global.imagePullSecrets"),
    ];
    for (global, reason) in table {
        let refusal = without(global.clone()).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(refusal.contains(reason), "{global}: {refusal}");
    }
    Ok(())
}

#[test]
fn a_namespace_of_ones_own_is_that_of_every_object() -> Result<()> {
    // Monitors and rules go where Prometheus looks; by default that is with the rest.
    let values = json!({
        "namespaceOverride": "elsewhere",
        "networkPolicy": { "enabled": true, "metricsFrom": ["monitoring"] },
        "metrics": { "podMonitor": on(), "rules": on(), "dashboard": on() },
    });
    for chart in applications()? {
        let values = if chart.name() == "heartbeat-writer" {
            &values
        } else {
            &json!({ "namespaceOverride": "elsewhere" })
        };
        let rendered = with(&chart, values)?;
        let astray = rendered.iter().filter(|it| text(&it.value, "/metadata/namespace") != "elsewhere");
        let astray: Vec<_> = astray.map(Manifest::id).collect();
        assert!(astray.is_empty(), "{}: {astray:?}", chart.name());
        let (_, release) = chart.release();
        let told = rendered.iter().find(|it| it.yaml.contains(&format!("namespace=\"{release}\"")));
        assert!(told.is_none(), "{}: {:?}", chart.name(), told.map(Manifest::id));
    }
    Ok(())
}

#[test]
fn hosts_reach_every_pod_and_further_objects_come_as_maps_or_texts() -> Result<()> {
    let hosts = json!([{ "ip": "10.0.0.4", "hostnames": ["heartbeats.blob.core.windows.net"] }]);
    let named = |name: &str| format!("{{{{ include \"heart-monitor.fullname\" . }}}}-{name}");
    let object =
        |name: String| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
    let as_text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n", named("text"));
    let values = json!({ "hostAliases": hosts, "extraObjects": [object(named("map")), as_text] });
    for chart in applications()? {
        let rendered = with(&chart, &values)?;
        for object in rendered.iter().filter(|it| it.pod().is_some()) {
            assert_eq!(
                object.at("/spec/template/spec/hostAliases").or(object.at("/spec/hostAliases")),
                Some(&hosts)
            );
        }
        let (release, _) = chart.release();
        let maps = rendered.iter().filter(|it| it.kind == "ConfigMap").map(|it| it.name.clone());
        let expected = ["map", "text"].map(|kind| format!("{release}-{kind}"));
        assert_eq!(maps.collect::<BTreeSet<_>>(), expected.into(), "{}", chart.name());
    }
    Ok(())
}

#[test]
fn an_autoscaler_finds_no_number_of_pods_and_a_budget() -> Result<()> {
    let chart = Chart::named("hot-standby-example")?;
    let rendered = with(&chart, &json!({ "autoscaling": on() }))?;
    let deployment = rendered.iter().find(|it| it.kind == "Deployment").context("no Deployment")?;
    assert_eq!(deployment.at("/spec/replicas"), None);
    assert!(rendered.iter().any(|it| it.kind == "PodDisruptionBudget"));
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    fs::write(&file, json!({ "autoscaling": on() }).to_string())?;
    let notes = chart.notes()?.with(&[&workload_identity(&chart)?, &file])?;
    assert!(notes.contains("WARNING: a standby without a pod"), "{notes}");
    Ok(())
}

#[test]
fn the_package_has_what_its_page_links_to_and_the_values_for_high_availability_render() -> Result<()> {
    for chart in Chart::all()? {
        let folder = tempfile::tempdir()?;
        let packaged = chart.packaged(folder.path())?;
        let page = fs::read_to_string(packaged.readme())?;
        let links = page.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let inner = links.filter(|link| !link.is_empty() && !link.starts_with("..") && !link.contains("://"));
        let missing: Vec<_> = inner.filter(|link| !packaged.folder().join(link).exists()).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", chart.name());
    }
    let chart = Chart::named("heartbeat-writer")?;
    let rendered =
        chart.render(&[&workload_identity(&chart)?, &chart.folder().join("values-ha.yaml")], &[])?;
    let deployment = rendered.iter().find(|it| it.kind == "Deployment").context("no Deployment")?;
    let pod = |place: &str| deployment.at(&format!("/spec/template/spec/{place}")).cloned();
    assert_eq!(pod("priorityClassName"), Some(json!("system-cluster-critical")));
    assert_eq!(pod("topologySpreadConstraints/0/whenUnsatisfiable"), Some(json!("DoNotSchedule")));
    assert!(rendered.iter().any(|it| it.kind == "PodDisruptionBudget"));
    Ok(())
}

/// A chart that has both of ours among its dependencies.
struct Parent {
    chart: Chart,
    _folder: TempDir,
}

impl Parent {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut dependencies = Vec::new();
        for chart in applications()? {
            chart.build_dependencies()?;
            let (name, place) = (chart.name(), chart.folder().canonicalize()?);
            dependencies.push(json!({
                "name": name, "version": chart.about()["version"], "condition": format!("{name}.enabled"),
                "repository": format!("file://{}", place.display()),
            }));
        }
        let about =
            json!({ "apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": dependencies });
        fs::write(folder.path().join("Chart.yaml"), about.to_string())?;
        Ok(Self { chart: Chart::at(folder.path())?, _folder: folder })
    }

    fn render(&self, values: &Value) -> Result<Vec<Manifest>> {
        let image = json!({ "registry": "example.azurecr.io" });
        let block = json!({ "cluster": { "this": "a", "that": "b" }, "store": blob(), "image": image });
        self.render_with(&block, values)
    }

    /// Each of its charts gets the same block `flatline`.
    fn render_with(&self, block: &Value, values: &Value) -> Result<Vec<Manifest>> {
        let mut all = values.clone();
        for chart in applications()? {
            all[chart.name()]["flatline"] = block.clone();
        }
        let file = self.chart.folder().join("all.json");
        fs::write(&file, all.to_string())?;
        self.chart.render(&[&file], &[])
    }
}

fn blob() -> Value {
    let url = "https://heartbeats.blob.core.windows.net/heartbeat/orders";
    json!({ "blob": { "url": url, "clientId": "00000000-0000-0000-0000-000000000001" } })
}

fn on() -> Value {
    json!({ "enabled": true })
}

/// Renders a chart by workload identity with these values as well.
fn with(chart: &Chart, values: &Value) -> Result<Vec<Manifest>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    fs::write(&file, values.to_string())?;
    let files: [&Path; 2] = [&workload_identity(chart)?, &file];
    chart.render(&files, &[])
}

fn workload_identity(chart: &Chart) -> Result<PathBuf> {
    let variants = chart.variants()?.into_iter();
    let mut named = variants.filter(|variant| variant.name == "workload-identity");
    Ok(named.next().context("no variant workload-identity")?.values)
}
