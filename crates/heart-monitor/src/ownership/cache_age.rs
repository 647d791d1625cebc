//! `c`: how old the answer of a read can be, by the place that is read.

use std::path::Path;
use std::time::Duration;

use failover_policy::Span;
use heartbeat_store::Place;

use crate::mount_table::{MOUNT_TABLE, mount_of};

/// What a client of a network file system may answer from its cache with the mount options that `doctor` asks for
/// (`actimeo=1`, which may apply to a folder and to a file in it).
const NETWORK: Span = Span::from_secs(2);
/// File systems of this machine alone, which show a write at once. A kind that is not named may cache.
const LOCAL: [&str; 10] =
    ["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"];

/// The cache age of a place. A folder that is not there yet, or does not answer within `deadline`, may turn out to be
/// a network mount.
pub(crate) async fn of(place: &Place, deadline: Duration) -> Span {
    let Place::Folder(root) = place else { return Span::ZERO };
    let path = root.clone();
    // Following a path touches the mount, which may hang.
    let resolving = tokio::task::spawn_blocking(move || path.canonicalize());
    let Ok(Ok(Ok(resolved))) = tokio::time::timeout(deadline, resolving).await else { return NETWORK };
    match std::fs::read_to_string(MOUNT_TABLE) {
        Ok(table) => on(&table, &resolved),
        Err(_) => NETWORK,
    }
}

fn on(table: &str, path: &Path) -> Span {
    let local = mount_of(table, path).is_some_and(|mount| LOCAL.contains(&mount.kind.as_str()));
    if local { Span::ZERO } else { NETWORK }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_file_systems_that_show_a_write_at_once_have_no_cache_age() {
        let table = [
            ("ext4", Span::ZERO, "a local disk"),
            ("overlay", Span::ZERO, "a container's own files"),
            ("cifs", NETWORK, "Azure Files over SMB"),
            ("nfs4", NETWORK, "Azure Files over NFS"),
            ("fuse.blobfuse2", NETWORK, "a FUSE mount"),
            ("9p", NETWORK, "a kind that nobody thought of"),
        ];
        for (kind, age, why) in table {
            let lines = format!("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:5 / /mnt rw - {kind} x rw\n");
            assert_eq!(on(&lines, Path::new("/mnt/store")), age, "{why}");
        }
        assert_eq!(on("", Path::new("/mnt")), NETWORK, "a table that does not know the path");
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_yet_may_become_a_network_mount() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Place::Folder(folder.path().join("missing"));
        assert_eq!(of(&missing, Duration::from_secs(5)).await, NETWORK);
    }
}
