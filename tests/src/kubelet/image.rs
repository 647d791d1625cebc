//! Images: what a container finds as its root, and what it runs where it does not say.

mod handmade;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::objects::Data;
use super::spec::PullPolicy;
use crate::{Binary, OciImage, shipped_image};

/// An image on a node.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) rootfs: PathBuf,
    pub(super) config: Config,
}

/// The part of an image's configuration that is played (OCI image specification, `config.config`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    #[serde(default)]
    pub(super) env: Vec<String>,
    #[serde(default)]
    pub(super) entrypoint: Vec<String>,
    #[serde(default)]
    pub(super) cmd: Vec<String>,
    #[serde(default)]
    pub(super) working_dir: String,
    #[serde(default)]
    pub(super) user: String,
}

/// Where the images of a test come from. It can be lost, as with a region.
#[derive(Debug)]
pub struct Registry {
    images: BTreeMap<String, Origin>,
    lost: AtomicBool,
}

#[derive(Debug, Clone)]
enum Origin {
    Archive(PathBuf),
    Programs(Vec<Binary>),
}

impl Origin {
    fn of(name: &str, programs: Vec<Binary>) -> Self {
        if let Some(archive) = shipped_image(name) {
            return Self::Archive(archive);
        }
        println!(
            "skipped: the image {name} as it is shipped; one was put together from the binaries instead"
        );
        Self::Programs(programs)
    }
}

/// The images that a node has pulled.
#[derive(Debug)]
pub(super) struct Images {
    registry: Arc<Registry>,
    folder: PathBuf,
    pulled: Mutex<BTreeMap<String, Arc<Image>>>,
}

impl Registry {
    /// One with our images, as `cargo xtask dist` built them, and with an image of the workload that marks, whose
    /// repository is `orders`. Where an image was not built, it is put together from the binaries under test.
    pub fn new() -> Self {
        let ours = [
            ("heart-monitor", vec![Binary::HeartMonitor]),
            ("heartbeat-writer", vec![Binary::HeartbeatWriter]),
            ("flatline", vec![Binary::HeartbeatWriter, Binary::HeartMonitor]),
        ];
        let mut images: BTreeMap<_, _> =
            ours.map(|(name, programs)| (name.to_owned(), Origin::of(name, programs))).into();
        images.insert("orders".to_owned(), Origin::Programs(vec![Binary::MarkingWorkload]));
        Self { images, lost: AtomicBool::new(false) }
    }

    /// From here on nobody can pull.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    fn fetch(&self, repository: &str, into: &Path) -> Result<Image> {
        ensure!(!self.lost.load(Ordering::Relaxed), "cannot pull {repository}: the registry does not answer");
        let origin =
            self.images.get(repository).with_context(|| format!("there is no image {repository}"))?;
        match origin {
            Origin::Archive(file) => unpacked(file, into),
            Origin::Programs(programs) => handmade::image(programs, into),
        }
        .with_context(|| format!("cannot pull {repository}"))
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl Images {
    pub(super) fn new(registry: Arc<Registry>, folder: PathBuf) -> Self {
        Self { registry, folder, pulled: Mutex::default() }
    }

    /// The image of a container, pulled where the policy asks for it.
    pub(super) fn get(&self, reference: &str, policy: PullPolicy) -> Result<Arc<Image>> {
        let name = repository(reference);
        let mut pulled = self.pulled.lock().unwrap_or_else(PoisonError::into_inner);
        let there = pulled.get(name).cloned();
        match (there, policy) {
            (Some(image), PullPolicy::IfNotPresent | PullPolicy::Never) => Ok(image),
            (None, PullPolicy::Never) => anyhow::bail!("{name} is not there and never pulled"),
            (_, PullPolicy::Always | PullPolicy::IfNotPresent) => {
                let into = self.folder.join(format!("{name}-{}", pulled.len()));
                let image = Arc::new(self.registry.fetch(name, &into)?);
                pulled.insert(name.to_owned(), Arc::clone(&image));
                Ok(image)
            }
        }
    }
}

fn unpacked(archive: &Path, into: &Path) -> Result<Image> {
    let (image, rootfs) = (OciImage::read(archive)?, into.join("rootfs"));
    fs::create_dir_all(&rootfs)?;
    image.unpack(&rootfs)?;
    Ok(Image { rootfs, config: serde_json::from_value(image.config()["config"].clone())? })
}

/// The last part of an image's name, without tag and digest.
fn repository(reference: &str) -> &str {
    let name = reference.split_once('@').map_or(reference, |(name, _)| name);
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    last.split_once(':').map_or(last, |(name, _)| name)
}

impl Config {
    pub(super) fn variables(&self) -> Data {
        let pairs = self.env.iter().filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// User and group, as numbers; root where it says nothing.
    pub(super) fn user(&self) -> Result<(u32, u32)> {
        let (user, group) = self.user.split_once(':').unwrap_or((&self.user, ""));
        let number = |text: &str| {
            if text.is_empty() {
                Ok(0)
            } else {
                text.parse().with_context(|| format!("the user {text} is no number"))
            }
        };
        Ok((number(user)?, number(group)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_in_any_reference() {
        let table = [
            ("heart-monitor", "heart-monitor"),
            ("registry.example:5000/mirror/heart-monitor:0.1.0", "heart-monitor"),
            ("registry.example/flatline@sha256:00", "flatline"),
            ("registry.example/flatline:1@sha256:00", "flatline"),
        ];
        for (reference, expected) in table {
            assert_eq!(repository(reference), expected);
        }
    }

    #[test]
    fn a_user_is_two_numbers() {
        let user = |text: &str| Config { user: text.to_owned(), ..Config::default() }.user();
        assert_eq!(user("65532:65533").unwrap(), (65532, 65533));
        assert_eq!(user("65532").unwrap(), (65532, 0));
        assert_eq!(user("").unwrap(), (0, 0));
        assert!(user("nobody").is_err());
    }
}
