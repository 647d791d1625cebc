//! Two guarded containers in one pod: a chart that uses the library for both.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};
use serde_json::{Value, json};

use crate::references::loose_ends;
use crate::{changed, list, text};

#[test]
fn each_guard_has_its_own_port_and_its_probes_ask_it_there() -> Result<()> {
    let rendered = rendered(&chart()?)?;
    let deployment = rendered.iter().find(|it| it.kind == "Deployment").context("no Deployment")?;
    assert_eq!(loose_ends(deployment.pod().context("no pod")?), Vec::<String>::new());
    let guards = list(&deployment.value, "/spec/template/spec/containers");
    assert_eq!(guards.len(), 2);
    for place in ["/ports/0/name", "/ports/0/containerPort"] {
        let ports: BTreeSet<_> =
            guards.iter().map(|guard| guard.pointer(place).map(Value::to_string)).collect();
        assert_eq!(ports.len(), 2, "{place}");
    }
    for guard in guards {
        let port = guard.pointer("/ports/0/containerPort").context("no port")?;
        let listen = list(guard, "/env").iter().find(|it| text(it, "/name") == "HEART_MONITOR_LISTEN");
        assert_eq!(listen.context("no address")?["value"], format!("0.0.0.0:{port}"));
        let asked = |probe: &str| guard.pointer(&format!("/{probe}/httpGet/port")).cloned();
        let known = [guard.pointer("/ports/0/name").cloned(), Some(port.clone())];
        assert!(
            known.contains(&asked("livenessProbe")) && known.contains(&asked("readinessProbe")),
            "{guard}"
        );
    }
    let monitor = rendered.iter().find(|it| it.kind == "PodMonitor").context("no PodMonitor")?;
    let scraped: Vec<_> =
        list(&monitor.value, "/spec/podMetricsEndpoints").iter().map(|it| text(it, "/port")).collect();
    assert_eq!(scraped, ["flatline", "flatline-worker"]);
    Ok(())
}

#[test]
fn both_images_are_pulled_before_the_gate() -> Result<()> {
    let rendered = rendered(&chart()?)?;
    let deployment = rendered.iter().find(|it| it.kind == "Deployment").context("no Deployment")?;
    let inits = list(&deployment.value, "/spec/template/spec/initContainers").iter();
    let inits: Vec<_> = inits.map(|it| (text(it, "/name"), text(it, "/image"))).collect();
    let pulls = [
        ("flatline-pre-pull-orders", "registry.example/orders:1"),
        ("flatline-pre-pull-worker", "registry.example/orders:2"),
    ];
    assert_eq!(inits[1..3], pulls);
    Ok(())
}

#[test]
fn half_of_a_second_port_and_a_name_that_is_none_of_a_port_are_refused() -> Result<()> {
    let (chart, folder) = (chart()?, tempfile::tempdir()?);
    let table = [
        (r#""port" 9601"#, "", "needs both a name and a port of its own"),
        (r#""name" "flatline-worker""#, "", "needs both a name and a port of its own"),
        ("flatline-worker", "flatline-of-the-worker", "is no name of a port: at most 15"),
        ("flatline-worker", "9601", "is no name of a port: at most 15"),
    ];
    for (number, (before, after, reason)) in table.into_iter().enumerate() {
        let place = folder.path().join(number.to_string());
        let wrong =
            changed(&chart, &place, "templates/workload.yaml", |text| text.replacen(before, after, 1))?;
        let refusal = rendered(&wrong).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(refusal.contains(reason), "{after}: {refusal}");
    }
    Ok(())
}

fn chart() -> Result<Chart> {
    Chart::at(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts/two-guards")))
}

fn rendered(chart: &Chart) -> Result<Vec<Manifest>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.json");
    let values = json!({ "flatline": {
        "cluster": { "this": "a", "that": "b" },
        "image": { "registry": "registry.example" },
        "podMonitor": { "enabled": true },
        "store": { "blob": { "url": "https://heartbeats.blob.core.windows.net/heartbeat/orders" } },
    } });
    fs::write(&file, values.to_string())?;
    let files: [&Path; 1] = [&file];
    chart.render(&files, &[])
}
