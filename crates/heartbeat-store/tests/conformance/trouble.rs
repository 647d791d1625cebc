//! A folder on a full disk, on a read-only mount, and without rights.
//!
//! Each case is a process of its own, in a mount namespace in which a script has prepared the store: so the
//! cases need no rights that the user does not have, and leave no mount behind.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use heartbeat_store::{FolderBackend, RecordName, RecordVersion, Store, StoreError};

use crate::suite::{after, beat, cluster, stamp, store};

const NOW: i64 = 639_000_000_000_000_000;
/// The prepared store, for the process of a case.
const STORE: &str = "CONFORMANCE_STORE";
/// What gives a process a mount namespace without asking for rights.
const NAMESPACE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

#[test]
fn a_full_disk_is_no_space_for_what_is_new_and_no_hindrance_to_the_next_beat() {
    run_case("full_disk", r#"mount -t tmpfs -o size=64k tmpfs "$CONFORMANCE_STORE" && exec "$@""#);
}

#[test]
fn a_read_only_mount_can_be_read_and_denies_writes() {
    // The case writes first, and makes the mount read-only by itself.
    run_case("read_only", r#"mount -t tmpfs tmpfs "$CONFORMANCE_STORE" && exec "$@""#);
}

#[test]
fn a_folder_without_rights_denies_everything() {
    // Root without capabilities is bound by the mode of its own files.
    run_case("no_rights", r#"exec setpriv --bounding-set=-all --inh-caps=-all "$@""#);
}

#[test]
fn a_cluster_whose_folder_is_a_dead_mount_is_listed_beside_the_others() {
    if !Path::new("/dev/fuse").exists() {
        let _ = writeln!(std::io::stderr(), "skipped: dead_mount, since there is no FUSE here");
        return;
    }
    // A file system whose server is gone, as one that has crashed is.
    run_case(
        "dead_mount",
        r#"mkdir "$CONFORMANCE_STORE/b" && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 dead \
           "$CONFORMANCE_STORE/b" 3<>/dev/fuse && exec "$@""#,
    );
}

#[tokio::test]
#[ignore = "it is a process of a test above"]
async fn dead_mount() {
    let (root, store) = prepared();
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    assert_eq!(store.clusters().await, Ok([cluster("a"), cluster("b")].into()));
    assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)));
    let error = store.read_stamp(&cluster("b")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let path = root.join("b/heartbeat.txt").display().to_string();
    assert!(error.to_string().contains(&path), "the file is named, not the root: {error}");
}

#[tokio::test]
#[ignore = "it is a process of a test above"]
async fn full_disk() {
    let (root, store) = prepared();
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    let first = store.create_record(&RecordName::Ownership, b"kept", 1).await.unwrap();
    let ballast = fill(&root);

    store.write_beat(&cluster("a"), &beat(NOW + 1)).await.unwrap();
    assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW + 1)), "in place, a beat needs no room");
    let long = vec![b'x'; 30_000];
    for error in [
        store.write_beat(&cluster("b"), &beat(NOW)).await.unwrap_err(),
        store.swap_record(&RecordName::Ownership, &long, &first, after(&first)).await.unwrap_err(),
        store.create_record(&RecordName::Probe("p".to_owned()), &long, 1).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error}");
        assert!(error.to_string().contains("free space in the store"), "{error}");
    }
    let kept = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
    assert_eq!((kept.body.as_slice(), &kept.version), (b"kept".as_slice(), &first));
    let staged = fs::read_dir(&root).unwrap().filter(|entry| is_staging(entry.as_ref().unwrap()));
    assert_eq!(staged.count(), 0, "half-written records are cleaned up");

    fs::remove_file(ballast).unwrap();
    store.write_beat(&cluster("b"), &beat(NOW)).await.unwrap();
    store.swap_record(&RecordName::Ownership, &long, &first, after(&first)).await.unwrap();
}

#[tokio::test]
#[ignore = "it is a process of a test above"]
async fn read_only() {
    let (root, store) = prepared();
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    let first = store.create_record(&RecordName::Ownership, b"kept", 1).await.unwrap();
    let remounted = Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&root).status().unwrap();
    assert!(remounted.success());

    assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)));
    assert_eq!(store.clusters().await.unwrap().len(), 1);
    assert_eq!(store.read_record(&RecordName::Ownership).await.unwrap().unwrap().body, b"kept");
    assert_denied(&store, &first, "mount it writable").await;
}

#[tokio::test]
#[ignore = "it is a process of a test above"]
async fn no_rights() {
    use std::os::unix::fs::PermissionsExt;
    let (root, store) = prepared();
    store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap();
    let first = store.create_record(&RecordName::Ownership, b"kept", 1).await.unwrap();
    let allow = |mode| fs::set_permissions(&root, fs::Permissions::from_mode(mode)).unwrap();

    allow(0o000);
    for error in [
        store.read_stamp(&cluster("a")).await.unwrap_err(),
        store.read_details(&cluster("a")).await.unwrap_err(),
        store.clusters().await.unwrap_err(),
        store.read_record(&RecordName::Ownership).await.unwrap_err(),
        store.write_beat(&cluster("a"), &beat(NOW)).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
    }
    allow(0o500);
    assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)));
    fs::set_permissions(root.join("a/heartbeat.txt"), fs::Permissions::from_mode(0o400)).unwrap();
    assert_denied(&store, &first, "check the owner and mode of the folder").await;

    allow(0o700);
    fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    assert!(matches!(store.read_stamp(&cluster("a")).await, Err(StoreError::Denied { .. })));
    assert_eq!(store.clusters().await.unwrap().len(), 1, "listed, so that reading it can say what is wrong");
}

/// Expects that every kind of write is denied with this hint and leaves the store as it was.
async fn assert_denied(store: &Store, first: &RecordVersion, hint: &str) {
    for error in [
        store.write_beat(&cluster("a"), &beat(NOW + 1)).await.unwrap_err(),
        store.write_beat(&cluster("b"), &beat(NOW)).await.unwrap_err(),
        store.create_record(&RecordName::Probe("p".to_owned()), b"1", 1).await.unwrap_err(),
        store.swap_record(&RecordName::Ownership, b"2", first, after(first)).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        assert!(error.to_string().contains(hint), "{hint}: {error}");
    }
    assert_eq!(store.read_stamp(&cluster("a")).await, Ok(stamp(NOW)));
}

/// Runs an ignored test of this module in a process whose mounts the script has prepared.
fn run_case(case: &str, script: &str) {
    let [unshare, options @ ..] = NAMESPACE;
    let allowed = Command::new(unshare).args(options).arg("true").stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        // Past the test harness, which shows what failing tests print.
        let _ = writeln!(std::io::stderr(), "skipped: {case}, since user namespaces are not allowed here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(unshare)
        .args(options)
        .args(["sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &format!("trouble::{case}")])
        .env(STORE, dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{said}");
}

fn prepared() -> (PathBuf, Store) {
    let root = PathBuf::from(std::env::var_os(STORE).expect("the test above says where"));
    (root.clone(), store(Arc::new(FolderBackend::new(root))))
}

/// Writes until nothing fits any more.
fn fill(root: &Path) -> PathBuf {
    let path = root.join("ballast");
    let mut ballast = File::create(&path).unwrap();
    while ballast.write_all(&[0; 512]).is_ok() {}
    path
}

fn is_staging(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with(".staging-")
}
