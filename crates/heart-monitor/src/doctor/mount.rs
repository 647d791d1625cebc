//! Reads the mount table and names the options that delay what a reader sees.

use std::path::PathBuf;
use std::time::Duration;

use crate::doctor::finding::{Cause, Finding};
use crate::mount_table::{MOUNT_TABLE, Mount, mount_of};

/// Examines the mount that holds `root`, which may hang: following a path touches the mount.
pub(crate) async fn examine(root: PathBuf, deadline: Duration) -> Vec<Finding> {
    let path = root.clone();
    let resolving = tokio::task::spawn_blocking(move || path.canonicalize());
    let resolved = match tokio::time::timeout(deadline, resolving).await {
        Ok(Ok(Ok(resolved))) => resolved,
        // A root that is away is the store probe's finding.
        Ok(_) => return Vec::new(),
        Err(_) => {
            let text = format!("{} does not answer within {deadline:?}", root.display());
            let remedy = "look at the file server and the way to it; mount again";
            return vec![Finding::fail("mount", text, remedy).because(Cause::STORE_AWAY)];
        }
    };
    let table = match std::fs::read_to_string(MOUNT_TABLE) {
        Ok(table) => table,
        Err(error) => return vec![Finding::ok("mount", format!("not examined: {MOUNT_TABLE}: {error}"))],
    };
    match mount_of(&table, &resolved) {
        Some(mount) => judge(&mount),
        None => vec![Finding::ok("mount", format!("not examined: {} is on no mount", resolved.display()))],
    }
}

fn judge(mount: &Mount) -> Vec<Finding> {
    let mut findings = match mount.kind.as_str() {
        "cifs" | "smb3" => smb(mount),
        kind if kind.starts_with("nfs") => nfs(mount),
        kind if kind.starts_with("fuse") => vec![Finding::warn(
            "mount",
            format!("{} is a {kind} mount, which may answer from a cache", mount.point.display()),
            "turn its caches off; mount a share with the kernel's SMB or NFS client instead",
        )],
        kind => vec![Finding::warn(
            "mount",
            format!("{} ({kind}) is a local file system, which no other machine sees", mount.point.display()),
            "fine for a trial; if a share belongs here, it is not mounted",
        )],
    };
    if mount.has("ro") {
        let text = format!("{} is mounted read-only", mount.point.display());
        findings.push(Finding::warn("mount", text, "fine for a monitor; a beacon needs to write"));
    }
    if findings.is_empty() {
        let text = format!(
            "{} ({}) has no option that delays what a reader sees",
            mount.point.display(),
            mount.kind
        );
        findings.push(Finding::ok("mount", text));
    }
    findings
}

/// Longest time, in seconds, that a client may go on showing an old stamp: with more, a heart seems silent
/// while it beats.
const LONGEST_CACHE_SECONDS: u64 = 1;

fn smb(mount: &Mount) -> Vec<Finding> {
    let attributes = ["actimeo", "acregmax", "acdirmax"].into_iter().filter_map(|name| too_long(mount, name));
    let cache = mount.option("cache").filter(|mode| *mode != "none").map(|mode| {
        Finding::warn(
            "mount",
            format!("cache={mode} may show old bytes"),
            "mount with cache=none,nohandlecache",
        )
    });
    attributes.chain(cache).collect()
}

fn nfs(mount: &Mount) -> Vec<Finding> {
    if mount.has("noac") {
        return Vec::new();
    }
    // NFS clients cache attributes for 3 to 60 s unless told otherwise, nfs(5).
    let unset = ["actimeo", "acregmax"].iter().all(|name| mount.option(name).is_none());
    let default = unset.then(|| {
        Finding::warn(
            "mount",
            "attributes are cached for up to 60 s, the default",
            "mount with actimeo=1 or noac",
        )
    });
    let set = ["actimeo", "acregmax", "acdirmax"].into_iter().filter_map(|name| too_long(mount, name));
    default.into_iter().chain(set).collect()
}

fn too_long(mount: &Mount, name: &str) -> Option<Finding> {
    let value = mount.option(name)?;
    let seconds: u64 = value.parse().ok()?;
    (seconds > LONGEST_CACHE_SECONDS).then(|| {
        let text =
            format!("{name}={value}: a beat may be seen up to {value} s late, and a heart seem silent");
        Finding::warn("mount", text, "mount with actimeo=1 (the AKS driver sets 30 where nothing is said)")
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::doctor::finding::Level;

    const ROOT: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";

    fn judged(line: &str, path: &str) -> Vec<(Level, String)> {
        let mount = mount_of(&format!("{ROOT}{line}\n"), Path::new(path)).unwrap();
        judge(&mount).into_iter().map(|finding| (finding.level, finding.text)).collect()
    }

    #[test]
    fn options_that_delay_what_a_reader_sees_are_named() {
        let smb = "40 22 0:5 / /mnt rw - cifs //server/share ";
        let nfs = "40 22 0:5 / /mnt rw - nfs4 server:/share ";
        let table = [
            (format!("{smb}rw,cache=none,actimeo=1"), vec![]),
            (format!("{smb}rw,cache=strict,actimeo=30"), vec!["actimeo=30", "cache=strict"]),
            (format!("{smb}rw,acregmax=60,acdirmax=0"), vec!["acregmax=60"]),
            (format!("{nfs}rw,noac"), vec![]),
            (format!("{nfs}rw,actimeo=1"), vec![]),
            (format!("{nfs}rw,vers=4.1"), vec!["the default"]),
            (format!("{nfs}rw,actimeo=30"), vec!["actimeo=30"]),
            ("40 22 0:5 / /mnt rw - fuse.blobfuse2 x rw".to_owned(), vec!["may answer from a cache"]),
            ("40 22 0:5 / /mnt rw - tmpfs tmpfs rw".to_owned(), vec!["no other machine sees"]),
            ("40 22 0:5 / /mnt rw - ext4 /dev/sdb rw".to_owned(), vec!["no other machine sees"]),
            (format!("{nfs}ro,noac"), vec!["read-only"]),
        ];
        for (line, expected) in table {
            let warned: Vec<String> = judged(&line, "/mnt/x")
                .into_iter()
                .filter(|(level, _)| *level != Level::Ok)
                .map(|(_, text)| text)
                .collect();
            assert_eq!(warned.len(), expected.len(), "{line}: {warned:?}");
            for (text, part) in warned.iter().zip(expected) {
                assert!(text.contains(part), "{line}: {text}");
            }
        }
    }
}
