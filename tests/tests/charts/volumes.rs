//! The volume of a share: it outlives the release that made it, and is never changed.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use flatline_tests::{Chart, Manifest};

use crate::{object, of_every_object, text};

#[test]
fn volumes_and_claims_outlive_their_release() -> Result<()> {
    of_every_object(short_lived)
}

#[test]
fn a_volume_that_goes_with_its_release_is_refused() -> Result<()> {
    let volume = object(
        "kind: PersistentVolume\nmetadata: { name: x }\nspec: { persistentVolumeReclaimPolicy: Delete, csi: { volumeHandle: y } }",
    )?;
    assert_eq!(short_lived(&volume).len(), 4);
    Ok(())
}

#[test]
fn other_settings_of_a_share_make_another_volume() -> Result<()> {
    let chart = Chart::named("hot-standby-example")?;
    let variants = chart.variants()?;
    let share =
        variants.iter().find(|variant| variant.name == "azure-files-smb").context("no azure-files-smb")?;
    let settings: [&[&str]; 4] = [
        &[],
        &["flatline.store.azureFiles.server=10.0.0.4"],
        &["flatline.store.azureFiles.extraMountOptions[0]=vers=3.1.1"],
        &["flatline.podSecurityContext.fsGroup=1000"],
    ];
    let mut names = BTreeSet::new();
    for sets in settings {
        let objects = chart.render(&[&share.values], sets)?;
        let volume = objects.iter().find(|object| object.kind == "PersistentVolume").context("no volume")?;
        names.insert(text(&volume.value, "/metadata/name").to_owned());
    }
    assert_eq!(names.len(), settings.len(), "{names:?}");
    Ok(())
}

fn short_lived(object: &Manifest) -> Vec<String> {
    if !object.kind.starts_with("PersistentVolume") {
        return Vec::new();
    }
    let mut found = Vec::new();
    if text(&object.value, "/metadata/annotations/helm.sh~1resource-policy") != "keep" {
        found.push("is deleted by an upgrade with other settings, under the pods that use it");
    }
    let options = text(&object.value, "/metadata/annotations/argocd.argoproj.io~1sync-options");
    if !options.split(',').any(|option| option == "Prune=false") {
        found.push("is pruned by Argo CD after an upgrade with other settings");
    }
    if object.kind == "PersistentVolume" {
        if text(&object.value, "/spec/persistentVolumeReclaimPolicy") != "Retain" {
            found.push("takes the share with it");
        }
        if text(&object.value, "/spec/csi/volumeHandle") != text(&object.value, "/metadata/name") {
            found.push("has the handle of another volume");
        }
    }
    found.into_iter().map(str::to_owned).collect()
}
