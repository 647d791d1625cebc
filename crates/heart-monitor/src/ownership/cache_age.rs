//! `c`: how old the answer of a read can be, by the place that is read, for as long as a process runs.
//!
//! It follows what the mount table says. It only grows: what was promised or waited for under a longer one stays so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use failover_policy::{GateRule, Span};
use heartbeat_store::Place;
use tokio::sync::oneshot::{self, Receiver};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::mount_table::{MOUNT_TABLE, Mount, mount_of};

/// What a client of a network file system may answer from its cache with the mount options that `doctor` asks for
/// (`actimeo=1`, which may apply to a folder and to a file in it). Also what is assumed of one whose mount says nothing.
const NETWORK: Span = Span::from_secs(2);
/// File systems of this machine alone, which show a write at once. A kind that is not named may cache.
const LOCAL: [&str; 10] =
    ["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"];
/// For how long, in seconds, attributes are kept where nothing is said: the kernel's defaults, mount.cifs(8) and nfs(5).
const SMB_KEEPS: u64 = 1;
const NFS_KEEPS: u64 = 60;
/// More calls than this are not left hanging in mounts that do not answer.
const STUCK_AT_MOST: usize = 4;

/// A mount table that is not the one that was known, and what it says about a place.
type Looked = Option<(String, Said)>;

/// What the mount table says about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    /// How old an answer can be, by the clock of the node that keeps it.
    age: Span,
    /// Whether options say so, or it is what such a place is taken for.
    by_options: bool,
    /// Where the mount is, for people.
    mount: String,
}

impl Said {
    fn by(mount: &Mount) -> Self {
        let (age, by_options) = match mount.kind.as_str() {
            kind if LOCAL.contains(&kind) => (Span::ZERO, false),
            "cifs" | "smb3" => (kept(mount, SMB_KEEPS), true),
            kind if kind.starts_with("nfs") && !mount.has("noac") => (kept(mount, NFS_KEEPS), true),
            _ => (NETWORK, false),
        };
        Self { age, by_options, mount: format!("{} ({})", mount.point.display(), mount.kind) }
    }

    /// What follows, where `configured` is what a person said: less than the options say is too little.
    fn with(&self, configured: Option<Span>) -> Span {
        match configured {
            Some(configured) if self.by_options => configured.max(self.age),
            Some(configured) => configured,
            None => self.age,
        }
    }

    /// Whether a person has to know.
    fn is_long(&self, configured: Option<Span>) -> bool {
        self.by_options && self.age > configured.unwrap_or(NETWORK)
    }

    fn warn(&self) {
        tracing::warn!(
            mount = self.mount,
            cache_age = %self.age,
            advice = "mount with actimeo=1, over SMB with nohandlecache as well; doctor names the options",
            "the store's mount may answer with what is older than --cache-age allows for: takeovers and handovers wait for \
             that, and a heart may seem silent"
        );
    }
}

/// A folder shows late what was written in it, and so does a file.
fn kept(mount: &Mount, default: u64) -> Span {
    let seconds = |name: &str| mount.option(name).and_then(|value| value.parse::<u64>().ok());
    let of = |name: &str| seconds("actimeo").or_else(|| seconds(name)).unwrap_or(default);
    let kept = of("acregmax").saturating_add(of("acdirmax"));
    Span::try_from(Duration::from_secs(kept)).unwrap_or(Span::MAX).max(NETWORK)
}

/// The cache age of a place as a process starts. A folder that is not there yet, or does not answer within `deadline`,
/// may turn out to be a network mount.
pub(crate) async fn of(place: &Place, configured: Option<Span>, deadline: Duration) -> Span {
    let Place::Folder(root) = place else { return configured.unwrap_or(Span::ZERO) };
    let root = root.clone();
    // Following a path touches the mount, which may hang.
    let looking = tokio::task::spawn_blocking(move || look(&root, Path::new(MOUNT_TABLE), None));
    let Ok(Ok(Some((_, said)))) = tokio::time::timeout(deadline, looking).await else {
        return configured.unwrap_or(NETWORK);
    };
    if said.is_long(configured) {
        said.warn();
    }
    said.with(configured)
}

/// The mount table and what it says about a folder; `None` where it is the one that is known, or where the folder is
/// away. The mount itself is touched only where the table has changed.
fn look(root: &Path, table: &Path, known: Option<&str>) -> Looked {
    let table = std::fs::read_to_string(table).ok()?;
    if known == Some(table.as_str()) {
        return None;
    }
    let resolved = root.canonicalize().ok()?;
    let said = Said::by(&mount_of(&table, &resolved)?);
    Some((table, said))
}

/// Follows the mount table, beside everything else.
#[derive(Debug, Clone)]
pub(crate) struct Follower {
    /// The store's folder; `None` where it is in no folder.
    root: Option<PathBuf>,
    /// The value of `--cache-age`.
    configured: Option<Span>,
    /// How often the table is read: every poll.
    every: Duration,
    table: PathBuf,
}

impl Follower {
    pub(crate) fn new(place: &Place, configured: Option<Span>, every: Duration) -> Self {
        let root = if let Place::Folder(root) = place { Some(root.clone()) } else { None };
        Self { root, configured, every, table: PathBuf::from(MOUNT_TABLE) }
    }

    /// Tells `age`, which is in true time, of each cache age that is longer than it, for ever. Reads the table on a thread where that may hang.
    pub(crate) async fn run(self, age: watch::Sender<Span>) {
        let Some(root) = &self.root else { return };
        let (mut known, mut stuck) = (None::<String>, Vec::<JoinHandle<()>>::new());
        loop {
            tokio::time::sleep(self.every).await;
            stuck.retain(|call| !call.is_finished());
            if stuck.len() >= STUCK_AT_MOST {
                continue;
            }
            let (looked, call) = self.look_aside(root, known.clone());
            match tokio::time::timeout(self.every, looked).await {
                Ok(Ok(Some((table, said)))) => {
                    self.heed(&said, &age);
                    known = Some(table);
                }
                Ok(_) => {}
                Err(_) => stuck.push(call),
            }
        }
    }

    fn look_aside(&self, root: &Path, known: Option<String>) -> (Receiver<Looked>, JoinHandle<()>) {
        let (root, table) = (root.to_owned(), self.table.clone());
        let (tell, looked) = oneshot::channel();
        let call = tokio::task::spawn_blocking(move || {
            // Nobody may be there any more to be told.
            let _ = tell.send(look(&root, &table, known.as_deref()));
        });
        (looked, call)
    }

    fn heed(&self, said: &Said, age: &watch::Sender<Span>) {
        let longer = GateRule::in_true_time(said.with(self.configured));
        let has_grown = age.send_if_modified(|age| {
            let before = std::mem::replace(age, longer.max(*age));
            longer > before
        });
        if !has_grown {
            return;
        }
        tracing::info!(
            mount = said.mount,
            cache_age = %longer,
            "the store's folder is on another mount than before: whatever rests on reads waits for its caches from now on"
        );
        if said.is_long(self.configured) {
            said.warn();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, options: &str) -> Said {
        let lines =
            format!("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:5 / /mnt rw - {kind} x rw{options}\n");
        Said::by(&mount_of(&lines, Path::new("/mnt/store")).unwrap())
    }

    #[test]
    fn how_old_an_answer_can_be_follows_from_the_kind_of_the_mount_and_its_options() {
        let table = [
            ("ext4", "", 0, "a local disk"),
            ("overlay", "", 0, "a container's own files"),
            ("cifs", ",cache=none,actimeo=1", 2, "as doctor asks for"),
            ("cifs", ",cache=strict", 2, "the kernel's default, 1 s"),
            ("cifs", ",actimeo=30", 60, "as the AKS driver mounts: a folder's and a file's attributes"),
            ("smb3", ",acregmax=10,acdirmax=60", 70, "each by itself"),
            ("cifs", ",actimeo=0", 2, "never less than is assumed"),
            ("nfs4", ",vers=4.1", 120, "the kernel's default, 60 s"),
            ("nfs4", ",acregmin=1,acregmax=1,acdirmin=1,acdirmax=1", 2, "how the kernel shows actimeo=1"),
            ("nfs", ",acregmax=5", 65, "the other half is the default"),
            ("nfs4", ",noac", 2, "no caching of attributes"),
            ("nfs4", ",actimeo=x", 120, "what makes no sense says nothing"),
            ("fuse.blobfuse2", "", 2, "a FUSE mount"),
            ("9p", "", 2, "a kind that nobody thought of"),
        ];
        for (kind, options, seconds, why) in table {
            assert_eq!(said(kind, options).age, Span::from_secs(seconds), "{kind}{options}: {why}");
        }
    }

    #[test]
    fn what_a_person_said_counts_unless_the_mount_says_more() {
        let secs = Span::from_secs;
        let table = [
            ("cifs", ",actimeo=30", Some(2), 60, true, "the options say more"),
            ("cifs", ",actimeo=30", Some(90), 90, false, "it was allowed for"),
            ("cifs", ",actimeo=30", None, 60, true, "nobody said anything, and it is long"),
            ("cifs", ",actimeo=1", None, 2, false, "nobody said anything, and it is as it should be"),
            (
                "fuse.x",
                "",
                Some(0),
                0,
                false,
                "nothing says how long such a mount caches, but for the person",
            ),
            ("fuse.x", "", Some(9), 9, false, "the same, longer"),
            ("ext4", "", Some(3), 3, false, "the other side may see the disk over a network"),
        ];
        for (kind, options, configured, age, warns, why) in table {
            let (said, configured) = (said(kind, options), configured.map(secs));
            assert_eq!((said.with(configured), said.is_long(configured)), (secs(age), warns), "{why}");
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_yet_may_become_a_network_mount() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Place::Folder(folder.path().join("missing"));
        assert_eq!(of(&missing, None, Duration::from_secs(5)).await, NETWORK);
        assert_eq!(of(&missing, Some(Span::ZERO), Duration::from_secs(5)).await, Span::ZERO);
    }

    /// The mount is seen to come, to be mounted again with other options, and to go.
    #[tokio::test]
    async fn a_process_that_starts_before_its_mount_allows_for_its_caches_once_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let table = root.join("mountinfo");
        let write = |mounts: &[&str]| {
            let point = root.display();
            let lines =
                mounts.iter().map(|options| format!("40 22 0:5 / {point} rw - cifs //s/x rw{options}\n"));
            let lines = lines.collect::<String>();
            let aside = root.join("aside");
            std::fs::write(&aside, format!("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n{lines}")).unwrap();
            std::fs::rename(aside, &table).unwrap();
        };
        write(&[]);
        let every = Duration::from_millis(5);
        let follower = Follower { root: Some(root.clone()), configured: None, every, table: table.clone() };
        let (age, mut seen) = watch::channel(Span::ZERO);
        let following = tokio::spawn(follower.run(age));
        let patience = Duration::from_secs(10);

        write(&[",actimeo=1"]);
        tokio::time::timeout(patience, seen.changed()).await.expect("the mount came").unwrap();
        assert_eq!(*seen.borrow_and_update(), Span::from_millis(2250), "2 s by a clock that may be slewed");
        write(&[",actimeo=30"]);
        tokio::time::timeout(patience, seen.changed()).await.expect("its options changed").unwrap();
        assert_eq!(*seen.borrow_and_update(), Span::from_millis(67_500));
        write(&[]);
        tokio::time::sleep(20 * every).await;
        assert_eq!(*seen.borrow_and_update(), Span::from_millis(67_500), "what was waited for stays so");
        following.abort();
    }
}
