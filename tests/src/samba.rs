//! A real Samba share on loopback, mounted through FUSE: the nearest stand-in for a cloud's file share.
//!
//! `smbd` and `smbnetfs` run in a network namespace of their own, since `smbnetfs` speaks to port 445 only:
//! shares of several tests, and a Samba server of the machine's own, do not meet. Nothing outside the
//! temporary folder is read or written.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::program::find;
use crate::until;

/// How long a start or an unmount may take: seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// The share's name.
const SHARE: &str = "store";
/// The programs without which there is no share, with the Debian package of each.
const PROGRAMS: [(&str, &str); 6] = [
    ("smbd", "samba"),
    ("smbnetfs", "smbnetfs"),
    ("fusermount", "fuse"),
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("ip", "iproute2"),
];

/// A share that is served and mounted. Dropping it unmounts it and ends both servers; they end as well when
/// this process does.
#[derive(Debug)]
pub struct SambaShare {
    mount: Server,
    server: Server,
    dir: TempDir,
}

impl SambaShare {
    /// Why no share can be started on this machine, if so.
    pub fn unavailable() -> Option<String> {
        for (program, package) in PROGRAMS {
            if find(program).is_none() {
                return Some(format!("{program} is not installed (Debian package {package})"));
            }
        }
        if !rustix::process::geteuid().is_root() {
            return Some("mounting a Samba share takes root".to_owned());
        }
        if fs::read_to_string("/proc/self/setgroups").is_ok_and(|allowed| allowed.trim() == "deny") {
            return Some("smbd needs to set groups, and this user namespace forbids it".to_owned());
        }
        if let Err(error) = File::options().read(true).write(true).open("/dev/fuse") {
            return Some(format!("/dev/fuse cannot be opened: {error}"));
        }
        match Command::new("unshare").args(["--net", "true"]).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => None,
            _ => Some("network namespaces are not allowed here".to_owned()),
        }
    }

    /// Serves an empty share and mounts it.
    pub fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("flatline-samba-").tempdir()?;
        let place = Layout(dir.path());
        place.prepare()?;
        let server = Server::start(&mut place.serve(), &place.log("smbd"))?;
        until("smbd to listen", PATIENCE, || server.listens_on_445().then_some(()))
            .with_context(|| place.logged("smbd"))?;
        let mount = Server::start(&mut place.mount(server.pid()), &place.log("smbnetfs"))?;
        let share = Self { mount, server, dir };
        until("the share to be mounted", PATIENCE, || share.path().join(MARK).exists().then_some(()))
            .with_context(|| Layout(share.dir.path()).logged("smbnetfs"))?;
        Ok(share)
    }

    /// The share as it is mounted.
    pub fn path(&self) -> PathBuf {
        Layout(self.dir.path()).mount_point().join("127.0.0.1").join(SHARE)
    }

    /// The folder that is served, as the server's own disk has it.
    pub fn shared_folder(&self) -> PathBuf {
        Layout(self.dir.path()).shared_folder()
    }

    /// Makes the server stop answering: calls on the mount hang from then on.
    pub fn freeze(&self) -> Result<()> {
        self.server.signal(Signal::STOP)
    }

    /// Makes the server answer again.
    pub fn thaw(&self) -> Result<()> {
        self.server.signal(Signal::CONT)
    }
}

impl Drop for SambaShare {
    fn drop(&mut self) {
        // Killing the FUSE server aborts the mount, so that calls that hang on it return. A frozen smbd would
        // not see a signal other than this one either.
        let _ = self.mount.signal(Signal::KILL);
        let _ = self.server.signal(Signal::KILL);
        let mount_point = Layout(self.dir.path()).mount_point();
        match Command::new("fusermount").args(["-u", "-z"]).arg(&mount_point).status() {
            Ok(status) if status.success() => {}
            _ => eprintln!("{} stays mounted", mount_point.display()),
        }
    }
}

/// A file in the share by which a finished mount is known; the dot keeps it apart from stores in the share.
const MARK: &str = ".mounted";

/// Shell script that runs its arguments until standard input closes, which is when the test's process ends.
const WATCHED: &str = "\"$@\" & cat; kill -KILL 0";
/// The same for the mount at `$MOUNT_POINT`, in the network namespace of process `$SERVER`.
const WATCHED_MOUNT: &str =
    "nsenter --net=/proc/$SERVER/ns/net \"$@\" & cat; fusermount -u -z \"$MOUNT_POINT\"; kill -KILL 0";

/// FUSE mount options that keep the kernel from answering for the server.
const FRESH: &str = "direct_io,attr_timeout=0,entry_timeout=0,negative_timeout=0";

/// Where things are in the temporary folder.
struct Layout<'a>(&'a Path);

impl Layout<'_> {
    fn prepare(&self) -> Result<()> {
        for folder in [self.shared_folder(), self.mount_point(), self.state(), self.home()] {
            fs::create_dir(folder)?;
        }
        fs::write(self.shared_folder().join(MARK), "")?;
        let (state, folder) = (self.state(), self.shared_folder());
        let config = SERVER_CONFIG
            .replace("{state}", &state.display().to_string())
            .replace("{folder}", &folder.display().to_string());
        fs::write(self.server_config(), config)?;
        // libsmbclient, which smbnetfs is made of, reads this one.
        fs::create_dir(self.home().join(".smb"))?;
        fs::write(self.home().join(".smb/smb.conf"), "[global]\nclient min protocol = SMB2\n")?;
        fs::write(self.client_config(), CLIENT_CONFIG)?;
        fs::write(self.home().join(".smb/smbnetfs.host"), "host 127.0.0.1 WORKGROUP visible=true\n")?;
        Ok(())
    }

    fn serve(&self) -> Command {
        let script = format!("ip link set lo up || exit; {WATCHED}");
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", &script, "sh", "smbd", "--foreground", "--no-process-group"]);
        command.args(["--debug-stdout", "--configfile"]).arg(self.server_config());
        command
    }

    fn mount(&self, server: u32) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", WATCHED_MOUNT, "sh", "smbnetfs", "-f", "-o"]);
        command.arg(format!("config={},{FRESH}", self.client_config().display())).arg(self.mount_point());
        command.env("SERVER", server.to_string()).env("MOUNT_POINT", self.mount_point());
        command.env("HOME", self.home());
        command
    }

    fn shared_folder(&self) -> PathBuf {
        self.0.join("shared")
    }

    fn mount_point(&self) -> PathBuf {
        self.0.join("mount")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    fn server_config(&self) -> PathBuf {
        self.0.join("smb.conf")
    }

    fn client_config(&self) -> PathBuf {
        self.home().join(".smb/smbnetfs.conf")
    }

    fn log(&self, program: &str) -> PathBuf {
        self.0.join(format!("{program}.log"))
    }

    fn logged(&self, program: &str) -> String {
        let log = fs::read_to_string(self.log(program)).unwrap_or_default();
        format!("{program} said: {}", log.trim())
    }
}

/// A server without printers, names, domains or accounts: guests are root, as the test is.
const SERVER_CONFIG: &str = "\
[global]
server role = standalone server
interfaces = lo
bind interfaces only = yes
smb ports = 445
disable netbios = yes
map to guest = Bad User
guest account = root
usershare max shares = 0
disable spoolss = yes
load printers = no
printing = bsd
private dir = {state}
lock directory = {state}
state directory = {state}
cache directory = {state}
pid directory = {state}
ncalrpc dir = {state}/ncalrpc
passdb backend = tdbsam:{state}/passdb.tdb
log file = {state}/log
[store]
path = {folder}
guest ok = yes
read only = no
";

/// No search of the network, no password store (which waits for a desktop). What was missing may be looked for
/// again after a tenth of a second; switching that cache off makes this version wait for itself at start.
const CLIENT_CONFIG: &str = "\
include \"smbnetfs.host\"
smb_query_browsers \"false\"
use_libsecret \"false\"
neg_cache_timeout 100
";

/// A program in a process group of its own. Dropping it kills the group.
#[derive(Debug)]
struct Server(Child);

impl Server {
    fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let log = File::create(log)?;
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let program = command.get_program().to_owned();
        command.spawn().map(Self).with_context(|| format!("cannot start {}", program.display()))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Whether something listens on port 445 in the namespace of this process.
    fn listens_on_445(&self) -> bool {
        // Local address, then state: 01BD is 445, 0A is LISTEN.
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.pid())).unwrap_or_default();
        table.lines().any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            columns.next().is_some_and(|local| local.ends_with(":01BD")) && columns.nth(1) == Some("0A")
        })
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // Not waited for yet, so the group's number still belongs to it.
        kill_process_group(Pid::from_child(&self.0), signal).context("cannot signal a server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.signal(Signal::KILL);
        let _ = self.0.wait();
    }
}
