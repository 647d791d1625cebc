//! A cluster on the stage: a node, and the releases of the charts on it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use flatline_tests::{Chart, Exit, Happening, Kubelet, Manifest, Pod, Registry, in_order};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::SOON;
use crate::stage::Stage;
use crate::store::PlayedStore;

/// The container of the workload.
pub(crate) const WORKLOAD: &str = "orders";
/// That of the beacon.
pub(crate) const BEACON: &str = "heartbeat-writer";

/// Where beacon, gate and guard listen unless told otherwise.
pub(crate) const PORT: u16 = 9600;

/// The releases `heartbeat-writer` and `orders` of one cluster.
#[derive(Debug)]
pub(crate) struct Cluster<'s, S> {
    pub(crate) name: &'static str,
    stage: &'s Stage<S>,
    registry: Arc<Registry>,
    kubelet: Kubelet,
    values: TempDir,
}

/// The pods that a cluster runs.
#[derive(Debug)]
pub(crate) struct Pods {
    pub(crate) beacon: Pod,
    pub(crate) work: Pod,
}

impl<'s, S: PlayedStore> Cluster<'s, S> {
    pub(crate) fn new(stage: &'s Stage<S>, name: &'static str) -> Result<Self> {
        let registry = Arc::<Registry>::default();
        let log = stage.log.path();
        let objects = stage.store.objects()?.claim("marks", log.parent().context("a log is in a folder")?);
        let kubelet =
            Kubelet::new(&format!("node-{name}"), Arc::clone(&registry), objects)?.echo(stage.story.ear());
        Ok(Self { name, stage, registry, kubelet, values: tempfile::tempdir()? })
    }

    /// Both releases, just installed; the workload's with these values.
    pub(crate) fn starts(&self, values: &Value) -> Result<Pods> {
        let beacon = self.beacon()?;
        Ok(Pods { beacon, work: self.work(values)? })
    }

    /// A pod of the beacon that beats.
    pub(crate) fn beacon(&self) -> Result<Pod> {
        self.beacon_at("beacon")
    }

    /// Another one, as there are two by default.
    pub(crate) fn second_beacon(&self) -> Result<Pod> {
        self.beacon_at("more")
    }

    fn beacon_at(&self, place: &str) -> Result<Pod> {
        // Asked often and with little patience, so that a question that restarts too much shows.
        let values = json!({ "livenessProbe": { "periodSeconds": 1, "failureThreshold": 2 } });
        let pod = self.start(&deployment_in(self.rendered(BEACON, &values)?)?, place)?;
        pod.comes_to(BEACON, &Happening::Ready, SOON)?;
        Ok(pod)
    }

    /// What `helm test` would start.
    pub(crate) fn helm_test(&self) -> Result<Pod> {
        let values = json!({ "test": { "watchFor": "3s" } });
        let rendered = self.rendered(BEACON, &values)?;
        let manifest = rendered.into_iter().find(Manifest::is_test).context("the chart has a test")?;
        self.start(&manifest, "more")
    }

    /// A pod of the workload.
    pub(crate) fn work(&self, values: &Value) -> Result<Pod> {
        let mut all = json!({
            "image": { "registry": "registry.example", "repository": "orders", "tag": "1" },
            "command": ["marking-workload"],
            "args": ["/marks/marks"],
            "extraVolumes": [{ "name": "marks", "persistentVolumeClaim": { "claimName": "marks" } }],
            "extraVolumeMounts": [{ "name": "marks", "mountPath": "/marks" }],
            "terminationGracePeriodSeconds": 5,
        });
        merge(&mut all, values);
        self.start(&deployment_in(self.rendered("hot-standby-example", &all)?)?, "work")
    }

    /// A pod of a chart that knows nothing of ours, with these values.
    pub(crate) fn foreign(&self, values: &Value) -> Result<Pod> {
        let chart = Chart::at(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts/third-party").as_ref())?;
        let file = self.values_of(chart.name());
        fs::write(&file, values.to_string())?;
        self.start(&deployment_in(chart.render(&[&file], &[])?)?, "work")
    }

    /// A pod of a chart of the tests that uses our library, with these values.
    pub(crate) fn of_fixture(&self, chart: &str, values: &Value) -> Result<Pod> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts")).join(chart);
        self.start(&deployment_in(self.rendered_by(&Chart::at(&folder)?, values)?)?, "work")
    }

    /// The pod of a workload that somebody else's chart has rendered.
    pub(crate) fn start_workload(&self, rendered: Vec<Manifest>) -> Result<Pod> {
        let is_workload = |it: &Manifest| it.kind == "Deployment" || it.kind == "StatefulSet";
        let workload = rendered.into_iter().find(is_workload).context("the chart has a workload")?;
        self.start(&workload, "work")
    }

    /// From now on nothing can be pulled in this cluster.
    pub(crate) fn loses_its_registry(&self) {
        self.registry.lose();
    }

    fn start(&self, manifest: &Manifest, place: &str) -> Result<Pod> {
        self.kubelet.start(manifest, &self.stage.network.region(&format!("{}-{place}", self.name))?)
    }

    fn rendered(&self, chart: &str, values: &Value) -> Result<Vec<Manifest>> {
        self.rendered_by(&Chart::named(chart)?, values)
    }

    fn rendered_by(&self, chart: &Chart, values: &Value) -> Result<Vec<Manifest>> {
        let that = if self.name == "a" { "b" } else { "a" };
        let mut all = json!({ "flatline": self.stage.flatline(self.name, that) });
        merge(&mut all, values);
        let file = self.values_of(chart.name());
        fs::write(&file, all.to_string())?;
        let rendered = chart.render(&[&file], &[])?;
        self.kubelet.apply(&rendered)?;
        Ok(rendered)
    }

    fn values_of(&self, chart: &str) -> PathBuf {
        self.values.path().join(format!("{chart}.json"))
    }
}

impl Pods {
    /// The region is lost: everything ends at once.
    pub(crate) fn die(self) -> Result<()> {
        self.beacon.kill()?;
        self.work.kill()
    }

    /// An operator's command where the beacon is, as `kubectl exec deploy/heartbeat-writer -- heart-monitor …`.
    pub(crate) fn operator(&self, words: &[&str]) -> Result<Exit> {
        let command = [&["heart-monitor"], words].concat();
        self.beacon.exec(BEACON, &command)?.start()?.exit_within(SOON)
    }
}

fn deployment_in(rendered: Vec<Manifest>) -> Result<Manifest> {
    rendered.into_iter().find(|manifest| manifest.kind == "Deployment").context("the chart has a Deployment")
}

/// Lays values over others, as Helm does.
fn merge(into: &mut Value, over: &Value) {
    let (Some(fields), true) = (over.as_object(), into.is_object()) else {
        *into = over.clone();
        return;
    };
    for (key, value) in fields {
        match into.get_mut(key) {
            Some(there) => merge(there, value),
            None => into[key] = value.clone(),
        }
    }
}

/// That the init containers of a pod ended well one after the other, and the workload was started after the last.
pub(crate) fn went_in_order(pod: &Pod, init_containers: &[&str]) -> Result<()> {
    let each =
        init_containers.iter().flat_map(|name| [(*name, Happening::Started), (*name, Happening::Ended(0))]);
    let expected: Vec<_> = each.chain([(WORKLOAD, Happening::Started)]).collect();
    let events = pod.events();
    in_order(&events, &expected)?;
    let others = events
        .iter()
        .find(|event| event.container != WORKLOAD && !init_containers.contains(&event.container.as_str()));
    ensure!(others.is_none(), "nothing else was started, and yet: {others:?}");
    Ok(())
}
