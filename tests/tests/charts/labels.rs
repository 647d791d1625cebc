//! Every object says what it belongs to.

use anyhow::Result;
use flatline_tests::Manifest;

use crate::{applications, nothing_in, object, of_every_object, text};

/// What Helm's documents ask for.
const WANTED: [&str; 5] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
];

#[test]
fn every_object_has_the_usual_labels() -> Result<()> {
    of_every_object(|object| missing(object, &WANTED))
}

#[test]
fn common_labels_reach_every_object() -> Result<()> {
    let mut findings = Vec::new();
    for chart in applications()? {
        for variant in chart.variants()? {
            for object in chart.render(&[&variant.values], &["commonLabels.team=heart"])? {
                let told = |label| format!("{} {}: {} {label}", chart.name(), variant.name, object.id());
                findings.extend(missing(&object, &["team"]).into_iter().map(told));
            }
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn an_object_without_labels_is_refused() -> Result<()> {
    let bare = object("kind: ConfigMap\nmetadata: { name: x, labels: { app.kubernetes.io/name: x } }")?;
    assert_eq!(missing(&bare, &WANTED).len(), WANTED.len() - 1);
    Ok(())
}

fn missing(object: &Manifest, labels: &[&str]) -> Vec<String> {
    let value = |label: &str| {
        text(&object.value, &format!("/metadata/labels/{}", label.replace('/', "~1"))).to_owned()
    };
    labels
        .iter()
        .filter(|label| value(label).is_empty())
        .map(|label| format!("has no label {label}"))
        .collect()
}
