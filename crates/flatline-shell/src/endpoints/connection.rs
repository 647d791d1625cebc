//! One connection: one request, one answer, deadlines.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::places::Spoken;
use crate::activation::{ANSWER_DEADLINE, DELAY, Visit};

/// How long a client may take to send its request's head.
const HEAD_DEADLINE: Duration = Duration::from_secs(2);
/// How long one connection may last in all, so that no slow reader holds its place.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(8);
/// The most memory that one connection's buffer takes: the least that hyper allows.
pub(super) const MAX_BUFFER_BYTES: usize = 8 * 1024;

/// The slowest answers, to an activation and to a wrong key, still find their connection open.
const _: () = {
    let left = CONNECTION_DEADLINE.as_secs() - HEAD_DEADLINE.as_secs();
    assert!(ANSWER_DEADLINE.as_secs() < left && DELAY.as_secs() < left);
};

/// Serves one request.
pub(super) async fn serve(stream: TcpStream, from: SocketAddr, router: Router, spoken: Spoken) {
    let (visit, _open) = Visit::new(from);
    let service = service_fn(move |mut request: Request<Incoming>| {
        spoken.note();
        request.extensions_mut().insert(visit.clone());
        TowerToHyperService::new(router.clone()).call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .keep_alive(false)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_DEADLINE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client broke off"),
        Err(_) => tracing::debug!("a client was too slow"),
    }
}
