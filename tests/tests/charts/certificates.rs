//! A private certificate authority: one value reaches everything that speaks to the store.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{list, nothing_in, rendered, text};

#[test]
fn one_value_brings_the_bundle_to_whatever_speaks_to_the_store() -> Result<()> {
    let mut findings = Vec::new();
    let mut looked_at = Vec::new();
    for rendered in rendered()?.iter().filter(|rendered| rendered.variant.name == "private-authority") {
        for object in &rendered.manifests {
            for (_, container) in object.containers() {
                if list(container, "/env").iter().any(|it| text(it, "/name") == "HEARTBEAT_STORE") {
                    looked_at.push(text(container, "/name").to_owned());
                    let without = without_bundle(container, object.pod().context("a container is in a pod")?);
                    let told = |finding| format!("{} {}: {finding}", object.id(), text(container, "/name"));
                    findings.extend(without.map(told));
                }
            }
        }
    }
    nothing_in(&findings);
    looked_at.sort_unstable();
    assert_eq!(looked_at, ["flatline-gate", "heart-beats", "heart-beats", "heartbeat-writer", "orders"]);
    Ok(())
}

/// What keeps a container from the bundle: the variable, the mount, or the volume with its key.
fn without_bundle(container: &Value, pod: &Value) -> Option<String> {
    let variable = list(container, "/env").iter().find(|it| text(it, "/name") == "SSL_CERT_FILE");
    let Some(file) = variable.map(|it| text(it, "/value")) else {
        return Some("has no SSL_CERT_FILE".to_owned());
    };
    let mounts = list(container, "/volumeMounts").iter();
    let mut around = mounts.filter_map(|it| {
        let rest = file.strip_prefix(text(it, "/mountPath"))?.strip_prefix('/')?;
        Some((text(it, "/name"), rest))
    });
    let Some((volume, path)) = around.next() else { return Some(format!("mounts nothing at {file}")) };
    let volume = list(pod, "/spec/volumes").iter().find(|it| text(it, "/name") == volume);
    let items = volume.map(|it| [list(it, "/configMap/items"), list(it, "/secret/items")].concat());
    let has_it = items.is_some_and(|items| items.iter().any(|item| text(item, "/path") == path));
    (!has_it).then(|| format!("finds no {path} in its volume"))
}
