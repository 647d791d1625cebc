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

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
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
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

async fn metrics(State(report): State<Arc<dyn Report>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], report.metrics())
}

async fn state(State(report): State<Arc<dyn Report>>) -> impl IntoResponse {
    Json(report.state())
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
