//! Answers that no emulator gives, from a scripted service.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use azure_core::credentials::Secret;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, Transport};
use failover_policy::{Finding, Malformed, Tick};

use super::*;
use crate::{Origin, Place, Source, WriterId};

/// A status, headers and a body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

/// Gives its answers in order and notes the requests.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Script {
    /// Adds an answer of Blob storage, which has a request id.
    fn answers(self, status: u16, headers: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Self {
        let signed = [headers, &[("x-ms-request-id", "1")]].concat();
        self.somebody_answers(status, &signed, body)
    }

    /// Adds an answer of whoever stands on the way.
    fn somebody_answers(self, status: u16, headers: &[(&'static str, &str)], body: impl AsRef<[u8]>) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.answers.lock().unwrap().push_back((status, headers, body.as_ref().to_vec()));
        self
    }

    fn open(&self, url: &str) -> BlobBackend {
        let Ok(Place::Blob(place)) = Place::parse(url, Source::Flag) else { panic!("{url}") };
        let credential =
            Credential::SharedKey { key: Secret::new("a2V5"), origin: Origin::Variable("AZURE_STORAGE_KEY") };
        BlobBackend::on_transport(&place, &credential, None, Transport::new(Arc::new(self.clone()))).unwrap()
    }

    /// Method, path and query of each request, with the range and the conditions.
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

#[async_trait]
impl HttpClient for Script {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut line = format!("{} {}", request.method().as_str(), request.path_and_query());
        for name in ["range", "if-match", "if-none-match"] {
            if let Some(value) = request.headers().get_optional_str(&name.into()) {
                line.push_str(&format!(" {name}={value}"));
            }
        }
        self.requests.lock().unwrap().push(line);
        let (status, fields, body) = self.answers.lock().unwrap().pop_front().expect("a request too many");
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.insert(name, value);
        }
        Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
    }
}

const URL: &str = "https://acc.blob.core.windows.net/con";

fn cluster(id: &str) -> ClusterId {
    id.parse().unwrap()
}

fn page(names: &[&str], next: &str) -> String {
    let blobs: String = names.iter().map(|name| format!("<Blob><Name>{name}</Name></Blob>")).collect();
    format!("<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>")
}

#[tokio::test]
async fn a_stamp_is_one_read_and_a_beat_one_write() {
    let service = Script::default()
        .answers(206, &[("content-range", "bytes 0-17/18"), ("etag", "\"1\"")], b"639000000000000000")
        .answers(201, &[("etag", "\"2\"")], b"");
    let store = service.open(&format!("{URL}/v2"));
    let read = store.read_stamp(&cluster("a")).await.unwrap();
    let details = BeatDetails {
        version: 1,
        writer: WriterId("w".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2026-01-02T03:04:05Z".to_owned(),
        primary: None,
    };
    store.write_beat(&cluster("a"), &Beat { stamp: read, details }).await.unwrap();
    assert_eq!(
        service.requests(),
        ["GET /con/v2%2Fa%2Fheartbeat.txt range=bytes=0-64", "PUT /con/v2%2Fa%2Fheartbeat.txt"]
    );
}

#[tokio::test]
async fn clusters_are_collected_from_every_page_and_only_from_stamps_of_this_store() {
    let first = ["v2/a/heartbeat.txt", "v2/B/heartbeat.txt", "v2/c/heartbeat.json", "v2/heartbeat.txt"];
    let second = ["v2/west-1/heartbeat.txt", "v2/x/y/heartbeat.txt", "v2/.probe-1.json", "v2/ownership.json"];
    let service =
        Script::default().answers(200, &[], page(&first, "next")).answers(200, &[], page(&second, ""));
    let found = service.open(&format!("{URL}/v2")).clusters().await.unwrap();
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "west-1"]);
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].contains("prefix=v2%2F") && !requests[0].contains("marker="), "{requests:?}");
    assert!(requests[1].contains("prefix=v2%2F") && requests[1].contains("marker=next"), "{requests:?}");
}

#[tokio::test]
async fn what_a_crash_or_a_classic_writer_left_is_found_with_the_line_that_removes_it() {
    let names = [
        "v2/a/heartbeat.txt",
        "v2/A/heartbeat.txt",
        "v2/.probe-7f.json",
        "v2/Ownership/heartbeat.txt",
        "v2/B/x.txt",
    ];
    let service = Script::default().answers(200, &[], page(&names, ""));
    let remove = "az storage blob delete --account-name acc --container-name con --name v2/.probe-7f.json";
    assert_eq!(
        service.open(&format!("{URL}/v2")).oddities().await,
        Ok(vec![
            Oddity::Probe { name: ".probe-7f.json".to_owned(), remove: remove.to_owned() },
            Oddity::OtherCase { found: "A".to_owned(), meant: cluster("a"), same: false },
        ])
    );
}

#[tokio::test]
async fn a_service_that_ignores_the_range_does_not_make_us_read_it_all() {
    let whole = vec![b'6'; 1_000_000];
    let service = Script::default().answers(200, &[("etag", "\"1\"")], &whole).answers(
        200,
        &[("etag", "\"1\"")],
        &whole,
    );
    let store = service.open(URL);
    assert_eq!(store.get("b", 10).await.unwrap().bytes.len(), 11);
    let error = store.read_stamp(&cluster("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn an_empty_blob_is_a_malformed_stamp_and_no_failed_request() {
    let service = Script::default().answers(416, &[("x-ms-error-code", "InvalidRange")], b"").answers(
        200,
        &[("etag", "\"1\"")],
        b"",
    );
    let error = service.open(URL).read_stamp(&cluster("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error}");
    assert_eq!(service.requests().len(), 2, "only an empty blob is asked for twice");
}

#[tokio::test]
async fn conditions_name_the_tag_as_the_service_sent_it() {
    let service = Script::default()
        .answers(201, &[("etag", "\"0x1\"")], b"")
        .answers(201, &[("etag", "\"0x2\"")], b"")
        .answers(206, &[("content-range", "bytes 0-1/2"), ("etag", "\"0x2\"")], b"{}");
    let store = service.open(URL);
    let first = store.create_record(&RecordName::Ownership, b"{}", 1).await.unwrap();
    let second = store.swap_record(&RecordName::Ownership, b"{}", &first, 2).await.unwrap();
    let record = store.read_record(&RecordName::Ownership).await.unwrap().unwrap();
    assert_eq!(record.version, second);
    assert_eq!(
        service.requests(),
        [
            "PUT /con/ownership.json if-none-match=*",
            "PUT /con/ownership.json if-match=\"0x1\"",
            "GET /con/ownership.json range=bytes=0-65536",
        ]
    );
}

type Fields<'a> = &'a [(&'static str, &'a str)];

/// What each operation of the trait makes of whatever is answered, by name; `None` for a success.
async fn outcomes(store: &BlobBackend) -> [(&'static str, Option<StoreError>); 10] {
    let name = RecordName::Ownership;
    let version = RecordVersion::ETag("\"0\"".to_owned());
    let details = BeatDetails {
        version: BeatDetails::VERSION,
        writer: WriterId("w".to_owned()),
        beat_count: 1,
        interval_ms: 2000,
        process_start: "2025-11-01T00:00:00Z".to_owned(),
        primary: None,
    };
    let beat = Beat { stamp: Stamp::new(Tick::UNIX_EPOCH), details };
    [
        ("read_stamp", store.read_stamp(&cluster("a")).await.err()),
        ("read_details", store.read_details(&cluster("a")).await.err()),
        ("clusters", store.clusters().await.err()),
        ("read_record", store.read_record(&name).await.err()),
        ("read_maintenance", store.read_maintenance().await.err()),
        ("write_beat", store.write_beat(&cluster("a"), &beat).await.err()),
        ("write_maintenance", store.write_maintenance(b"{}").await.err()),
        ("remove_probe", store.remove_probe("p").await.err()),
        ("create_record", store.create_record(&name, b"{}", 1).await.err()),
        ("swap_record", store.swap_record(&name, b"{}", &version, 2).await.err()),
    ]
}

#[tokio::test]
async fn an_answer_that_is_not_the_stores_settles_nothing_whatever_it_says() {
    let tag = ("etag", "\"1\"");
    let html = ("content-type", "text/html");
    let cached = [("x-ms-request-id", "1"), ("x-ms-client-request-id", "of somebody else"), tag];
    let stamp = "639000000000000000";
    let list = page(&["a/heartbeat.txt"], "");
    let table: [(u16, Fields<'_>, &str); 16] = [
        (200, &[], ""),
        (200, &[html], "<html>Scheduled maintenance</html>"),
        (200, &[tag], stamp),
        (200, &[tag], &list),
        (200, &cached, stamp),
        (206, &cached, stamp),
        (201, &[], ""),
        (201, &[tag], ""),
        (201, &cached, ""),
        (202, &[], ""),
        (204, &[("x-ms-request-id", "1"), tag], ""),
        (304, &[tag], ""),
        (307, &[("location", "https://login.example/")], ""),
        (404, &[("x-ms-error-code", "BlobNotFound")], ""),
        (412, &[("x-ms-error-code", "ConditionNotMet")], ""),
        (407, &[html], ""),
    ];
    for (status, headers, body) in table {
        let mut service = Script::default();
        for _ in 0..10 {
            service = service.somebody_answers(status, headers, body);
        }
        for (operation, outcome) in outcomes(&service.open(URL)).await {
            let expected = match operation {
                // Reading back settles it.
                "create_record" | "swap_record" => "ambiguous",
                _ => "unreachable",
            };
            let error =
                outcome.unwrap_or_else(|| panic!("{operation} took {status} {headers:?} for a success"));
            assert_eq!(error.reason(), expected, "{operation}: {status} {headers:?}: {error}");
            assert!(error.to_string().contains("proxy"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_swap_that_a_proxy_says_is_won_is_read_back_from_the_store() {
    let tag = [("etag", "\"1\"")];
    let theirs = "{\"theirs\":1}";
    let found = [("content-range", "bytes 0-11/12"), ("etag", "\"0x2\"")];
    let deadline = std::time::Duration::from_secs(1);
    let deadlines = crate::Deadlines { read: deadline, write: deadline };
    let table =
        [(theirs, None, "somebody else holds the record"), ("{\"ours__\":1}", Some("\"0x2\""), "it was won")];
    for (stored, won, why) in table {
        let service = Script::default().somebody_answers(201, &tag, b"").answers(206, &found, stored);
        let store = crate::Store::new(Arc::new(service.open(URL)), deadlines);
        let created = store.create_record(&RecordName::Ownership, b"{\"ours__\":1}", 1).await;
        let version = won.map(|tag| RecordVersion::ETag(tag.to_owned()));
        assert_eq!(created.clone().ok(), version, "{why}: {created:?}");
        assert_eq!(service.requests().len(), 2, "{why}");
    }
}

#[tokio::test]
async fn malformed_bytes_in_a_blob_are_no_writers_that_was_caught_in_the_middle() {
    for bytes in [b"".as_slice(), b"639000000", b"\0\0\0"] {
        let service = Script::default().answers(200, &[("etag", "\"1\"")], bytes);
        let second = std::time::Duration::from_secs(1);
        let deadlines = crate::Deadlines { read: second, write: second };
        let store = crate::Store::new(Arc::new(service.open(URL)), deadlines);
        let (finding, error) = store.look_at_stamp(&cluster("a")).await;
        assert_eq!(finding, Finding::Malformed(Malformed::Foreign), "{bytes:?}: {error:?}");
        assert_eq!(service.requests().len(), 1, "nothing else is asked for");
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_unreachable_and_never_content() {
    type Fields = &'static [(&'static str, &'static str)];
    let (stamp, json) = (b"639000000000000000".as_slice(), b"{\"version\":1}".as_slice());
    let cuts: [(u16, Fields, usize); 5] = [
        (206, &[("content-range", "bytes 0-8/18"), ("content-length", "9")], 9),
        (206, &[("content-range", "bytes 0-17/18"), ("content-length", "18")], 9),
        (206, &[("content-range", "bytes 0-17/18"), ("content-length", "9")], 9),
        (206, &[("content-range", "bytes 0-17/18")], 0),
        (200, &[("content-length", "18")], 9),
    ];
    for (status, headers, came) in cuts {
        let shown = format!("{status} {headers:?} {came}");
        let fields = [headers, &[("etag", "\"1\"")]].concat();
        let answers = |body: &[u8]| {
            let cut = &body[..came.min(body.len() - 1)];
            Script::default().answers(status, &fields, cut).open(URL)
        };
        let errors = [
            answers(stamp).read_stamp(&cluster("a")).await.unwrap_err(),
            answers(json).read_record(&RecordName::Ownership).await.unwrap_err(),
            answers(json).read_maintenance().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.reason(), "unreachable", "{shown}: {error}");
            assert!(error.to_string().contains("the answer is damaged"), "{shown}: {error}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_tag_settles_nothing() {
    let service = Script::default().answers(201, &[], b"").answers(200, &[], b"{}");
    let store = service.open(URL);
    let error = store.create_record(&RecordName::Ownership, b"{}", 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "{error}");
    let error = store.read_record(&RecordName::Ownership).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_folders_revision_is_never_the_state_of_a_blob() {
    let service = Script::default();
    let swap =
        service.open(URL).swap_record(&RecordName::Ownership, b"{}", &RecordVersion::Revision(1), 2).await;
    assert!(matches!(swap, Err(StoreError::Conflict { .. })), "{swap:?}");
    assert!(service.requests().is_empty());
}

#[tokio::test]
async fn details_out_of_range_do_not_cost_the_stamp() {
    let service = Script::default().answers(201, &[("etag", "\"1\"")], b"");
    let details = BeatDetails {
        version: 1,
        writer: WriterId("w".repeat(100_000)),
        beat_count: 1,
        interval_ms: 2000,
        process_start: String::new(),
        primary: None,
    };
    let beat = Beat { stamp: Stamp::new(Tick::UNIX_EPOCH), details };
    assert_eq!(service.open(URL).write_beat(&cluster("a"), &beat).await, Ok(()));
}

#[test]
fn the_handle_prints_without_its_secrets() {
    let url = "https://acc.blob.core.windows.net/con?sv=1&se=2030-01-01&sig=PLANTED";
    let Ok(Place::Blob(place)) = Place::parse(url, Source::Environment) else { panic!("a sound place") };
    let credential = Credential::Sas { sas: place.sas().unwrap().clone(), origin: Origin::StoreUrl };
    let transport = Transport::new(Arc::new(Script::default()));
    let store = BlobBackend::on_transport(&place, &credential, None, transport).unwrap();
    let shown = format!("{store:?} {place:?} {place} {credential:?} {credential}");
    assert!(shown.contains("acc.blob") && !shown.contains("PLANTED"), "{shown}");
}
