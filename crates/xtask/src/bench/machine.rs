//! Where and when it was measured. No host name: the figures are published.

use std::fs;

use crate::shell;

/// Date, revision, machine and compiler in one paragraph.
pub(super) fn describe() -> String {
    let unknown = || "unknown".to_owned();
    let date = shell::answer(shell::program("date").args(["-u", "+%F"])).unwrap_or_else(unknown);
    let revision = shell::answer(shell::program("git").args(["rev-parse", "--short", "HEAD"]));
    let rustc = shell::answer(shell::program("rustc").arg("--version")).unwrap_or_else(unknown);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| unknown());
    let cores = std::thread::available_parallelism().map_or_else(|_| unknown(), |cores| cores.to_string());
    format!(
        "{date}, revision {}: {cores} cores ({}), {} of memory, Linux {}, {rustc}",
        revision.unwrap_or_else(unknown),
        field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
        field("/proc/meminfo", "MemTotal").unwrap_or_else(unknown),
        kernel.trim(),
    )
}

/// The value of the first line `name : value` in a file of the kernel.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
