//! Charts are released with the programs, under one version.

use anyhow::Result;
use flatline_tests::Chart;
use serde_json::Value;

use crate::{list, nothing_in, text};

/// The workspace's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn charts_have_the_version_of_the_programs_and_say_which_kubernetes_they_need() -> Result<()> {
    let charts = Chart::all()?;
    let told = |chart: &Chart| {
        let told = |finding: String| format!("{}: {finding}", chart.name());
        misfits(chart.about()).into_iter().map(told).collect::<Vec<_>>()
    };
    nothing_in(&charts.iter().flat_map(told).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn a_chart_of_another_version_is_refused() -> Result<()> {
    let good = Chart::named("heartbeat-writer")?.about().clone();
    let table = [
        ("/version", "0.0.9", "version is 0.0.9"),
        ("/appVersion", "0.0.9", "appVersion is 0.0.9"),
        ("/kubeVersion", "", "kubeVersion is ''"),
        ("/apiVersion", "v1", "apiVersion is v1"),
        ("/dependencies/0/version", "*", "heart-monitor is used in version *"),
        ("/dependencies/0/alias", "x", "heart-monitor is not used as flatline"),
    ];
    for (place, value, finding) in table {
        let mut about = good.clone();
        *about.pointer_mut(place).unwrap() = Value::from(value);
        let found = misfits(&about);
        assert!(found.len() == 1 && found[0].starts_with(finding), "{place}: {found:?}");
    }
    Ok(())
}

fn misfits(about: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (key, wanted) in [("version", VERSION), ("appVersion", VERSION), ("apiVersion", "v2")] {
        let value = text(about, &format!("/{key}"));
        if value != wanted {
            found.push(format!("{key} is {value}, not {wanted}"));
        }
    }
    let kubernetes = text(about, "/kubeVersion");
    // Without a pre-release in the range, the versions of the big clouds (v1.33.2-gke.1) do not match.
    if !(kubernetes.starts_with(">=") && kubernetes.ends_with("-0")) {
        found.push(format!("kubeVersion is '{kubernetes}', not such as >=1.29.0-0"));
    }
    for used in list(about, "/dependencies") {
        let (name, version) = (text(used, "/name"), text(used, "/version"));
        if version != VERSION {
            found.push(format!("{name} is used in version {version}, not {VERSION}"));
        }
        if name == "heart-monitor" && text(used, "/alias") != "flatline" {
            found.push(format!("{name} is not used as flatline"));
        }
    }
    found
}
