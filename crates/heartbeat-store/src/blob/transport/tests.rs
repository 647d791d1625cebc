//! The way to a store on loopback, made slow, deaf or strange in one place at a time.

use std::net::Ipv4Addr;
use std::sync::Mutex;

use azure_core::http::{HttpClient, Method, Request, Url};
use flatline_tests::Certificates;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

use super::names::Resolver;
use super::names::tests::{Reply, Scripted, ips};
use super::*;
use crate::progress::Operation;

const READ: Duration = Duration::from_secs(1);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a server has seen.
#[derive(Debug, Clone, Default)]
struct Seen {
    connections: Arc<Mutex<usize>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// How a server behaves.
#[derive(Clone, Default)]
struct Manner {
    tls: Option<TlsAcceptor>,
    /// Half a round trip, in each direction, for what travels after TCP's handshake.
    way: Duration,
    /// It takes connections and says nothing.
    deaf: bool,
    /// It hangs up after each answer.
    hangs_up: bool,
    answer: Option<&'static [u8]>,
}

async fn serve(manner: Manner) -> (u16, Seen) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let noted = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *noted.connections.lock().unwrap() += 1;
            tokio::spawn(attend(stream, manner.clone(), noted.clone()));
        }
    });
    (port, seen)
}

async fn attend(stream: TcpStream, manner: Manner, seen: Seen) {
    if manner.deaf {
        sleep(Duration::from_mins(1)).await;
    }
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(far_away(stream, far, manner.way));
    match &manner.tls {
        Some(tls) => {
            if let Ok(secured) = tls.accept(near).await {
                Box::pin(answer_all(secured, &manner, &seen)).await;
            }
        }
        None => Box::pin(answer_all(near, &manner, &seen)).await,
    }
}

/// Carries bytes both ways, each after its time on the way.
async fn far_away(client: TcpStream, server: tokio::io::DuplexStream, way: Duration) {
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = tokio::io::split(server);
    tokio::join!(carry(client_reads, server_writes, way), carry(server_reads, client_writes, way));
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, way: Duration) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        sleep(way).await;
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

async fn answer_all(mut stream: impl AsyncRead + AsyncWrite + Unpin, manner: &Manner, seen: &Seen) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let line = String::from_utf8_lossy(&bytes[..read]).lines().next().unwrap_or_default().to_owned();
        seen.requests.lock().unwrap().push(line);
        if stream.write_all(manner.answer.unwrap_or(ANSWER)).await.is_err() || manner.hangs_up {
            return;
        }
    }
}

fn dialer(resolver: impl Resolver) -> Dialer {
    Dialer { names: Names::new(resolver), proxies: Proxies::default(), tls: None, distance: Duration::ZERO }
}

fn client(dialer: Dialer) -> Client {
    Client::new(Connections::new(dialer), Duration::from_secs(2))
}

/// Nothing to look up.
fn nobody() -> Scripted {
    Scripted::new([], [])
}

fn local(millis: u64) -> Reply {
    (millis, Ok(ips(&["127.0.0.1"])))
}

/// One read as the store does it: what came of it, and how long it took.
async fn read(client: &Client, url: &str) -> (Result<String, String>, Duration) {
    let started = Instant::now();
    let request = Request::new(Url::parse(url).unwrap(), Method::Get);
    let reading = async {
        let answer = client.execute_request(&request).await.map_err(|error| root_cause(&error))?;
        answer.into_body().collect_string().await.map_err(|error| root_cause(&error))
    };
    let outcome =
        Operation::lasting(READ).run(reading).await.map_err(|overrun| overrun.to_string()).flatten();
    (outcome, started.elapsed())
}

/// Reads once a second, as a monitor does, until one succeeds: when that was, and what the ones before said.
async fn reads_until_success(client: &Client, url: &str) -> (Duration, Vec<String>) {
    let started = Instant::now();
    let mut failures = Vec::new();
    for at in 1..10 {
        match read(client, url).await.0 {
            Ok(_) => return (started.elapsed(), failures),
            Err(failure) => failures.push(failure),
        }
        tokio::time::sleep_until(started + READ * at).await;
    }
    panic!("nothing was read: {failures:?}");
}

#[tokio::test]
async fn a_name_that_takes_longer_than_a_read_is_found_by_the_next_read() {
    let (port, seen) = serve(Manner::default()).await;
    let client = client(dialer(Scripted::new([local(1200)], [(1200, Ok(vec![]))])));
    let url = format!("http://store.test:{port}/b");
    let (after, failures) = reads_until_success(&client, &url).await;
    assert!(after < Duration::from_millis(1700), "after {after:?}");
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    assert!(failure.starts_with("no answer within 1s: still looking up store.test (for "), "{failure}");
    assert!(failure.ends_with("; check the DNS of this machine or cluster"), "{failure}");
    assert_eq!(read(&client, &url).await.0, Ok("ok".to_owned()));
    assert_eq!(
        (seen.connections(), seen.requests().len()),
        (1, 2),
        "nothing was sent for the one that gave up"
    );
}

#[tokio::test]
async fn a_command_that_asks_once_reaches_the_store_first_and_sends_nothing_meanwhile() {
    let (port, seen) = serve(Manner::default()).await;
    let client = client(dialer(Scripted::new([local(1200)], [(1200, Ok(vec![]))])));
    let url = format!("http://store.test:{port}/b");
    let reached = Operation::lasting(crate::Store::REACH).run(client.reach(&Url::parse(&url).unwrap())).await;
    assert_eq!(reached, Ok(()));
    assert_eq!((seen.connections(), seen.requests().len()), (1, 0));
    assert_eq!(read(&client, &url).await.0, Ok("ok".to_owned()));
    assert_eq!(seen.connections(), 1);
}

#[tokio::test]
async fn a_dropped_question_for_the_other_family_costs_a_twentieth_of_a_second() {
    let (port, _) = serve(Manner::default()).await;
    for (v4, v6) in [(vec![local(5)], vec![]), (vec![local(5)], vec![(5, Err("SERVFAIL"))])] {
        let client = client(dialer(Scripted::new(v4, v6)));
        let (outcome, took) = read(&client, &format!("http://store.test:{port}/b")).await;
        assert_eq!(outcome, Ok("ok".to_owned()));
        assert!(took < READ / 2, "{took:?}");
    }
}

#[tokio::test]
async fn an_address_that_leads_nowhere_does_not_keep_the_next_one_waiting() {
    let (port, _) = serve(Manner::default()).await;
    // One that refuses and one that no network leads to; the last is the server.
    let addresses = (1, Ok(ips(&["127.0.0.2", "10.255.255.1", "127.0.0.1"])));
    let client = client(dialer(Scripted::new([addresses], [(1, Ok(ips(&["::1"])))])));
    let (outcome, took) = read(&client, &format!("http://store.test:{port}/b")).await;
    assert_eq!(outcome, Ok("ok".to_owned()));
    assert!(took < READ, "{took:?}");
}

#[tokio::test]
async fn a_store_three_round_trips_away_is_read_by_the_second_read() {
    let certificates = Certificates::new().unwrap();
    let tls = Some(TlsAcceptor::from(Arc::new(certificates.server_config().unwrap())));
    let way = Duration::from_millis(180);
    let (port, seen) = serve(Manner { tls, way, ..Manner::default() }).await;
    let mut far = dialer(nobody());
    far.tls = Some(TlsConnector::from(Arc::new(certificates.client_config().unwrap())));
    far.distance = 2 * way;
    let client = client(far);
    let url = format!("https://127.0.0.1:{port}/b");
    let (after, failures) = reads_until_success(&client, &url).await;
    assert!(after < Duration::from_millis(1700), "after {after:?}: {failures:?}");
    let [failure] = failures.as_slice() else { panic!("{failures:?}") };
    assert!(
        failure.starts_with("the connection came up too late for this request, which was not sent"),
        "{failure}"
    );
    assert!(
        failure.contains("connecting to 127.0.0.1") && failure.contains("agreeing on TLS with"),
        "{failure}"
    );
    for _ in 0..3 {
        let (outcome, took) = read(&client, &url).await;
        assert_eq!(outcome, Ok("ok".to_owned()));
        assert!(took < Duration::from_millis(700), "{took:?}");
    }
    assert_eq!(
        (seen.connections(), seen.requests().len()),
        (1, 4),
        "one connection, and no request was cut off"
    );
}

#[tokio::test]
async fn connecting_goes_on_and_no_request_follows_when_its_time_is_over() {
    let (port, seen) = serve(Manner::default()).await;
    let client = client(dialer(Scripted::new([local(1100)], [(1100, Ok(vec![]))])));
    let url = Url::parse(&format!("http://store.test:{port}/a%2Fheartbeat.txt")).unwrap();
    let mut beat = Request::new(url, Method::Put);
    beat.set_body("639000000000000000");
    let late = Operation::lasting(READ).run(client.execute_request(&beat)).await;
    assert!(!matches!(late, Ok(Ok(_))), "{late:?}");
    sleep(Duration::from_millis(600)).await;
    assert_eq!((seen.connections(), seen.requests()), (1, vec![]), "an old stamp must not land late");
}

#[tokio::test]
async fn several_reads_at_once_have_a_connection_each_and_share_them_afterwards() {
    let (port, seen) = serve(Manner { way: Duration::from_millis(20), ..Manner::default() }).await;
    let client = client(dialer(nobody()));
    let url = format!("http://127.0.0.1:{port}/b");
    for _ in 0..4 {
        let (one, other, third) = tokio::join!(read(&client, &url), read(&client, &url), read(&client, &url));
        assert!([one, other, third].iter().all(|(outcome, _)| outcome.is_ok()));
    }
    for _ in 0..20 {
        assert!(read(&client, &url).await.0.is_ok());
    }
    assert_eq!((seen.connections(), seen.requests().len()), (3, 32));
}

#[tokio::test]
async fn a_server_that_hangs_up_after_each_answer_is_read_all_the_same() {
    let (port, seen) = serve(Manner { hangs_up: true, ..Manner::default() }).await;
    let client = client(dialer(nobody()));
    for _ in 0..5 {
        assert_eq!(read(&client, &format!("http://127.0.0.1:{port}/b")).await.0, Ok("ok".to_owned()));
    }
    assert_eq!((seen.connections(), seen.requests().len()), (5, 5));
}

#[tokio::test]
async fn another_attempt_is_made_beside_one_that_hangs() {
    let (deaf, seen) = serve(Manner { deaf: true, ..Manner::default() }).await;
    let certificates = Certificates::new().unwrap();
    let mut dialer = dialer(nobody());
    dialer.tls = Some(TlsConnector::from(Arc::new(certificates.client_config().unwrap())));
    let client = client(dialer);
    let url = format!("https://127.0.0.1:{deaf}/b");
    let mut failures = Vec::new();
    for _ in 0..4 {
        failures.push(read(&client, &url).await.0.unwrap_err());
    }
    let [first, .., last] = failures.as_slice() else { panic!("{failures:?}") };
    assert!(first.starts_with("no answer within 1s: still agreeing on TLS with 127.0.0.1 (for "), "{first}");
    assert!(first.ends_with("; look for a firewall or proxy on the way that inspects TLS"), "{first}");
    assert!(last.contains("(for 4."), "the oldest is told of: {last}");
    assert_eq!(seen.connections(), 2);
}

#[tokio::test]
async fn each_part_of_the_way_fails_under_its_own_name() {
    let certificates = Certificates::new().unwrap();
    let tls = || Some(TlsAcceptor::from(Arc::new(certificates.server_config().unwrap())));
    let (plain, _) = serve(Manner::default()).await;
    let (secure, _) = serve(Manner { tls: tls(), ..Manner::default() }).await;
    let (silent, _) = serve(Manner { answer: Some(b""), ..Manner::default() }).await;
    let strangers = Certificates::new().unwrap();
    let table = [
        (
            format!("http://no.test:{plain}/"),
            None,
            "cannot look up the host name no.test: there is no host of that name; check",
        ),
        (
            "http://127.0.0.1:1/".to_owned(),
            None,
            "cannot connect to 127.0.0.1:1: Connection refused (os error 111)",
        ),
        (
            format!("http://127.0.0.1:{silent}/"),
            None,
            "no answer within 1s: connected, and the request was sent ",
        ),
        (
            format!("https://127.0.0.1:{plain}/"),
            Some(&certificates),
            "TLS with 127.0.0.1 fails: what answers there speaks no TLS",
        ),
        (
            format!("https://127.0.0.1:{secure}/"),
            Some(&strangers),
            "TLS with 127.0.0.1 fails: nobody whom this machine trusts",
        ),
        (
            format!("https://store.test:{secure}/"),
            Some(&certificates),
            "TLS with store.test fails: its certificate is for another host",
        ),
    ];
    for (url, trusted, expected) in table {
        let names = if url.contains("no.test") { (1, Ok(vec![])) } else { local(1) };
        let mut dialer = dialer(Scripted::new([names], [(1, Ok(vec![]))]));
        dialer.tls = trusted.map(|trusted| TlsConnector::from(Arc::new(trusted.client_config().unwrap())));
        let failure = read(&client(dialer), &url).await.0.unwrap_err();
        assert!(failure.starts_with(expected), "{url}: {failure}");
    }
}

/// A proxy that lets everybody through to the server at the port, or answers as it is told.
async fn proxy(server: Option<u16>, refusal: &'static str) -> (u16, Seen) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let noted = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let read = client.read(&mut bytes).await.unwrap();
            noted.requests.lock().unwrap().push(String::from_utf8_lossy(&bytes[..read]).into_owned());
            let Some(server) = server else {
                client.write_all(refusal.as_bytes()).await.unwrap();
                continue;
            };
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (port, seen)
}

#[tokio::test]
async fn a_proxy_leads_to_the_store_or_is_named_with_what_it_said() {
    let certificates = Certificates::new().unwrap();
    let tls = Some(TlsAcceptor::from(Arc::new(certificates.server_config().unwrap())));
    let (server, seen) = serve(Manner { tls, ..Manner::default() }).await;
    let url = format!("https://127.0.0.1:{server}/b");
    let through = |named: String| {
        let variables = move |name: &str| (name == "HTTPS_PROXY").then(|| named.clone());
        let mut dialer = dialer(nobody());
        dialer.proxies = Proxies::named(&variables).unwrap();
        dialer.tls = Some(TlsConnector::from(Arc::new(certificates.client_config().unwrap())));
        client(dialer)
    };

    let (open, asked) = proxy(Some(server), "").await;
    let client = through(format!("http://user:PLANTED@127.0.0.1:{open}"));
    assert_eq!(read(&client, &url).await.0, Ok("ok".to_owned()));
    let question = asked.requests().join("");
    assert!(question.starts_with(&format!("CONNECT 127.0.0.1:{server} HTTP/1.1\r\n")), "{question}");
    assert!(question.contains("proxy-authorization: Basic "), "{question}");
    assert_eq!(seen.requests(), ["GET /b HTTP/1.1"]);

    let login = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let no = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let table = [
        (login, "", "HTTP 407: it asks for a user name and password; write http://USER:PASSWORD@HOST:PORT"),
        (login, "user:PLANTED@", "HTTP 407: it does not take this user name and password"),
        (no, "", "HTTP 403: it does not let this machine through to that host"),
    ];
    for (answer, user, expected) in table {
        let (port, _) = proxy(None, answer).await;
        let failure = read(&through(format!("http://{user}127.0.0.1:{port}")), &url).await.0.unwrap_err();
        let start = format!("the proxy http://127.0.0.1:{port} (HTTPS_PROXY) fails: {expected}");
        assert!(failure.starts_with(&start) && !failure.contains("PLANTED"), "{failure}");
    }
    let failure = read(&through("http://127.0.0.1:1".to_owned()), &url).await.0.unwrap_err();
    let start =
        "the proxy http://127.0.0.1:1 (HTTPS_PROXY) fails: cannot connect to 127.0.0.1:1: Connection refused";
    assert!(failure.starts_with(start) && failure.ends_with("or name the host in NO_PROXY"), "{failure}");
}
