//! Values that each make sense, and together would let both clusters run, or none: they are refused before anything is
//! deployed, and the message says what to do.

use anyhow::{Context, Result};
use flatline_tests::{Chart, Variant};

use crate::nothing_in;

/// A chart, values beside those of its variant `workload-identity`, and what the refusal says.
const REFUSED: [(&str, &[&str], &str); 32] = [
    ("hot-standby-example", &["guard.enabled=false"], "the workload would run in every cluster"),
    ("hot-standby-example", &["flatline.ownership=off"], "a guard needs the record"),
    ("hot-standby-example", &["flatline.cluster.that=a"], "this and that are both 'a'"),
    (
        "hot-standby-example",
        &["flatline.cluster.this=c", "flatline.cluster.that=b"],
        "neither cluster is 'a'",
    ),
    ("hot-standby-example", &["gate.enabled=true", "image.pullPolicy=Always"], "use IfNotPresent"),
    (
        "hot-standby-example",
        &["gate.enabled=true", MIGRATE, "extraInitContainers[0].imagePullPolicy=Always"],
        "the image registry.example/migrate:1 has pull policy Always",
    ),
    (
        "hot-standby-example",
        &[
            "gate.enabled=true",
            "extraContainers[0].name=x",
            "extraContainers[0].image=registry.example:5000/x",
        ],
        "the image registry.example:5000/x has no tag or latest, and so pull policy Always",
    ),
    (
        "hot-standby-example",
        &["flatline.extraEnv[0].name=SSL_CERT_FILE", "flatline.extraEnv[0].value=/etc/corporate/ca.crt"],
        "flatline.extraEnv sets SSL_CERT_FILE to /etc/corporate/ca.crt, and nothing is mounted there",
    ),
    (
        "heartbeat-writer",
        &["extraEnv[0].name=SSL_CERT_DIR", "extraEnv[0].value=/etc/corporate"],
        "extraEnv sets SSL_CERT_DIR to /etc/corporate, and nothing is mounted there: name a ConfigMap",
    ),
    (
        "heartbeat-writer",
        &[
            "flatline.certificates.configMap=x",
            "extraEnv[0].name=SSL_CERT_FILE",
            "extraEnv[0].value=/etc/ssl/certs/x",
        ],
        "sets SSL_CERT_FILE, which the chart sets",
    ),
    (
        "heartbeat-writer",
        &["flatline.certificates.configMap=x", "flatline.certificates.secret=y"],
        "names a configMap and a secret",
    ),
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
    (
        "hot-standby-example",
        &["terminationGracePeriodSeconds=1"],
        "less than the 1500ms that the workload has",
    ),
    (
        "hot-standby-example",
        &["terminationGracePeriodSeconds=61", "flatline.guard.stopGrace=1m 1s 1ms"],
        "less than the 1m 1s 1ms that the workload has",
    ),
    (
        "heartbeat-writer",
        &["flatline.store.blob.url=https://heartbeats.blob.core.windows.net/heartbeat?sv=1"],
        "without a signature, and put that into a Secret",
    ),
    (
        "heartbeat-writer",
        &["flatline.store.blob.url=http://heartbeats.blob.core.windows.net/heartbeat"],
        "http, which is for emulators only: write https",
    ),
    ("heartbeat-writer", &["flatline.store.blob.url=heartbeats"], "is not of the form https://ACCOUNT."),
    (
        "heartbeat-writer",
        &["flatline.store.blob.url="],
        "flatline.store.blob.url is required: https://ACCOUNT",
    ),
    (
        "heartbeat-writer",
        &["flatline.cluster.that=null", "flatline.image.registry=null"],
        "flatline.cluster.that is required: the other cluster, such as b; flatline.image.registry is required",
    ),
    ("heartbeat-writer", &["flatline.port=null"], "without a value: flatline.port. Give one"),
    (
        "heartbeat-writer",
        &["flatline.store.blob.credential=sas", "flatline.store.blob.existingSecret.name=store"],
        "flatline.store.blob.existingSecret.key is required",
    ),
    (
        "heartbeat-writer",
        &["flatline.store.type=azureFiles"],
        "flatline.store.azureFiles.account is required: the storage account of the share; flatline.store.azureFiles.folder is required",
    ),
    ("heartbeat-writer", &["flatline.store.type=claim"], "flatline.store.claim.folder is required"),
    (
        "heartbeat-writer",
        &[SHARE, "flatline.store.azureFiles.extraMountOptions[0]=actimeo=30"],
        "extraMountOptions sets actimeo, which the chart sets",
    ),
    (
        "heartbeat-writer",
        &[SHARE, r"flatline.store.azureFiles.extraMountOptions[0]=vers=3.1.1\,acregmax=30"],
        "extraMountOptions sets acregmax, which the chart sets",
    ),
];

/// An init container of one's own, which is behind the gate.
const MIGRATE: &str =
    "extraInitContainers[0].name=migrate,extraInitContainers[0].image=registry.example/migrate:1";

/// A share.
const SHARE: &str = concat!(
    "flatline.store.type=azureFiles,",
    "flatline.store.azureFiles.account=heartbeats,",
    "flatline.store.azureFiles.share=heartbeat,",
    "flatline.store.azureFiles.folder=orders,",
    "flatline.store.azureFiles.secretName=heartbeats",
);

#[test]
fn values_that_contradict_each_other_are_refused_with_what_to_do() -> Result<()> {
    let mut findings = Vec::new();
    for (name, sets, reason) in REFUSED {
        let chart = Chart::named(name)?;
        match chart.render(&[&workload_identity(&chart)?.values], sets) {
            Ok(_) => findings.push(format!("{name} takes {sets:?}")),
            Err(error) if format!("{error:#}").contains(reason) => {}
            Err(error) => findings.push(format!("{name} refuses {sets:?} otherwise: {error:#}")),
        }
    }
    nothing_in(&findings);
    Ok(())
}

#[test]
fn no_refusal_shows_a_signature() -> Result<()> {
    let (chart, folder) = (Chart::named("heartbeat-writer")?, tempfile::tempdir()?);
    let variant = workload_identity(&chart)?;
    let file = folder.path().join("values.yaml");
    for url in ["https://heartbeats.blob.core.windows.net/heartbeat?sv=1&sig=secret", "heartbeat?sig=secret"]
    {
        std::fs::write(&file, format!("flatline: {{ store: {{ blob: {{ url: \"{url}\" }} }} }}"))?;
        let refusal = chart.render(&[&variant.values, &file], &[]).err().context("it is taken")?;
        assert!(format!("{refusal:#}").contains("put that into a Secret"), "{refusal:#}");
        assert!(!format!("{refusal:#}").contains("sig=secret"), "{refusal:#}");
    }
    Ok(())
}

fn workload_identity(chart: &Chart) -> Result<Variant> {
    let mut variants = chart.variants()?.into_iter();
    let found = variants.find(|variant| variant.name == "workload-identity");
    found.with_context(|| format!("{} has no variant workload-identity", chart.name()))
}
