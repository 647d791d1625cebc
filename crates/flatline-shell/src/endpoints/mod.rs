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
mod waiting;

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

/// An address that was taken, or is to be taken as soon as it is free; not yet served.
#[derive(Debug)]
pub struct Endpoints {
    wanted: SocketAddr,
    listener: Option<(TcpListener, SocketAddr)>,
}

/// Connections that wait in the kernel to be accepted; the usual 128 are full after a few milliseconds of a flood,
/// and whoever comes then is heard a second later, when the kernel of the other side tries again.
const QUEUE: u32 = 1024;
/// The pause after an `accept` that failed, usually for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What does not answer while the address is not free.
const PAGES: &str = "/livez, /readyz, /metrics, /state";
/// The same, for a program that takes activations.
const WITH_ACTIVATION: &str = "/livez, /readyz, /metrics, /state, POST /activate";
/// The media type of <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl Endpoints {
    /// Tries to take the address. One that cannot be taken is no reason to end: whoever serves this tries again, since
    /// nobody's heart may stop for want of an observer. Called within the runtime, which watches the socket from then
    /// on.
    pub fn bind(wanted: ListenAddress) -> Self {
        Self { wanted: wanted.0, listener: listen(wanted.0).ok() }
    }

    /// The address that was taken, with the port that was chosen; the wanted one where it is not free yet.
    pub fn address(&self) -> SocketAddr {
        self.listener.as_ref().map_or(self.wanted, |(_, address)| *address)
    }

    /// Answers for as long as it is polled. Each connection is a task of its own under a deadline.
    ///
    /// Without a desk, whoever asks for an activation is told that this program takes none.
    pub async fn serve(self, report: Arc<dyn Report>, activation: Option<ActivationDesk>) -> Infallible {
        let pages_missing = if activation.is_some() { WITH_ACTIVATION } else { PAGES };
        let router = pages(report).merge(activate::routes(activation));
        let mut places = Places::default();
        let listener = match self.listener {
            Some((listener, _)) => listener,
            None => waiting::until_free(self.wanted, pages_missing).await,
        };
        loop {
            match listener.accept().await {
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
fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(QUEUE)?;
    let taken = listener.local_addr()?;
    Ok((listener, taken))
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
