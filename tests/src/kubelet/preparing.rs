//! What is made ready before a container starts.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::environment;
use super::playing::Playing;
use super::pod::Happening;
use super::probes::Prober;
use super::process::Process;
use super::sandbox::{self, Bind, Sandbox};
use super::spec::Container;

/// How long it waits before it looks again whether a sandbox is ready.
const STEP: Duration = Duration::from_millis(1);
/// How long a sandbox may take to be made, on a busy machine.
const MADE: Duration = Duration::from_secs(20);

impl Playing {
    /// Starts a container's process.
    pub(super) fn start(&self, container: &Container) -> Result<(Process, Prober)> {
        let sandbox = self.sandbox(container)?;
        let mut program = sandbox.program()?.label(format!("{} {}", self.facts.pod, container.name));
        if let Some(echo) = &self.echo {
            program = program.echo(Arc::clone(echo));
        }
        // Before it can do anything that shows.
        self.shared.note(&container.name, Happening::Started);
        let mut process = Process::start(program)?;
        let prober = Prober::start(container, &self.region)?;
        let deadline = Instant::now() + MADE;
        let first = loop {
            match process.first() {
                Some(first) => break first,
                // The process was so short that there is nothing to enter.
                None if process.ended()?.is_some() => return Ok((process, prober)),
                None => thread::sleep(STEP),
            }
            ensure!(Instant::now() < deadline, "waited {MADE:?} for its sandbox, in vain");
        };
        self.shared.state().inside.insert(container.name.clone(), (first, sandbox));
        Ok((process, prober))
    }

    fn sandbox(&self, container: &Container) -> Result<Sandbox> {
        let image = self.images.get(&container.image, container.image_pull_policy)?;
        let variables = environment::variables(container, &image.config, &self.facts, &self.objects)?;
        let command = environment::command_line(container, &image.config, &variables)?;
        let mounts = self.mounts(container)?;
        let rootfs = self.folder.join("containers").join(&container.name);
        let _ = fs::remove_dir_all(&rootfs);
        sandbox::copy_with_places(&image.rootfs, &rootfs, &mounts)?;
        let of_image = Some(&image.config.working_dir).filter(|folder| !folder.is_empty());
        let folder = container.working_dir.as_ref().or(of_image).map_or("/", String::as_str).to_owned();
        let (user, group) = self.user(container, image.config.user()?)?;
        Ok(Sandbox {
            region: self.region.clone(),
            host_name: self.facts.pod.clone(),
            user: (user, group),
            group: self.spec.security_context.fs_group,
            rootfs,
            mounts,
            folder,
            variables,
            command,
        })
    }

    /// Whom the container runs as: its own wish, the pod's, or the image's.
    fn user(&self, container: &Container, (user, group): (u32, u32)) -> Result<(u32, u32)> {
        let (own, pod) = (&container.security_context, &self.spec.security_context);
        let user = own.run_as_user.or(pod.run_as_user).unwrap_or(user);
        let group = own.run_as_group.or(pod.run_as_group).unwrap_or(group);
        let non_root = own.run_as_non_root.or(pod.run_as_non_root).unwrap_or(false);
        ensure!(!non_root || user != 0, "{} has runAsNonRoot and would run as root", container.name);
        ensure!(user != 0, "{} would run as root, which is not played", container.name);
        Ok((user, group))
    }

    /// What the container mounts, outer places first; and the file of names that the kubelet gives to each.
    fn mounts(&self, container: &Container) -> Result<Vec<Bind>> {
        let hosts = self.folder.join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost\n{} {}\n", self.facts.address, self.facts.pod))?;
        let mut mounts = vec![Bind { from: hosts, to: "/etc/hosts".into(), read_only: true }];
        for mount in &container.volume_mounts {
            let from = self.volumes.folder(&mount.name)?.join(&mount.sub_path);
            if !from.exists() {
                bail!("{} of volume {} is not there, and is not made here", mount.sub_path, mount.name);
            }
            mounts.push(Bind { from, to: mount.place.clone().into(), read_only: mount.read_only });
        }
        mounts.sort_by_key(|mount| mount.to.components().count());
        Ok(mounts)
    }
}
