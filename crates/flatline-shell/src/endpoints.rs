//! `--listen`: what probes, dashboards and people ask a running program.
//!
//! | path | answer |
//! |---|---|
//! | `/livez` | 200 while this process runs; a far-away outage must not restart a local pod |
//! | `/readyz` | 200 when the program does its work, else 503 with the reason |
//! | `/metrics` | metrics in the `OpenMetrics` text format |
//! | `/state` | what the program knows, as JSON |

use std::convert::Infallible;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use heartbeat_store::redact;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::ConfigError;

/// What a program tells about itself. Called on the thread that does the work, so each answer is put together
/// from memory at once.
pub trait Report: Send + Sync + 'static {
    /// Whether the program does its work; otherwise why not, in one line.
    fn ready(&self) -> Result<(), String>;
    /// All metrics in the `OpenMetrics` text format.
    fn metrics(&self) -> String;
    /// What the program knows.
    fn state(&self) -> serde_json::Value;
}

/// Where to listen: an IP address with a port, such as `0.0.0.0:9600`; port 0 takes any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(SocketAddr);

/// Why a text is not an address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an IP address with a port; write something like 0.0.0.0:9600 or [::1]:9600")]
pub struct InvalidListenAddress(String);

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| InvalidListenAddress(text.to_owned()))
    }
}

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Endpoints {
    listener: TcpListener,
    address: SocketAddr,
}

/// Connections served at once; more wait in the kernel's queue. A probe, a scraper and a person make three.
const MAX_CONNECTIONS: usize = 32;
/// How long a client may take to send its request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(2);
/// How long one connection may last in all, so that no slow reader holds its place.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(5);
/// The most memory that one connection's buffer takes: the least that hyper allows.
const MAX_BUFFER_BYTES: usize = 8 * 1024;
/// The pause after an `accept` that failed, usually for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The media type of <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Endpoints {
    /// Takes the address, at start-up: one that is in use is a configuration error.
    pub async fn bind(wanted: ListenAddress) -> Result<Self, ConfigError> {
        let refused = |error: std::io::Error| {
            ConfigError::new(format_args!(
                "cannot listen on {}: {error}; choose another address with --listen",
                wanted.0
            ))
        };
        let listener = TcpListener::bind(wanted.0).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address that was taken, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for as long as it is polled. Each connection is a task of its own under a deadline.
    pub async fn serve(self, report: Arc<dyn Report>) -> Infallible {
        let router = routes(report);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let router = router.clone();
                    tokio::spawn(async move {
                        answer(stream, router).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn routes(report: Arc<dyn Report>) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/state", get(state))
        .with_state(report)
}

async fn readyz(State(report): State<Arc<dyn Report>>) -> impl IntoResponse {
    match report.ready() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, redact(&format!("{reason}\n"))),
    }
}

async fn metrics(State(report): State<Arc<dyn Report>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], redact(&report.metrics()))
}

async fn state(State(report): State<Arc<dyn Report>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], redact(&report.state().to_string()))
}

/// Serves one request on one connection.
async fn answer(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .keep_alive(false)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    match tokio::time::timeout(CONNECTION_DEADLINE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client broke off"),
        Err(_) => tracing::debug!("a client was too slow"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

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

    async fn serve(patient: Patient) -> SocketAddr {
        let endpoints = Endpoints::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = endpoints.address();
        tokio::spawn(endpoints.serve(Arc::new(patient)));
        address
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
        let address = serve(Patient(Ok(()))).await;
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
        let address = serve(Patient(Err("no beat landed yet".to_owned()))).await;
        let ready = ask(address, "GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(ready.starts_with("HTTP/1.1 503") && ready.ends_with("no beat landed yet\n"), "{ready}");
        let live = ask(address, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    }

    /// More slow clients than there are places: the deadlines free the places, so a probe gets its answer.
    #[tokio::test(start_paused = true)]
    async fn slow_clients_cannot_keep_a_probe_out_for_longer_than_the_deadline() {
        let address = serve(Patient(Ok(()))).await;
        let mut slow = Vec::new();
        for _ in 0..MAX_CONNECTIONS + 8 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost:").await.unwrap();
            slow.push(stream);
        }
        let answer = ask(address, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn nonsense_is_answered_or_dropped_and_the_next_request_is_served() {
        let address = serve(Patient(Ok(()))).await;
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(3 * MAX_BUFFER_BYTES));
        for request in ["\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &long] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "{request:?}");
        }
        let answer = ask(address, "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn an_address_in_use_is_refused_with_what_to_do() {
        let address = serve(Patient(Ok(()))).await;
        let error = Endpoints::bind(ListenAddress(address)).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
        assert!(error.ends_with("choose another address with --listen"), "{error}");
    }

    #[test]
    fn what_is_not_an_address_with_a_port_is_refused() {
        for text in
            ["", "9600", ":9600", "localhost:9600", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:1"]
        {
            assert_eq!(text.parse::<ListenAddress>(), Err(InvalidListenAddress(text.to_owned())));
        }
    }
}
