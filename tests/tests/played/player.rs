//! The player itself, with pods made by hand: it would prove little if it let containers do more than a cluster does.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use flatline_tests::{
    FolderStore, Happening, Kubelet, Manifest, Network, Objects, Registry, Ticks, in_order, until,
};
use serde_json::{Value, json};

use crate::SOON;
use crate::stage::can_be_played;
use crate::store::open_to_everybody;

/// A node with one place for a pod, and what its containers have said.
struct Node {
    kubelet: Kubelet,
    network: Network,
    said: Arc<Mutex<String>>,
}

impl Node {
    /// One whose claim `folder` is bound to this folder.
    fn with(folder: &Path) -> Result<Self> {
        let said = Arc::<Mutex<String>>::default();
        let ear = Arc::clone(&said);
        let objects = Objects::default().claim("folder", folder);
        let kubelet = Kubelet::new("node-a", Arc::new(Registry::new()), objects)?
            .echo(Arc::new(move |_, line| ear.lock().unwrap_or_else(PoisonError::into_inner).push_str(line)));
        Ok(Self { kubelet, network: Network::with_regions(&["a"])?, said })
    }

    fn start(&self, init_containers: &[Value], container: &Value) -> Result<flatline_tests::Pod> {
        let volumes = json!([
            { "name": "empty", "emptyDir": {} },
            { "name": "folder", "persistentVolumeClaim": { "claimName": "folder" } },
        ]);
        let restart = if init_containers.is_empty() { "Never" } else { "OnFailure" };
        let spec = json!({
            "restartPolicy": restart, "automountServiceAccountToken": false, "volumes": volumes,
            "initContainers": init_containers, "containers": [container],
        });
        let pod =
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "by-hand" }, "spec": spec });
        let manifest = Manifest::parse_all(&pod.to_string())?.pop().context("one pod")?;
        self.kubelet.start(&manifest, &self.network.region("a")?)
    }

    fn heard(&self) -> String {
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A container of the monitor's image, restricted as all of ours are.
fn monitor(name: &str, args: &[&str], mounts: &Value) -> Value {
    let restricted = json!({
        "runAsNonRoot": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    });
    json!({
        "name": name, "image": "registry.example/heart-monitor:1", "args": args, "volumeMounts": mounts,
        "securityContext": restricted,
    })
}

#[test]
fn a_container_writes_where_its_volumes_let_its_user_and_nowhere_else() -> Result<()> {
    if !can_be_played() {
        return Ok(());
    }
    let of_root = tempfile::tempdir()?;
    fs::set_permissions(of_root.path(), Permissions::from_mode(0o755))?;
    let node = Node::with(of_root.path())?;
    let table = [
        ("/usr/local/bin", json!([]), 2, "mount the volume without readOnly"),
        ("/v", json!([{ "name": "empty", "mountPath": "/v", "readOnly": true }]), 2, "without readOnly"),
        ("/v", json!([{ "name": "folder", "mountPath": "/v" }]), 2, "let the user of this container write"),
        ("/v", json!([{ "name": "empty", "mountPath": "/v" }]), 0, "/v/heart-monitor"),
    ];
    for (folder, mounts, expected, part) in table {
        let pod = node.start(&[], &monitor("installer", &["install", folder], &mounts))?;
        let code = pod.completes_within(SOON)?;
        let said = node.heard();
        ensure!(code == expected && said.contains(part), "{folder}, {mounts}: {code}, {said}");
    }
    ensure!(fs::read_dir(of_root.path())?.count() == 0, "nothing came into the folder of root");
    Ok(())
}

#[test]
fn an_init_container_that_fails_is_tried_again_and_nothing_starts_before_it_succeeds() -> Result<()> {
    if !can_be_played() {
        return Ok(());
    }
    let store = FolderStore::new()?;
    open_to_everybody(&store.path())?;
    let node = Node::with(&store.path())?;
    let mounts = json!([{ "name": "folder", "mountPath": "/store" }]);
    let check = monitor("check", &["check", "--store", "/store", "--that-cluster", "a"], &mounts);
    let pod = node.start(&[check], &monitor("main", &["--version"], &json!([])))?;
    until("the check to fail twice", SOON, || (pod.starts("check") > 2).then_some(()))?;
    ensure!(pod.starts("main") == 0, "the container waits for the check");
    store.put_stamp("a", Ticks::now()?)?;
    pod.comes_to("main", &Happening::Ended(0), SOON)?;
    let failed = ("check", Happening::Ended(2));
    let expected = [failed.clone(), failed, ("check", Happening::Ended(0)), ("main", Happening::Started)];
    in_order(&pod.events(), &expected)?;
    ensure!(pod.completes_within(SOON)? == 0, "it is complete");
    Ok(())
}
