//! `--listen`: what probes, dashboards and people ask a running program.
//!
//! | path | answer |
//! |---|---|
//! | `/livez` | 200 while this process runs; a far-away outage must not restart a local pod |
//! | `/readyz` | 200 when the program does its work, else 503 with the reason |
//! | `/metrics` | metrics in the `OpenMetrics` text format |
//! | `/state` | what the program knows, as JSON |
//! | `POST /activate` | what came of it: see [`crate::activation`] |
//!
//! From outside come half-open connections, slow readers and nonsense. Each connection is small and short, their
//! number is bounded (`places`), and whoever says nothing makes room for whoever speaks.

mod activate;
mod connection;
mod listen_address;
mod places;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use heartbeat_store::redact;
use tokio::net::{TcpListener, TcpSocket};

use self::places::Places;
use crate::ConfigError;
use crate::activation::ActivationDesk;

pub use self::listen_address::{InvalidListenAddress, ListenAddress};

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

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Endpoints {
    listener: TcpListener,
    address: SocketAddr,
}

/// Connections that wait in the kernel to be accepted; the usual 128 are full after a few milliseconds of a flood,
/// and whoever comes then is heard a second later, when the kernel of the other side tries again.
const QUEUE: u32 = 1024;
/// The pause after an `accept` that failed, usually for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The media type of <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Endpoints {
    /// Takes the address, at start-up: one that is in use is a configuration error. Called within the runtime, which
    /// watches the socket from then on.
    pub fn bind(wanted: ListenAddress) -> Result<Self, ConfigError> {
        let refused = |error: io::Error| {
            ConfigError::new(format_args!(
                "cannot listen on {}: {error}; choose another address with --listen",
                wanted.0
            ))
        };
        let listener = listen(wanted.0).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address that was taken, with the port that was chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for as long as it is polled. Each connection is a task of its own under a deadline.
    ///
    /// Without a desk, whoever asks for an activation is told that this program takes none.
    pub async fn serve(self, report: Arc<dyn Report>, activation: Option<ActivationDesk>) -> Infallible {
        let router = pages(report).merge(activate::routes(activation));
        let mut places = Places::default();
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    places.make_room().await;
                    places.seat(|spoken| connection::serve(stream, from, router.clone(), spoken));
                    // A newcomer that spoke at once is heard before the next one could push it out.
                    tokio::task::yield_now().await;
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// What `TcpListener::bind` does, with a longer queue. The address may be taken again right after a restart.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

fn pages(report: Arc<dyn Report>) -> Router {
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
