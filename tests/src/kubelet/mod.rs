//! A kubelet in miniature: it plays a rendered pod on this machine, so that a test sees what a cluster would make of a
//! manifest. Its containers are real processes in the root of their images, in the kubelet's order, with their variables,
//! arguments, volumes, user and probes; each pod has an address of its own.
//!
//! What is played stands in [`spec`]. Anything else in a manifest is an error, but for what is listed there as making no
//! difference. There is no API server, scheduler or controller: a test decides which pods there are.

mod environment;
mod image;
mod objects;
mod playing;
mod pod;
mod preparing;
mod probes;
mod process;
mod role;
mod sandbox;
mod spec;
mod volumes;

use std::fmt;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

pub use image::Registry;
pub use objects::Objects;
pub use pod::{Event, Happening, Pod, in_order};

use environment::Facts;
use image::Images;
use playing::Playing;
use spec::Template;
use volumes::Volumes;

use crate::program::find;
use crate::{Echo, Manifest, Network, Region};

/// The node of one cluster. What it holds goes when it is dropped; its pods must have gone before.
pub struct Kubelet {
    node: String,
    folder: TempDir,
    images: Arc<Images>,
    objects: Mutex<Objects>,
    echo: Option<Echo>,
    pods: AtomicU32,
}

impl fmt::Debug for Kubelet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubelet").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Kubelet {
    /// Why no pod can be played on this machine, if so.
    pub fn unavailable() -> Option<String> {
        for program in ["bwrap", "setpriv", "nsenter", "ldd"] {
            if find(program).is_none() {
                return Some(format!("{program} is not installed"));
            }
        }
        let mut tried = Command::new("setpriv");
        tried.args(["--reuid=65532", "--regid=65532", "--clear-groups", "bwrap", "--unshare-user"]);
        tried.args(["--unshare-pid", "--as-pid-1", "--ro-bind", "/", "/", "--proc", "/proc", "true"]);
        match tried.stdout(Stdio::null()).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Network::unavailable(),
            _ => Some(
                "only root makes sandboxes for other users, and only where those may have namespaces"
                    .to_owned(),
            ),
        }
    }

    /// Whether all of a manifest's pod would be played; the error says what would not.
    pub fn understands(manifest: &Manifest) -> Result<()> {
        template(manifest).map(drop)
    }

    /// A node that has pulled nothing yet.
    pub fn new(node: &str, registry: Arc<Registry>, objects: Objects) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("flatline-node-").tempdir()?;
        // Containers run as users who have to get through.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let images = Arc::new(Images::new(registry, folder.path().join("images")));
        let (node, objects) = (node.to_owned(), Mutex::new(objects));
        Ok(Self { node, folder, images, objects, echo: None, pods: AtomicU32::new(0) })
    }

    /// Hands each line of every container to somebody as it arrives.
    #[must_use]
    pub fn echo(mut self, echo: Echo) -> Self {
        self.echo = Some(echo);
        self
    }

    /// Adds the secrets and config maps of a release, for the pods that start from now on.
    pub fn apply(&self, release: &[Manifest]) -> Result<()> {
        let mut objects = self.objects();
        release.iter().try_for_each(|manifest| objects.apply(&manifest.value).with_context(|| manifest.id()))
    }

    /// Starts a pod of a manifest, at the address of this region.
    pub fn start(&self, manifest: &Manifest, region: &Region) -> Result<Pod> {
        let template = template(manifest)?;
        let number = self.pods.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.path().join(format!("pod-{number}"));
        fs::create_dir_all(&folder)?;
        let facts = self.facts(manifest, &template, number, region);
        let objects = self.objects().clone();
        let Template { spec, .. } = template;
        let group = spec.security_context.fs_group;
        let volumes = Volumes::make(&spec.volumes, group, &objects, &folder.join("volumes"))?;
        let (name, grace) = (facts.pod.clone(), Duration::from_secs(spec.termination_grace_period_seconds));
        let playing = Playing {
            spec,
            facts,
            region: region.clone(),
            images: Arc::clone(&self.images),
            objects,
            volumes,
            folder,
            echo: self.echo.clone(),
            shared: Arc::default(),
        };
        Pod::start(&name, grace, playing)
    }

    /// What the containers of a pod may ask about it; `number` tells it from others of its Deployment.
    fn facts(&self, manifest: &Manifest, template: &Template, number: u32, region: &Region) -> Facts {
        let namespace = manifest.at("/metadata/namespace").and_then(Value::as_str);
        let name = &manifest.name;
        Facts {
            pod: if manifest.kind == "Pod" { name.clone() } else { format!("{name}-{number}") },
            namespace: namespace.unwrap_or("default").to_owned(),
            labels: template.metadata.labels.clone(),
            service_account: template.spec.service_account_name.clone(),
            node: self.node.clone(),
            address: region.address().to_string(),
        }
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn template(manifest: &Manifest) -> Result<Template> {
    let id = manifest.id();
    let pod = manifest.pod().with_context(|| format!("{id} makes no pod"))?;
    Template::parse(pod).context(id)
}
