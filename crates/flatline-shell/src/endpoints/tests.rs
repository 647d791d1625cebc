//! Over real sockets on loopback.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connection::MAX_BUFFER_BYTES;
use super::places::MAX_CONNECTIONS;
use super::*;
use crate::Environment;
use crate::activation::{ActivationKey, ActivationOutcome, Activations};

struct Patient(Result<(), String>);

impl Report for Patient {
    fn ready(&self) -> Result<(), String> {
        self.0.clone()
    }

    fn metrics(&self) -> String {
        "# EOF\n".to_owned()
    }

    fn state(&self) -> serde_json::Value {
        json!({"letter": "O"})
    }
}

fn serve(patient: Patient) -> SocketAddr {
    serve_desk(patient, None)
}

fn serve_desk(patient: Patient, desk: Option<ActivationDesk>) -> SocketAddr {
    let endpoints = Endpoints::bind("127.0.0.1:0".parse().unwrap());
    let address = endpoints.address();
    tokio::spawn(endpoints.serve(Arc::new(patient), desk));
    address
}

fn desk() -> (ActivationDesk, Activations) {
    let environment = Environment::from_iter([(ActivationKey::VARIABLE, "Open5esame")]);
    ActivationDesk::new(ActivationKey::from_environment(&environment).unwrap())
}

const RIGHT: &str = "POST /activate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer Open5esame\r\n\r\n";
const WRONG: &str = "POST /activate HTTP/1.1\r\nhost: x\r\nauthorization: Bearer Open5esamE\r\n\r\n";
const LIVE: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

fn activated() -> ActivationOutcome {
    ActivationOutcome::Activated { cluster: "b".parse().unwrap(), term: 4, previous: None }
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn each_path_answers_what_it_is_for() {
    let address = serve(Patient(Ok(())));
    let table = [
        ("GET /livez", "200", "text/plain", "ok\n"),
        ("GET /readyz", "200", "text/plain", "ok\n"),
        ("GET /metrics", "200", OPEN_METRICS, "# EOF\n"),
        ("GET /state", "200", "application/json", "{\"letter\":\"O\"}"),
        ("GET /nowhere", "404", "", ""),
        ("POST /state", "405", "", ""),
    ];
    for (request, status, media, body) in table {
        let answer = ask(address, &format!("{request} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains(media) && answer.ends_with(body), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_ready_says_why_and_is_still_alive() {
    let address = serve(Patient(Err("no beat landed yet".to_owned())));
    let ready = ask(address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(ready.starts_with("HTTP/1.1 503") && ready.ends_with("no beat landed yet\n"), "{ready}");
    let live = ask(address, LIVE).await;
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
}

/// More silent clients than there are places: the oldest gives way, so that a probe need not wait for deadlines.
#[tokio::test(start_paused = true)]
async fn silent_clients_keep_nobody_waiting() {
    let address = serve(Patient(Ok(())));
    let mut silent = Vec::new();
    for _ in 0..3 * MAX_CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost:").await.unwrap();
        silent.push(stream);
    }
    let start = tokio::time::Instant::now();
    let answer = ask(address, LIVE).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(start.elapsed(), Duration::ZERO, "no deadline had to pass");
}

/// Makes half-open connections, some hundred a second, and counts them. The last few hundred are open, and stay so
/// while they are kept.
fn flood(address: SocketAddr, made: &AtomicUsize) -> VecDeque<std::net::TcpStream> {
    let mut open = VecDeque::new();
    while made.load(Ordering::Relaxed) < FLOOD {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        // Half of them begin to speak.
        if made.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            std::io::Write::write_all(&mut stream, b"GET /livez HTTP/1.1\r\n").unwrap();
        }
        open.push_back(stream);
        if open.len() > 10 * MAX_CONNECTIONS {
            open.pop_front();
        }
        thread::sleep(Duration::from_millis(1));
    }
    open
}

/// Half-open connections in the flood of the test below.
const FLOOD: usize = 20 * MAX_CONNECTIONS;

#[tokio::test]
async fn a_flood_of_half_open_connections_keeps_no_probe_waiting_for_a_second() {
    let address = serve(Patient(Ok(())));
    let made = Arc::new(AtomicUsize::new(0));
    let flooding = thread::spawn({
        let made = Arc::clone(&made);
        move || flood(address, &made)
    });
    let mut slowest = Duration::ZERO;
    while made.load(Ordering::Relaxed) < FLOOD {
        let start = Instant::now();
        let answer = ask(address, LIVE).await;
        slowest = slowest.max(start.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        // Leaves the flood room to rise.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(flooding.join().unwrap());
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[tokio::test]
async fn an_activation_is_answered_with_what_came_of_it() {
    let table = [
        (
            activated(),
            "200 OK",
            "{\"cluster\":\"b\",\"outcome\":\"activated\",\"previous\":null,\"term\":4}\n",
        ),
        (ActivationOutcome::Refused("b owns already".to_owned()), "409 Conflict", "b owns already\n"),
        (
            ActivationOutcome::Unavailable("https://x/c?sig=abc is away".to_owned()),
            "503 Service Unavailable",
            "https://x/c?sig=REDACTED is away\n",
        ),
    ];
    let (desk, mut activations) = desk();
    let address = serve_desk(Patient(Ok(())), Some(desk));
    for (outcome, status, body) in table {
        let asking = tokio::spawn(ask(address, RIGHT));
        activations.next().await.answer(outcome).await;
        let answer = asking.await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
    }
}

#[tokio::test]
async fn when_answering_returns_the_client_has_its_answer() {
    let (desk, mut activations) = desk();
    let address = serve_desk(Patient(Ok(())), Some(desk));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(RIGHT.as_bytes()).await.unwrap();
    let start = Instant::now();
    activations.next().await.answer(activated()).await;
    assert!(start.elapsed() < Duration::from_millis(200), "it did not wait in vain");
    // Not through the runtime, so that nothing can run in between.
    let mut answer = [0; 15];
    std::io::Read::read_exact(&mut stream.into_std().unwrap(), &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn whoever_cannot_activate_is_told_why() {
    let table = [
        (None, RIGHT, "404", "this program takes no activation: ask a waiting monitor\n"),
        (
            Some(ActivationDesk::new(None).0),
            RIGHT,
            "403",
            "activation is off: set ACTIVATION_KEY on this program\n",
        ),
        (Some(desk().0), RIGHT, "503", "this program takes no activation any more\n"),
        (Some(desk().0), WRONG, "401", "send the activation key: 'Authorization: Bearer KEY'\n"),
        (Some(desk().0), "GET /activate HTTP/1.1\r\nhost: x\r\n\r\n", "405", ""),
        (None, "GET /activate HTTP/1.1\r\nhost: x\r\n\r\n", "405", ""),
    ];
    for (desk, request, status, body) in table {
        let address = serve_desk(Patient(Ok(())), desk);
        let answer = ask(address, request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
        assert!(!answer.contains("5esam"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_is_not_waited_for() {
    let (desk, mut activations) = desk();
    let address = serve_desk(Patient(Ok(())), Some(desk));
    for body in [
        "content-length: 2\r\n\r\n{}",
        "content-length: 1000000\r\n\r\n{",
        "transfer-encoding: chunked\r\n\r\n",
    ] {
        let request = format!("{}{body}", RIGHT.strip_suffix("\r\n").unwrap());
        let asking = tokio::spawn(async move { ask(address, &request).await });
        let start = Instant::now();
        activations.next().await.answer(activated()).await;
        let answer = asking.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{body}: {answer}");
        assert!(start.elapsed() < Duration::from_secs(1), "{body}");
    }
}

/// More wrong keys at once than there are places, again and again.
#[tokio::test]
async fn a_flood_of_wrong_keys_holds_up_neither_probes_nor_the_right_key() {
    let (desk, mut activations) = desk();
    let refused = desk.refused();
    let address = serve_desk(Patient(Ok(())), Some(desk));
    tokio::spawn(async move {
        loop {
            activations.next().await.answer(activated()).await;
        }
    });
    let flood: Vec<_> = (0..2 * MAX_CONNECTIONS)
        .map(|_| {
            tokio::spawn(async move {
                loop {
                    ask(address, WRONG).await;
                }
            })
        })
        .collect();
    while refused.total() < MAX_CONNECTIONS as u64 {
        tokio::task::yield_now().await;
    }
    for request in [LIVE, RIGHT, LIVE, RIGHT] {
        let start = Instant::now();
        let answer = ask(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    }
    flood.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn nonsense_is_answered_or_dropped_and_the_next_request_is_served() {
    let address = serve(Patient(Ok(())));
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(3 * MAX_BUFFER_BYTES));
    for request in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &long] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{request:?}");
    }
    let answer = ask(address, LIVE).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn an_address_in_use_is_taken_as_soon_as_it_is_free() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    let endpoints = Endpoints::bind(ListenAddress(address));
    assert_eq!(endpoints.address(), address);
    let serving = tokio::spawn(endpoints.serve(Arc::new(Patient(Ok(()))), None));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!serving.is_finished());
    drop(other);
    let freed = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        assert!(freed.elapsed() < Duration::from_secs(10), "it was to be tried again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ask(address, LIVE).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_address_that_this_machine_does_not_have_ends_nothing() {
    // One of those that documents use and nobody has.
    let endpoints = Endpoints::bind("192.0.2.1:9600".parse().unwrap());
    let serving = endpoints.serve(Arc::new(Patient(Ok(()))), None);
    assert!(tokio::time::timeout(Duration::from_millis(50), serving).await.is_err());
}
