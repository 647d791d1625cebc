use std::fs;
use std::path::Path;
use std::time::Duration;

use failover_policy::Tick;
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;
use crate::{Deadlines, Store, WriterId};

const NOW: &[u8] = b"639000000000000000";

fn open(root: &Path) -> Store {
    let deadline = Duration::from_secs(10);
    Store::new(Arc::new(FolderBackend::new(root.to_owned())), Deadlines { read: deadline, write: deadline })
}

/// The same as on an SMB mount.
fn open_renaming(root: &Path) -> Store {
    let deadline = Duration::from_secs(10);
    let backend = FolderBackend::publishing_by(root.to_owned(), Publishing::FolderRename);
    Store::new(Arc::new(backend), Deadlines { read: deadline, write: deadline })
}

fn new_store() -> (TempDir, Store) {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path());
    (root, store)
}

fn a() -> ClusterId {
    "a".parse().unwrap()
}

fn beat() -> Beat {
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("w".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    Beat { stamp: Stamp::parse(NOW).unwrap(), details }
}

/// Everything below a folder, as paths relative to it.
fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(tree(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        }
        found.push(name);
    }
    found.sort();
    found
}

/// The revision after a state.
fn after(version: &RecordVersion) -> u64 {
    version.revision().unwrap_or(1).saturating_add(1)
}

#[tokio::test]
async fn the_layout_is_the_documented_one_and_nothing_is_left_beside_it() {
    let (root, store) = new_store();
    store.write_beat(&a(), &beat()).await.unwrap();
    assert_eq!(tree(root.path()), ["a", "a/heartbeat.json", "a/heartbeat.txt"]);
    let first = store.create_record(&RecordName::Ownership, b"1", 1).await.unwrap();
    store.swap_record(&RecordName::Ownership, b"2", &first, after(&first)).await.unwrap();
    store.create_record(&RecordName::Ownership, b"again", 1).await.unwrap_err();
    store.swap_record(&RecordName::Ownership, b"late", &first, after(&first)).await.unwrap_err();
    store.write_maintenance(b"{}").await.unwrap();
    let expected = [
        "maintenance.json",
        "ownership",
        "ownership/00000000000000000001.json",
        "ownership/00000000000000000002.json",
    ];
    assert_eq!(tree(root.path())[3..], expected, "every staging file is gone, of wins and of losses");
}

#[tokio::test]
async fn where_folders_are_renamed_each_revision_is_a_folder_with_the_record_in_it() {
    let root = tempfile::tempdir().unwrap();
    let store = open_renaming(root.path());
    let first = store.create_record(&RecordName::Ownership, b"1", 1).await.unwrap();
    store.swap_record(&RecordName::Ownership, b"2", &first, 2).await.unwrap();
    store.create_record(&RecordName::Ownership, b"again", 1).await.unwrap_err();
    store.swap_record(&RecordName::Ownership, b"late", &first, 2).await.unwrap_err();
    let expected = [
        "ownership",
        "ownership/00000000000000000001.json",
        "ownership/00000000000000000001.json/record.json",
        "ownership/00000000000000000002.json",
        "ownership/00000000000000000002.json/record.json",
    ];
    assert_eq!(tree(root.path()), expected, "every staging folder is gone, of wins and of losses");
}

#[test]
fn a_name_that_is_taken_is_a_conflict_in_every_form_and_nothing_is_left_beside_it() {
    for way in [Publishing::HardLink, Publishing::FolderRename] {
        for taken_by_folder in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let root = Root::new(dir.path().to_owned(), Some(way));
            let records = root.records(&RecordName::Ownership).unwrap();
            let name = dir.path().join("ownership/00000000000000000001.json");
            let file = if taken_by_folder { name.join("record.json") } else { name.clone() };
            let staging = records.stage(b"mine").unwrap();
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "theirs").unwrap();
            // As of a claimant that listed before the other published.
            let error = records.publish(staging, 0, 1).unwrap_err();
            assert_eq!(error.reason(), "conflict", "{way:?}: {error}");
            assert_eq!(fs::read(&file).unwrap(), b"theirs", "{way:?}");
            assert!(!tree(dir.path()).iter().any(|name| name.contains("staging")), "{way:?}");
        }
    }
}

#[test]
fn a_jump_that_passed_over_a_revision_counts_and_is_ambiguous() {
    for way in [Publishing::HardLink, Publishing::FolderRename] {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(dir.path().to_owned(), Some(way));
        let records = root.records(&RecordName::Ownership).unwrap();
        let first = records.create(b"first", 1).unwrap();
        let jump = records.stage(b"jump").unwrap();
        let claim = records.stage(b"late claim").unwrap();
        records.swap(b"claim", &first, 2).unwrap();
        let error = records.publish(jump, 1, 1_790_000_000).unwrap_err().to_string();
        assert!(error.contains("it is there and counts, but it passed over revision 2"), "{way:?}: {error}");
        assert_eq!(records.read().unwrap().unwrap().body, b"jump");
        let error = records.publish(claim, 2, 3).unwrap_err().to_string();
        assert!(error.contains("it is there, but revision 1790000000 counts"), "{way:?}: {error}");
        assert_eq!(records.read().unwrap().unwrap().body, b"jump");
    }
}

#[test]
fn a_staged_folder_that_may_still_be_renamed_is_left_whole_and_never_counts() {
    for (way, expected) in [(Publishing::HardLink, 0), (Publishing::FolderRename, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::new(dir.path().to_owned(), Some(way));
        let likeness = root.likeness().unwrap();
        let mut staging = staging::Staging::write(dir.path(), b"late", way, likeness).unwrap();
        staging.leave_unless_linked();
        drop(staging);
        assert_eq!(tree(dir.path()).len(), expected, "{way:?}: a folder and the record in it, or nothing");
        let records = root.records(&RecordName::Ownership).unwrap();
        assert_eq!(records.read(), Ok(None));
        records.create(b"1", 1).unwrap();
        assert_eq!(records.read().unwrap().unwrap().body, b"1");
        assert_eq!(root.clusters(), Ok(BTreeSet::new()));
    }
}

#[tokio::test]
async fn a_revision_without_a_record_in_it_is_malformed_and_can_be_replaced() {
    let (root, store) = new_store();
    store.create_record(&RecordName::Ownership, b"first", 1).await.unwrap();
    fs::create_dir(root.path().join("ownership/00000000000000000003.json")).unwrap();
    let record = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
    let expected = Record { body: Vec::new(), version: RecordVersion::Revision(3) };
    assert_eq!(record, expected, "no lower revision comes to count");
    store.swap_record(&RecordName::Ownership, b"fourth", &record.version, 4).await.unwrap();
    assert_eq!(store.read_record(&RecordName::Ownership).await.unwrap().unwrap().body, b"fourth");
}

#[tokio::test]
async fn a_stamp_keeps_its_file_so_that_a_reader_never_finds_it_missing() {
    use std::os::unix::fs::MetadataExt;
    let (root, store) = new_store();
    let file = root.path().join("a/heartbeat.txt");
    store.write_beat(&a(), &beat()).await.unwrap();
    let held_open = fs::File::open(&file).unwrap();
    store
        .write_beat(&a(), &Beat { stamp: Stamp::new(Tick::from_count(638).unwrap()), ..beat() })
        .await
        .unwrap();
    assert_eq!(held_open.metadata().unwrap().ino(), fs::metadata(&file).unwrap().ino(), "no rename");
    assert_eq!(std::io::read_to_string(held_open).unwrap(), "638");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_among_two_beacons_finds_a_stamp_every_time() {
    let (root, store) = new_store();
    store.write_beat(&a(), &beat()).await.unwrap();
    let beacons = ["638999999999999999", "639000000000000000"].map(|digits| {
        let (store, stamp) = (open(root.path()), Stamp::parse(digits.as_bytes()).unwrap());
        tokio::spawn(async move {
            for _ in 0..300 {
                store.write_beat(&a(), &Beat { stamp, ..beat() }).await.unwrap();
            }
        })
    });
    while beacons.iter().any(|beacon| !beacon.is_finished()) {
        store.read_stamp(&a()).await.expect("never empty, never missing, never anything but digits");
    }
    for beacon in beacons {
        beacon.await.unwrap();
    }
}

#[tokio::test]
async fn a_root_that_is_no_folder_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "").unwrap();
    std::os::unix::fs::symlink(at("unmounted"), at("dangling")).unwrap();
    std::os::unix::fs::symlink(at("circle"), at("circle")).unwrap();
    let table = [
        (at("nothing"), "mount the share there, or create the folder with 'mkdir -p'"),
        (at("nothing/below"), "mount the share there"),
        (at("file"), "what is there is not a folder; name a folder"),
        (at("file/below"), "name a folder"),
        (at("dangling"), "it is a link to "),
        (at("circle"), "it is a link to "),
        (at(&"x".repeat(300)), "name a folder"),
    ];
    let before = tree(dir.path());
    for (root, hint) in table {
        let store = open(&root);
        let version = RecordVersion::Revision(1);
        let errors = [
            store.read_stamp(&a()).await.unwrap_err(),
            store.write_beat(&a(), &beat()).await.unwrap_err(),
            store.read_details(&a()).await.unwrap_err(),
            store.clusters().await.unwrap_err(),
            store.read_record(&RecordName::Ownership).await.unwrap_err(),
            store.create_record(&RecordName::Ownership, b"1", 1).await.unwrap_err(),
            store.swap_record(&RecordName::Ownership, b"1", &version, after(&version)).await.unwrap_err(),
            store.remove_probe("1").await.unwrap_err(),
            store.read_maintenance().await.unwrap_err(),
            store.write_maintenance(b"{}").await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.reason(), "no_store", "{error}");
            assert!(error.to_string().contains(hint), "{hint}: {error}");
        }
        assert_eq!(tree(dir.path()), before, "{hint}: nothing was created");
    }
}

/// Puts something that is no file at a path.
type Plant = fn(&Path);

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn socket(path: &Path) {
    mknodat(CWD, path, FileType::Socket, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[tokio::test]
async fn what_is_no_file_in_a_stamps_place_is_a_clear_error_and_never_a_hang() {
    let table: [(Plant, &str); 5] = [
        (pipe, "pipe"),
        (socket, "socket"),
        (|path| fs::create_dir(path).unwrap(), "it is a folder, not a file"),
        (|path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(), "device"),
        (|path| std::os::unix::fs::symlink(path.file_name().unwrap(), path).unwrap(), "in a circle"),
    ];
    for (plant, kind) in table {
        let (root, store) = new_store();
        fs::create_dir(root.path().join("a")).unwrap();
        let path = root.path().join("a/heartbeat.txt");
        plant(&path);
        let read = store.read_stamp(&a()).await.unwrap_err();
        let written = store.write_beat(&a(), &beat()).await.unwrap_err();
        for error in [read, written] {
            assert_eq!(error.reason(), "obstructed", "{kind}: no monitor may take it for silence: {error}");
            assert!(error.to_string().contains(kind), "{kind}: {error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{kind}: {error}");
        }
    }
}

#[tokio::test]
async fn what_is_no_file_in_the_details_place_never_stops_a_beat() {
    let table: [Plant; 3] = [pipe, socket, |path| fs::create_dir(path).unwrap()];
    for plant in table {
        let (root, store) = new_store();
        fs::create_dir(root.path().join("a")).unwrap();
        plant(&root.path().join("a/heartbeat.json"));
        store.write_beat(&a(), &beat()).await.unwrap();
        assert_eq!(store.read_stamp(&a()).await, Ok(beat().stamp));
        assert_eq!(store.read_details(&a()).await, Ok(None));
    }
}

#[tokio::test]
async fn a_link_to_a_share_that_is_not_mounted_is_not_written_through() {
    let (root, store) = new_store();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    let target = elsewhere.path().join("heartbeat.txt");
    std::os::unix::fs::symlink(&target, root.path().join("a/heartbeat.txt")).unwrap();
    let error = store.write_beat(&a(), &beat()).await.unwrap_err();
    assert!(error.to_string().contains("a link that leads nowhere"), "{error}");
    assert!(!target.exists());

    fs::write(&target, "1").unwrap();
    store.write_beat(&a(), &beat()).await.unwrap();
    assert_eq!(fs::read(&target).unwrap(), NOW, "a link to a file that is there is followed");
}

#[tokio::test]
async fn a_file_in_a_clusters_place_is_a_clear_error() {
    let (root, store) = new_store();
    fs::write(root.path().join("a"), "").unwrap();
    for error in
        [store.read_stamp(&a()).await.unwrap_err(), store.write_beat(&a(), &beat()).await.unwrap_err()]
    {
        assert!(error.to_string().contains("a part of its path is not a folder"), "{error}");
    }
}

#[tokio::test]
async fn whatever_stands_in_the_place_of_a_stamp_is_listed_and_says_what_it_is_when_it_is_read() {
    fn link(to: &str, from: &Path) {
        std::os::unix::fs::symlink(to, from).unwrap();
    }
    let table: [(&str, Plant, &str); 5] = [
        ("a file in the cluster's place", |folder| fs::write(folder, "").unwrap(), "is not a folder"),
        ("a link that leads to itself", |folder| link("a", folder), "lead in a circle"),
        ("a link to nowhere", |folder| link("/nowhere", folder), "does not exist"),
        (
            "a folder in the stamp's place",
            |folder| fs::create_dir_all(folder.join("heartbeat.txt")).unwrap(),
            "it is a folder, not a file",
        ),
        (
            "a link to nowhere in the stamp's place",
            |folder| {
                fs::create_dir(folder).unwrap();
                link("/nowhere", &folder.join("heartbeat.txt"));
            },
            "does not exist",
        ),
    ];
    for (what, plant, part) in table {
        let (root, store) = new_store();
        plant(&root.path().join("a"));
        assert_eq!(store.clusters().await, Ok([a()].into()), "{what}");
        let error = store.read_stamp(&a()).await.unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("a/heartbeat.txt"), "{what}: {error}");
    }
}

#[tokio::test]
async fn clusters_are_what_has_a_legal_name_and_a_stamp_or_is_in_the_way_of_one() {
    let (root, store) = new_store();
    for folder in [
        "a",
        "b",
        "no-stamp",
        "Upper",
        "-dash",
        ".staging-1",
        ".probe-1",
        "ownership",
        "x".repeat(64).as_str(),
    ] {
        fs::create_dir(root.path().join(folder)).unwrap();
        if folder != "no-stamp" {
            fs::write(root.path().join(folder).join("heartbeat.txt"), "").unwrap();
        }
    }
    for file in ["in-the-way", "Notes", "notes.txt", "maintenance.json"] {
        fs::write(root.path().join(file), "").unwrap();
    }
    let expected: BTreeSet<ClusterId> = ["a", "b", "in-the-way"].map(|id| id.parse().unwrap()).into();
    assert_eq!(store.clusters().await, Ok(expected));
}

#[tokio::test]
async fn only_files_named_by_twenty_digits_are_revisions_and_the_highest_counts() {
    let (root, store) = new_store();
    let folder = root.path().join("ownership");
    fs::create_dir(&folder).unwrap();
    for stray in [
        "1.json",
        "0000000000000000009.json",
        "00000000000000000009.JSON",
        "00000000000000000009.json~",
        "notes",
    ] {
        fs::write(folder.join(stray), "stray").unwrap();
    }
    assert_eq!(store.read_record(&RecordName::Ownership).await, Ok(None));
    store.create_record(&RecordName::Ownership, b"first", 1).await.unwrap();
    // A gap, as a restored backup may leave it.
    fs::write(folder.join("00000000000000000007.json"), "seventh").unwrap();
    let record = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
    assert_eq!(record, Record { body: b"seventh".to_vec(), version: RecordVersion::Revision(7) });
    let next = store
        .swap_record(&RecordName::Ownership, b"eighth", &record.version, after(&record.version))
        .await
        .unwrap();
    assert_eq!(next, RecordVersion::Revision(8));
}

#[tokio::test]
async fn an_etag_names_no_state_of_a_folder() {
    let (_root, store) = new_store();
    store.create_record(&RecordName::Ownership, b"first", 1).await.unwrap();
    let foreign = RecordVersion::ETag("\"0x8D\"".to_owned());
    let error =
        store.swap_record(&RecordName::Ownership, b"second", &foreign, after(&foreign)).await.unwrap_err();
    assert_eq!(error.reason(), "conflict", "{error}");
}

#[tokio::test]
async fn a_revision_that_no_counter_reaches_is_malformed_and_not_passed_over() {
    let (root, store) = new_store();
    let version = store.create_record(&RecordName::Ownership, b"first", 1).await.unwrap();
    fs::write(root.path().join("ownership/99999999999999999999.json"), "far").unwrap();
    for error in [
        store.read_record(&RecordName::Ownership).await.unwrap_err(),
        store.swap_record(&RecordName::Ownership, b"second", &version, after(&version)).await.unwrap_err(),
    ] {
        assert_eq!(error.reason(), "malformed", "{error}");
        assert!(error.to_string().contains("it has a revision above 18446744073709551615"), "{error}");
    }
}

#[tokio::test]
async fn the_last_revision_can_be_read_and_not_be_followed() {
    let (root, store) = new_store();
    fs::create_dir(root.path().join("ownership")).unwrap();
    fs::write(root.path().join(format!("ownership/{}.json", u64::MAX)), "last").unwrap();
    let record = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
    let error = store
        .swap_record(&RecordName::Ownership, b"next", &record.version, after(&record.version))
        .await
        .unwrap_err();
    assert_eq!(error.reason(), "malformed", "{error}");
}

#[tokio::test]
async fn what_is_no_file_in_a_records_place_is_a_clear_error() {
    let (root, store) = new_store();
    fs::write(root.path().join("ownership"), "").unwrap();
    let error = store.read_record(&RecordName::Ownership).await.unwrap_err();
    assert!(error.to_string().contains("a part of its path is not a folder"), "{error}");
    let error = store.create_record(&RecordName::Ownership, b"1", 1).await.unwrap_err();
    assert_eq!(error.reason(), "obstructed", "{error}");

    for below in ["ownership/00000000000000000003.json/record.json", "maintenance.json"] {
        let (root, store) = new_store();
        fs::create_dir_all(root.path().join(below)).unwrap();
        let error = match below {
            "maintenance.json" => store.read_maintenance().await.unwrap_err(),
            _ => store.read_record(&RecordName::Ownership).await.unwrap_err(),
        };
        assert_eq!(error.reason(), "obstructed", "{error}");
        assert!(error.to_string().contains("it is a folder, not a file"), "{error}");
    }
}

#[tokio::test]
async fn what_a_crashed_process_staged_does_no_harm() {
    let (root, store) = new_store();
    fs::create_dir(root.path().join(".staging-2-00000000000000ff")).unwrap();
    for stale in [".staging-1", ".staging-1-00000000000000ff", ".staging-2-00000000000000ff/record.json"] {
        fs::write(root.path().join(stale), "{\"half\":").unwrap();
    }
    store.create_record(&RecordName::Ownership, b"1", 1).await.unwrap();
    assert_eq!(store.read_record(&RecordName::Ownership).await.unwrap().unwrap().body, b"1");
    assert_eq!(store.clusters().await, Ok(BTreeSet::new()));
}

#[tokio::test]
async fn removing_a_probe_takes_its_revisions_and_leaves_what_is_not_ours() {
    let (root, store) = new_store();
    store.create_record(&RecordName::Probe("p".to_owned()), b"1", 1).await.unwrap();
    fs::write(root.path().join(".probe-p/precious"), "").unwrap();
    let error = store.remove_probe("p").await.unwrap_err();
    assert!(error.to_string().contains(".probe-p"), "{error}");
    assert_eq!(tree(root.path()), [".probe-p", ".probe-p/precious"]);
}

#[tokio::test]
async fn a_probe_id_cannot_lead_out_of_the_store() {
    let (root, store) = new_store();
    for id in ["", "../ownership", "a/b", ".", "p\0"] {
        for error in [
            store.remove_probe(id).await.unwrap_err(),
            store.create_record(&RecordName::Probe(id.to_owned()), b"1", 1).await.unwrap_err(),
        ] {
            assert_eq!(error.reason(), "malformed", "{id:?}: {error}");
        }
    }
    assert_eq!(tree(root.path()), [""; 0]);
}

proptest! {
    // Each case makes files; the parsers have properties of their own, without.
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever stands in a record's folder, the reader's answer is that of the rule in one line.
    #[test]
    fn the_highest_of_any_listing_is_the_one_that_counts(
        names in proptest::collection::btree_set("[0-9]{19,21}\\.json|[0-9]{20}\\.jsonx?|[^/\0]{1,30}", 0..12),
    ) {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("ownership");
        fs::create_dir(&folder).unwrap();
        for name in names.iter().filter(|name| !matches!(name.as_str(), "." | "..")) {
            fs::write(folder.join(name), name).unwrap();
        }
        let is_revision = |name: &&String| {
            let digits = name.strip_suffix(".json").unwrap_or_default();
            digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let highest = names.iter().filter(is_revision).max();
        match (Root::new(root.path().to_owned(), None).records(&RecordName::Ownership).unwrap().read(), highest) {
            (Ok(None), None) => {}
            (Ok(Some(record)), Some(name)) => prop_assert_eq!(record.body, name.as_bytes()),
            (Err(StoreError::Malformed { .. }), Some(name)) => prop_assert!(name[..20].parse::<u64>().is_err()),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// No bytes in any file of the store can make a reader panic or hang.
    #[test]
    fn any_bytes_in_the_store_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["a", "ownership"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for file in ["a/heartbeat.txt", "a/heartbeat.json", "ownership/00000000000000000001.json"] {
            fs::write(dir.path().join(file), &bytes).unwrap();
        }
        let root = Root::new(dir.path().to_owned(), None);
        let read = root.read_stamp(&a());
        prop_assert_eq!(read.ok(), Stamp::parse(&bytes).ok());
        prop_assert_eq!(root.read_details(&a()), Ok(BeatDetails::from_json(&bytes)));
        let record = root.records(&RecordName::Ownership).unwrap().read().unwrap();
        prop_assert_eq!(record.map(|record| record.body), Some(bytes));
    }
}

#[tokio::test]
async fn what_a_crash_or_a_classic_writer_left_is_found_and_the_line_that_removes_it_works_when_typed() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("a share's root");
    fs::create_dir(&root).unwrap();
    let store = open(&root);
    store.write_beat(&a(), &beat()).await.unwrap();
    store.create_record(&RecordName::Probe("7f".to_owned()), b"1", 1).await.unwrap();
    for name in ["A", "West"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    fs::write(root.join("A/heartbeat.txt"), NOW).unwrap();
    let mut found = store.oddities().await.unwrap().into_iter();
    let Some(Oddity::Probe { name, remove }) = found.next_back() else { panic!("no probe") };
    assert_eq!(name, ".probe-7f");
    let other = Oddity::OtherCase { found: "A".to_owned(), meant: a(), same: false };
    assert_eq!(found.collect::<Vec<_>>(), [other]);
    let typed = std::process::Command::new("sh").args(["-c", &remove]).status().unwrap();
    assert!(typed.success() && !root.join(".probe-7f").exists(), "{remove}");
    // As on a share that does not tell upper from lower case: both names lead to one place.
    fs::remove_file(root.join("A/heartbeat.txt")).unwrap();
    fs::hard_link(root.join("a/heartbeat.txt"), root.join("A/heartbeat.txt")).unwrap();
    let same = Oddity::OtherCase { found: "A".to_owned(), meant: a(), same: true };
    assert_eq!(store.oddities().await, Ok(vec![same]));
}
