//! The suite on a share of a real Samba server, mounted through FUSE, and what happens when that server stops
//! answering.
//!
//! The mount has no hard links and is no SMB mount of the kernel's, so swaps are refused there. How the server decides
//! between claimants that rename folders is tried all the same, by handles that are told to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flatline_tests::{SambaShare, until};
use heartbeat_store::{Deadlines, FolderBackend, Publishing, RecordName, Store, StoreError};
use tokio::runtime::Runtime;

use crate::folder::Folder;
use crate::suite::{self, NOW, after, beat, cluster, record_cases, stamp, stamp_cases, store};

/// The deadline of a read or write in these tests: how long a frozen server may be waited for.
const DEADLINE: Duration = Duration::from_millis(300);
/// Names the store to a process that such a test starts.
const HUNG_STORE: &str = "CONFORMANCE_HUNG_STORE";

/// A share, or `None` and a line that says why not.
fn share() -> Option<SambaShare> {
    if let Some(reason) = SambaShare::unavailable() {
        // Past the test harness, which shows what failing tests print.
        let _ = writeln!(std::io::stderr(), "skipped: nothing is tested on a Samba share, since {reason}");
        return None;
    }
    Some(SambaShare::start().unwrap())
}

macro_rules! run_on_share {
    ($($module:ident::$case:ident),* $(,)?) => {
        async fn every_stamp_case(share: &SambaShare) {
            $(
                suite::$module::$case(&Folder::new_in(&share.path(), stringify!($case), &[])).await;
            )*
        }
    };
}

stamp_cases!(run_on_share);

macro_rules! run_renaming {
    ($($module:ident::$case:ident),* $(,)?) => {
        async fn every_record_case_by_folder_rename(share: &SambaShare) {
            $(
                let folder = Folder::new_in(&share.path(), stringify!($case), &[Publishing::FolderRename]);
                suite::$module::$case(&folder.racing(5)).await;
            )*
        }
    };
}

record_cases!(run_renaming);

#[tokio::test(flavor = "multi_thread")]
async fn a_samba_share_keeps_stamps_and_refuses_swaps() {
    let Some(share) = share() else { return };
    every_stamp_case(&share).await;
    let planter = Folder::new_in(&share.path(), "refusal", &[]);
    suite::refusal::a_place_that_cannot_swap_says_so(&planter).await;
    let left: Vec<_> = fs::read_dir(share.shared_folder().join("refusal")).unwrap().collect();
    assert!(left.is_empty(), "a refused swap leaves nothing behind: {left:?}");
}

/// Through FUSE nobody publishes like that unless a test says so; it is the server's decision that is tried here.
#[tokio::test(flavor = "multi_thread")]
async fn a_samba_server_never_replaces_a_folder_that_holds_a_record() {
    let Some(share) = share() else { return };
    every_record_case_by_folder_rename(&share).await;
    let left = staged_in(&share.shared_folder());
    assert!(left.is_empty(), "whoever lost took its folder away again: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_a_hung_share_swallows_is_ambiguous_and_lands_whole_or_not_at_all() {
    let Some(share) = share() else { return };
    let backend = FolderBackend::publishing_by(share.path(), Publishing::FolderRename);
    let deadlines = Deadlines { read: DEADLINE, write: DEADLINE };
    let store = Store::new(Arc::new(backend), deadlines);
    let name = RecordName::Ownership;
    let first = until_it_works(async || match store.create_record(&name, b"first", 1).await {
        Err(_) => store.read_record(&name).await.map(|found| found.map(|found| found.version)),
        created => created.map(Some),
    })
    .await
    .expect("it was created");
    share.freeze().unwrap();
    let start = Instant::now();
    let error = store.swap_record(&name, b"second", &first, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "{error}");
    assert!(start.elapsed() < 2 * DEADLINE + Duration::from_secs(1), "took {:?}", start.elapsed());

    share.thaw().unwrap();
    let record = until_it_works(async || store.read_record(&name).await).await.expect("it was created");
    assert!([b"first".as_slice(), b"second"].contains(&record.body.as_slice()), "{record:?}");
    let third = until_it_works(async || {
        let record = store.read_record(&name).await?.expect("it was created");
        store.swap_record(&name, b"third", &record.version, after(&record.version)).await
    })
    .await;
    assert_eq!(store.read_record(&name).await.unwrap().map(|record| record.version), Some(third));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_through_the_share_and_one_on_the_servers_own_disk_are_the_same() {
    let Some(share) = share() else { return };
    let [far, near] =
        [share.path(), share.shared_folder()].map(|root| store(Arc::new(FolderBackend::new(root))));
    for ticks in [NOW, NOW - 70_000_000, NOW + 1] {
        far.write_beat(&cluster("a"), &beat(ticks)).await.unwrap();
        assert_eq!(near.read_stamp(&cluster("a")).await, Ok(stamp(ticks)));
        near.write_beat(&cluster("a"), &beat(ticks + 1)).await.unwrap();
        assert_eq!(far.read_stamp(&cluster("a")).await, Ok(stamp(ticks + 1)));
    }
}

#[test]
fn a_hung_share_is_unreachable_in_time_and_works_again_when_it_answers() {
    let Some(share) = share() else { return };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = impatient(&share.path());
        until_it_works(async || store.write_beat(&cluster("a"), &beat(NOW + 1)).await).await;
        share.freeze().unwrap();
        for _ in 0..8 {
            assert_unreachable(&store, "no answer within 300ms", DEADLINE).await;
        }
        let stuck = "8 reads before this one still hang, the oldest for ";
        assert_unreachable(&store, stuck, Duration::ZERO).await;

        let error = store.write_beat(&cluster("a"), &beat(NOW + 2)).await.unwrap_err();
        assert!(
            error.to_string().contains("no answer within 300ms"),
            "beats have a lane of their own: {error}"
        );
        let error = store.write_beat(&cluster("a"), &beat(NOW + 3)).await.unwrap_err();
        assert!(error.to_string().contains("the beat before this one still hangs"), "{error}");

        share.thaw().unwrap();
        until_it_works(async || store.read_stamp(&cluster("a")).await).await;
        until_it_works(async || store.write_beat(&cluster("a"), &beat(NOW + 4)).await).await;
        assert_eq!(until_it_works(async || store.read_stamp(&cluster("a")).await).await, stamp(NOW + 4));
    });
}

#[test]
fn a_process_whose_store_hangs_leaves_at_once_and_is_gone_when_the_kernel_lets_go() {
    let Some(share) = share() else { return };
    share.freeze().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "samba::a_process_that_reads_a_hung_store_and_exits"])
        .env(HUNG_STORE, share.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Linux lets no process go before a call that a FUSE server has taken up; its own SMB and NFS clients do.
    // So the process has done its part once its first thread is gone, which /proc shows as a zombie.
    let stat = format!("/proc/{}/stat", child.id());
    until("the process to leave", Duration::from_secs(3), || {
        fs::read_to_string(&stat).unwrap().contains(") Z ").then_some(())
    })
    .unwrap();
    share.thaw().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7), "it gave up on its read and left");
}

/// The process that [`a_process_whose_store_hangs_leaves_at_once_and_is_gone_when_the_kernel_lets_go`] watches.
#[test]
#[ignore = "it is a process of the test above"]
fn a_process_that_reads_a_hung_store_and_exits() {
    let root = std::env::var_os(HUNG_STORE).expect("the test above says where");
    let runtime = Runtime::new().unwrap();
    let error =
        runtime.block_on(async { impatient(root.as_ref()).read_stamp(&cluster("a")).await.unwrap_err() });
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    // Dropping the runtime would wait for the hung call; leaving through here does not.
    std::process::exit(7);
}

/// What was written aside and stays, in every store of the share.
fn staged_in(shared: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let stores = entries(shared).filter(|path| path.is_dir());
    let is_staged = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(".staging-");
    stores.flat_map(|store| entries(&store).collect::<Vec<_>>()).filter(is_staged).collect()
}

fn impatient(root: &Path) -> Store {
    let deadlines = Deadlines { read: DEADLINE, write: DEADLINE };
    Store::new(Arc::new(FolderBackend::new(root.to_owned())), deadlines)
}

/// Reads, and expects this reason after this time and hardly more.
async fn assert_unreachable(store: &Store, reason: &str, after: Duration) {
    let start = Instant::now();
    let error = store.read_stamp(&cluster("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(reason), "{reason}: {error}");
    let late = start.elapsed().saturating_sub(after);
    assert!(late < Duration::from_secs(1), "answered {late:?} late");
}

/// Tries until the share answers in time: when it is new, and once the calls that hung have returned.
async fn until_it_works<T>(operation: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let start = Instant::now();
    loop {
        match operation().await {
            Ok(answer) => return answer,
            Err(error) if start.elapsed() > Duration::from_mins(1) => {
                panic!("the share does not answer: {error}")
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
