//! Values that each make sense, and together would let both clusters run, or none: they are refused before anything is
//! deployed, and the message says what to do.

use anyhow::{Context, Result};
use flatline_tests::Chart;

use crate::nothing_in;

/// A chart, values beside those of its variant `workload-identity`, and what the refusal says.
const REFUSED: [(&str, &[&str], &str); 13] = [
    ("hot-standby-example", &["guard.enabled=false"], "the workload would run in every cluster"),
    ("hot-standby-example", &["flatline.ownership=off"], "a guard needs the record"),
    ("hot-standby-example", &["flatline.cluster.that=a"], "this and that are both 'a'"),
    (
        "hot-standby-example",
        &["flatline.cluster.this=c", "flatline.cluster.that=b"],
        "neither cluster is 'a'",
    ),
    ("hot-standby-example", &["gate.enabled=true", "image.pullPolicy=Always"], "use IfNotPresent"),
    ("hot-standby-example", &["gate.enabled=true", "flatline.termFile=/data/term"], "put it into /flatline/"),
    ("hot-standby-example", &["podDisruptionBudget.maxUnavailable=0"], "podDisruptionBudget.maxUnavailable"),
    ("hot-standby-example", &["serviceAccount.create=false"], "name yours, or let the chart create one"),
    (
        "hot-standby-example",
        &[r"podLabels.app\.kubernetes\.io/name=x"],
        "podLabels sets app.kubernetes.io/name",
    ),
    ("heartbeat-writer", &[r"commonLabels.helm\.sh/chart=x"], "commonLabels sets helm.sh/chart"),
    (
        "heartbeat-writer",
        &[r"podLabels.app\.kubernetes\.io/component=x"],
        "podLabels sets app.kubernetes.io/component",
    ),
    (
        "heartbeat-writer",
        &["extraEnv[0].name=THIS_CLUSTER", "extraEnv[0].value=b"],
        "sets THIS_CLUSTER, which the chart sets",
    ),
    (
        "heartbeat-writer",
        &["networkPolicy.enabled=true", "metrics.podMonitor.enabled=true"],
        "or it cannot reach the beacons",
    ),
];

#[test]
fn values_that_contradict_each_other_are_refused_with_what_to_do() -> Result<()> {
    let mut findings = Vec::new();
    for (name, sets, reason) in REFUSED {
        let chart = Chart::named(name)?;
        let variants = chart.variants()?;
        let variant = variants.iter().find(|variant| variant.name == "workload-identity");
        let values = &variant.with_context(|| format!("{name} has no variant workload-identity"))?.values;
        match chart.render(&[values], sets) {
            Ok(_) => findings.push(format!("{name} takes {sets:?}")),
            Err(error) if format!("{error:#}").contains(reason) => {}
            Err(error) => findings.push(format!("{name} refuses {sets:?} otherwise: {error:#}")),
        }
    }
    nothing_in(&findings);
    Ok(())
}
