//! A mount whose server took the calls and never answers: every file call on it hangs, until its process is killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::program::find;
use crate::until;

/// How long mounting may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds the server's end of a FUSE mount open, and never reads from it, until its standard input closes.
const SERVE_NOTHING: &str = "exec 3<>/dev/fuse; \
    mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other dead \"$1\" || exit; exec cat";

/// A dead mount over a folder. Once it is [taken away](Self::take_away) the folder shows again, and what hangs goes on
/// hanging; dropping it lets that fail as well.
#[derive(Debug)]
pub struct DeadMount {
    folder: PathBuf,
    server: Child,
    _open: Option<ChildStdin>,
    is_mounted: bool,
}

impl DeadMount {
    /// Why there can be none on this machine, if so.
    pub fn unavailable() -> Option<String> {
        if ["mount", "umount", "sh"].iter().any(|program| find(program).is_none()) {
            return Some("mount or umount is not installed".to_owned());
        }
        if !rustix::process::geteuid().is_root() {
            return Some("mounting takes root".to_owned());
        }
        match File::options().read(true).write(true).open("/dev/fuse") {
            Err(error) => Some(format!("/dev/fuse cannot be opened: {error}")),
            Ok(_) => None,
        }
    }

    /// Lays it over a folder.
    pub fn over(folder: &Path) -> Result<Self> {
        let mut server = Command::new("sh")
            .args(["-c", SERVE_NOTHING, "sh"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let open = server.stdin.take();
        let mut mount = Self { folder: folder.to_owned(), server, _open: open, is_mounted: false };
        until("the mount to be there", PATIENCE, || is_mount(folder).then_some(()))?;
        mount.is_mounted = true;
        Ok(mount)
    }

    /// Takes it off the folder, as a new mount in its place would; what hangs on it still hangs.
    pub fn take_away(&mut self) -> Result<()> {
        let umount = Command::new("umount").arg("-l").arg(&self.folder).status()?;
        ensure!(umount.success(), "umount ended with {umount}");
        self.is_mounted = false;
        Ok(())
    }
}

impl Drop for DeadMount {
    fn drop(&mut self) {
        if self.is_mounted && self.take_away().is_err() {
            eprintln!("{} stays mounted", self.folder.display());
        }
        // Without a server calls fail rather than hang.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// By the kernel's table: a look at the folder itself would hang.
fn is_mount(folder: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table.lines().any(|line| line.split(' ').nth(4).is_some_and(|place| Path::new(place) == folder))
}
