//! The volumes of a pod, as folders of this machine.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::objects::{Data, Objects};
use super::spec::{Item, Volume};

/// For everybody, as the kubelet makes an emptyDir; with a group, which new files inherit.
const EMPTY_DIR_MODE: u32 = 0o2777;

/// A folder in memory, on every Linux.
const MEMORY: &str = "/dev/shm";

/// What the mounts of a pod's containers lead to. Its own folders go when it is dropped.
#[derive(Debug)]
pub(super) struct Volumes {
    folders: BTreeMap<String, PathBuf>,
    in_memory: Vec<TempDir>,
}

impl Volumes {
    /// Makes all of them, below this folder where they are the pod's own.
    pub(super) fn make(
        volumes: &[Volume],
        group: Option<u32>,
        objects: &Objects,
        below: &Path,
    ) -> Result<Self> {
        let mut made = Self { folders: BTreeMap::new(), in_memory: Vec::new() };
        for volume in volumes {
            let folder = made.one(volume, group, objects, &below.join(&volume.name));
            let folder = folder.with_context(|| format!("volume {}", volume.name))?;
            made.folders.insert(volume.name.clone(), folder);
        }
        Ok(made)
    }

    /// The folder of a volume.
    pub(super) fn folder(&self, name: &str) -> Result<&Path> {
        self.folders.get(name).map(PathBuf::as_path).with_context(|| format!("there is no volume {name}"))
    }

    fn one(&mut self, volume: &Volume, group: Option<u32>, objects: &Objects, own: &Path) -> Result<PathBuf> {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Ok(objects.claimed(&claim.claim_name)?.to_owned());
        }
        if let Some(empty) = &volume.empty_dir {
            return self.empty_dir(&empty.medium, group, own);
        }
        fs::create_dir_all(own)?;
        if let Some(secret) = &volume.secret {
            let data = there(objects.secrets.get(&secret.secret_name), secret.optional, &secret.secret_name)?;
            write(&data, &secret.items, secret.default_mode, group, own)?;
        }
        if let Some(map) = &volume.config_map {
            let data = there(objects.config_maps.get(&map.name), map.optional, &map.name)?;
            write(&data, &map.items, map.default_mode, group, own)?;
        }
        Ok(own.to_owned())
    }

    fn empty_dir(&mut self, medium: &str, group: Option<u32>, own: &Path) -> Result<PathBuf> {
        let folder = match medium {
            "" => {
                fs::create_dir_all(own)?;
                own.to_owned()
            }
            "Memory" => {
                let folder = tempfile::Builder::new().prefix("flatline-").tempdir_in(MEMORY)?;
                let path = folder.path().to_owned();
                self.in_memory.push(folder);
                path
            }
            other => bail!("the medium {other} is not played"),
        };
        chown(&folder, None, group)?;
        fs::set_permissions(&folder, Permissions::from_mode(EMPTY_DIR_MODE))?;
        Ok(folder)
    }
}

fn there(data: Option<&Data>, optional: bool, name: &str) -> Result<Data> {
    match data {
        Some(data) => Ok(data.clone()),
        None if optional => Ok(Data::new()),
        None => bail!("there is no secret or config map {name}"),
    }
}

/// A file for each key, or for each item. Where the pod has a group, the group may read it.
fn write(data: &Data, items: &[Item], mode: u32, group: Option<u32>, folder: &Path) -> Result<()> {
    let all = data.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let chosen = |item: &Item| {
        let value = data.get(&item.key).with_context(|| format!("there is no key {}", item.key))?;
        Ok((item.path.clone(), value.clone()))
    };
    let files: Vec<(String, String)> = match items {
        [] => all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        items => items.iter().map(chosen).collect::<Result<_>>()?,
    };
    let mode = if group.is_some() { mode | 0o440 } else { mode };
    for (name, value) in files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().context("a file is in a folder")?)?;
        fs::write(&file, value)?;
        chown(&file, None, group)?;
        fs::set_permissions(&file, Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn made(volume: &Value, objects: &Objects, below: &Path) -> Result<Volumes> {
        let mut named = json!({ "name": "v" });
        named.as_object_mut().unwrap().extend(volume.as_object().unwrap().clone());
        Volumes::make(&[serde_json::from_value(named)?], None, objects, below)
    }

    #[test]
    fn keys_become_files_under_the_names_that_were_chosen() {
        let below = tempfile::tempdir().unwrap();
        let objects =
            Objects::default().secret("s", "a", "1").secret("s", "b", "2").config_map("m", "c", "3");
        let all = made(&json!({ "secret": { "secretName": "s" } }), &objects, below.path()).unwrap();
        assert_eq!(fs::read_to_string(all.folder("v").unwrap().join("b")).unwrap(), "2");
        let below = tempfile::tempdir().unwrap();
        let one = json!({ "configMap": { "name": "m", "items": [{ "key": "c", "path": "x/y" }], "defaultMode": 0o400 } });
        let one = made(&one, &objects, below.path()).unwrap();
        let file = one.folder("v").unwrap().join("x/y");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_to_string(file).unwrap(), "3");
    }

    #[test]
    fn what_is_missing_is_named_unless_it_is_optional() {
        let below = tempfile::tempdir().unwrap();
        let table = [
            (
                json!({ "secret": { "secretName": "none" } }),
                "volume v: there is no secret or config map none",
            ),
            (json!({ "persistentVolumeClaim": { "claimName": "c" } }), "no claim c"),
            (json!({ "emptyDir": { "medium": "HugePages" } }), "HugePages"),
        ];
        for (volume, part) in table {
            let error = format!("{:#}", made(&volume, &Objects::default(), below.path()).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
        let optional = json!({ "secret": { "secretName": "none", "optional": true } });
        assert!(made(&optional, &Objects::default(), below.path()).is_ok());
    }

    #[test]
    fn everybody_writes_into_an_empty_folder() {
        let below = tempfile::tempdir().unwrap();
        for medium in ["", "Memory"] {
            let made = made(&json!({ "emptyDir": { "medium": medium } }), &Objects::default(), below.path())
                .unwrap();
            let permissions = fs::metadata(made.folder("v").unwrap()).unwrap().permissions();
            assert_eq!(permissions.mode() & 0o777, 0o777);
        }
    }
}
