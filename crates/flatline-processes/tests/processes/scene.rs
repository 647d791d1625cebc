//! A stand-in guard that runs, and bounded waits for what it and its children do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

/// How long anything may take before the test has failed: far more than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a wait looks.
const STEP: Duration = Duration::from_millis(5);

/// A folder in which children leave marks, and the environment that says where it is.
pub(crate) struct Scene {
    folder: TempDir,
}

/// A started guard. Dropping it kills it, and its workload's process group.
pub(crate) struct Guard {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

pub(crate) fn guard_program() -> &'static str {
    env!("CARGO_BIN_EXE_stand-in-guard")
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the guard with these arguments. Children find the scene's folder in `$HERE`.
    pub(crate) fn guard(&self, words: &[&str]) -> Guard {
        self.start(Command::new(guard_program()).args(words))
    }

    pub(crate) fn start(&self, command: &mut Command) -> Guard {
        let (stdout, stderr) = (self.path("stdout"), self.path("stderr"));
        let child = command
            .env("HERE", self.folder.path())
            .env_remove("FLATLINE_TERM")
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Guard { child, stdout, stderr }
    }

    /// Waits for a child to write a mark, and gives its lines.
    pub(crate) fn mark(&self, name: &str) -> Vec<String> {
        let path = self.path(name);
        until(&format!("a child to write {name}"), || complete_lines(&path))
    }

    /// Waits for a child to write its own number.
    pub(crate) fn pid(&self, name: &str) -> Pid {
        Pid::from_raw(self.mark(name)[0].parse().unwrap()).unwrap()
    }
}

impl Guard {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for a line on stdout that begins so, and gives the rest of it.
    pub(crate) fn says(&self, start: &str) -> String {
        until(&format!("the guard to say '{start}'"), || {
            let lines = complete_lines(&self.stdout)?;
            lines.iter().find_map(|line| line.strip_prefix(start).map(ToOwned::to_owned))
        })
    }

    /// The number of the workload's first process.
    pub(crate) fn workload(&self) -> Pid {
        Pid::from_raw(self.says("workload ").parse().unwrap()).unwrap()
    }

    pub(crate) fn ends(&mut self) -> ExitStatus {
        until("the guard to end", || self.child.try_wait().unwrap())
    }

    /// Everything on stderr so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let said = complete_lines(&self.stdout).unwrap_or_default();
        // A number that was said in another PID namespace is no child's.
        for child in children(self.pid()).split_whitespace() {
            if said.contains(&format!("workload {child}"))
                && let Some(group) = child.parse().ok().and_then(Pid::from_raw)
            {
                // It may have ended by now; then there is nothing to kill.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until there is an answer. `what` completes "waited for …".
pub(crate) fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}, in vain");
        std::thread::sleep(STEP);
    }
}

/// The state letter of a process (proc(5)), `None` where there is no such process.
pub(crate) fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether a process still runs: it is there and not just waiting to be collected.
pub(crate) fn runs(pid: Pid) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// Waits for a process to be gone or dead.
pub(crate) fn dies(what: &str, pid: Pid) {
    until(&format!("{what} to die"), || (!runs(pid)).then_some(()));
}

/// The numbers of the children of a process.
pub(crate) fn children(pid: Pid) -> String {
    let number = pid.as_raw_nonzero();
    fs::read_to_string(format!("/proc/{number}/task/{number}/children")).unwrap()
}

fn complete_lines(path: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(path).ok()?;
    (text.ends_with('\n')).then(|| text.lines().map(ToOwned::to_owned).collect())
}
