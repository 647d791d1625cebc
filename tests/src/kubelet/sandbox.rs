//! A container's process: bubblewrap around it, with namespaces of its own, and the user that it would have.
//!
//! The network namespace is the pod's. The user is a real one without rights, so what a volume does not allow is denied.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::objects::Data;
use crate::program::find;
use crate::{Program, Region};

/// What a container is made of.
#[derive(Debug, Clone)]
pub(super) struct Sandbox {
    pub(super) region: Region,
    pub(super) host_name: String,
    /// User and group.
    pub(super) user: (u32, u32),
    /// A further group, of the pod's volumes.
    pub(super) group: Option<u32>,
    pub(super) rootfs: PathBuf,
    pub(super) mounts: Vec<Bind>,
    pub(super) folder: String,
    pub(super) variables: Data,
    pub(super) command: Vec<String>,
}

/// One place of the machine that shows inside.
#[derive(Debug, Clone)]
pub(super) struct Bind {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    pub(super) read_only: bool,
}

impl Sandbox {
    /// The container's process, as process 1 in there. It dies with whoever started it.
    pub(super) fn program(&self) -> Result<Program> {
        let (user, group) = self.user;
        let [user, group] = [user, group].map(|number| number.to_string());
        let mut bwrap = Program::at(find("bwrap").context("bwrap is not installed")?)
            .args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"])
            .args(["--uid", &user, "--gid", &group, "--hostname", &self.host_name])
            .args(["--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--ro-bind"])
            .arg(&self.rootfs)
            .args(["/", "--proc", "/proc", "--dev", "/dev"]);
        for Bind { from, to, read_only } in &self.mounts {
            bwrap = bwrap.arg(if *read_only { "--ro-bind" } else { "--bind" }).arg(from).arg(to);
        }
        let program = bwrap.args(["--chdir", &self.folder, "--"]).args(&self.command).envs(&self.variables);
        let groups = match self.group {
            Some(group) => format!("--groups={group}"),
            None => "--clear-groups".to_owned(),
        };
        let as_user = ["setpriv", &format!("--reuid={user}"), &format!("--regid={group}"), &groups];
        self.region.program(program.under(&as_user)?)
    }

    /// Another process in the container whose first process has this number, as `kubectl exec` starts one.
    pub(super) fn beside(&self, first: u32, command: &[&str]) -> Result<Program> {
        let (user, group) = self.user;
        let (target, user, group) = (first.to_string(), user.to_string(), group.to_string());
        let program = Program::at(find("nsenter").context("nsenter is not installed")?)
            .args(["--target", &target, "--setuid", &user, "--setgid", &group])
            .args(["--user", "--mount", "--pid", "--net", "--ipc", "--uts", "--root", "--wd", "--"])
            .args(command);
        Ok(program.envs(&self.variables).label(command.first().copied().unwrap_or("exec")))
    }
}

/// A container's own copy of its image, with a place for everything that is mounted. Files are shared with the image,
/// since nobody can write to them.
pub(super) fn copy_with_places(image: &Path, copy: &Path, mounts: &[Bind]) -> Result<()> {
    link(image, copy)?;
    for folder in ["proc", "dev"] {
        fs::create_dir_all(copy.join(folder))?;
    }
    // A mount on top of another finds its place there, or bubblewrap makes it.
    for Bind { from, to, .. } in mounts {
        ensure!(to.components().all(|part| part != Component::ParentDir), "{} leads upwards", to.display());
        let place =
            copy.join(to.strip_prefix("/").with_context(|| format!("{} is not absolute", to.display()))?);
        if from.is_dir() {
            fs::create_dir_all(place)?;
        } else {
            fs::create_dir_all(place.parent().context("a file is in a folder")?)?;
            // Not into a file of the image, which others share.
            let _ = fs::remove_file(&place);
            fs::write(place, "")?;
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let (kind, source, target) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
        if kind.is_dir() {
            link(&source, &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)?;
        } else {
            fs::hard_link(&source, target)?;
        }
    }
    Ok(())
}
