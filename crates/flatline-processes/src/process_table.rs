//! Who is whose child: the kernel's table of processes, as `/proc` shows it.

use std::collections::HashSet;
use std::{fs, io};

use rustix::process::Pid;

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) pid: Pid,
    /// `None` where it has none that is to be seen from here.
    pub(crate) parent: Option<Pid>,
    /// It has ended, and its status waits to be collected.
    pub(crate) dead: bool,
}

/// Every child of `parent`, dead ones included. A child that is one for as long as this takes is never missed:
/// the kernel lists processes in the order of their numbers.
pub(crate) fn children_of(parent: Pid) -> io::Result<Vec<Entry>> {
    let mut children = everybody()?;
    children.retain(|entry| entry.parent == Some(parent));
    Ok(children)
}

/// These processes and all that descend from them, as far as `table` shows them.
pub(crate) fn families_of(roots: impl IntoIterator<Item = Pid>, table: &[Entry]) -> HashSet<Pid> {
    let mut found: HashSet<Pid> = roots.into_iter().collect();
    loop {
        let known = found.len();
        let is_theirs = |entry: &&Entry| entry.parent.is_some_and(|parent| found.contains(&parent));
        let theirs: Vec<Pid> = table.iter().filter(is_theirs).map(|entry| entry.pid).collect();
        found.extend(theirs);
        if found.len() == known {
            return found;
        }
    }
}

/// Every process that is to be seen.
pub(crate) fn everybody() -> io::Result<Vec<Entry>> {
    let mut everybody = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // A process that has gone in the meantime was nobody's child for the whole time.
        let Ok(stat) = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())) else { continue };
        if let Some((state, parent)) = state_and_parent(&stat) {
            everybody.push(Entry { pid, parent: Pid::from_raw(parent), dead: matches!(state, b'Z' | b'X') });
        }
    }
    Ok(everybody)
}

/// The third and fourth field of a line of `/proc/PID/stat` (proc(5)). The second, the program's name in
/// brackets, may hold anything, brackets and spaces included.
fn state_and_parent(stat: &[u8]) -> Option<(u8, i32)> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some((state, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_name_cannot_forge_its_state_or_its_parent() {
        let table = [
            (&b"7 (sh) S 1 7 7 0"[..], Some((b'S', 1))),
            (b"7 (a) Z 9 (b) Z 42 7", Some((b'Z', 42))),
            (b"7 (\xff\xfe) R 3 7", Some((b'R', 3))),
            (b"7 (sh) S", None),
            (b"7 sh S 1", None),
            (b"", None),
        ];
        for (stat, found) in table {
            assert_eq!(state_and_parent(stat), found, "{}", String::from_utf8_lossy(stat));
        }
    }
}
