//! What a container may do is what its manifest lets it: the player would prove little if it let it do more.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use flatline_tests::{Kubelet, Manifest, Network, Objects, Registry};
use serde_json::{Value, json};

use crate::SOON;

/// A pod whose only container installs the guard into a folder.
fn installer(folder: &str, mounts: &Value) -> Result<Manifest> {
    let restricted = json!({
        "runAsNonRoot": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    });
    let container = json!({
        "name": "installer", "image": "registry.example/heart-monitor:1", "args": ["install", folder],
        "volumeMounts": mounts, "securityContext": restricted,
    });
    let volumes = json!([
        { "name": "empty", "emptyDir": {} },
        { "name": "claim", "persistentVolumeClaim": { "claimName": "of-root" } },
    ]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "installer" },
        "spec": {
            "restartPolicy": "Never", "automountServiceAccountToken": false,
            "containers": [container], "volumes": volumes,
        },
    });
    Manifest::parse_all(&pod.to_string())?.pop().context("one pod")
}

#[test]
fn a_container_writes_where_its_volumes_let_its_user_and_nowhere_else() -> Result<()> {
    if let Some(why) = Kubelet::unavailable() {
        println!("skipped: {why}");
        return Ok(());
    }
    let of_root = tempfile::tempdir()?;
    fs::set_permissions(of_root.path(), Permissions::from_mode(0o755))?;
    let said = Arc::<Mutex<String>>::default();
    let ear = Arc::clone(&said);
    let objects = Objects::default().claim("of-root", of_root.path());
    let kubelet = Kubelet::new("node-a", Arc::new(Registry::new()), objects)?
        .echo(Arc::new(move |_, line| ear.lock().unwrap_or_else(PoisonError::into_inner).push_str(line)));
    let network = Network::with_regions(&["a"])?;
    let table = [
        ("/usr/local/bin", json!([]), "mount the volume without readOnly"),
        (
            "/flatline",
            json!([{ "name": "empty", "mountPath": "/flatline", "readOnly": true }]),
            "without readOnly",
        ),
        (
            "/flatline",
            json!([{ "name": "claim", "mountPath": "/flatline" }]),
            "let the user of this container write",
        ),
        ("/flatline", json!([{ "name": "empty", "mountPath": "/flatline" }]), "/flatline/heart-monitor"),
    ];
    for (folder, mounts, part) in table {
        let pod = kubelet.start(&installer(folder, &mounts)?, &network.region("a")?)?;
        let code = pod.completes_within(SOON)?;
        let said = std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
        let expected = if part.contains("let the") || part.contains("without") { 2 } else { 0 };
        ensure!(code == expected && said.contains(part), "{folder}, {mounts}: {code}, {said}");
    }
    ensure!(fs::read_dir(of_root.path())?.count() == 0, "nothing came into the folder of root");
    Ok(())
}
