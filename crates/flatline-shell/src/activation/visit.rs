//! Who asks, and whether they are still there.

use std::net::SocketAddr;

use tokio::sync::watch;

/// The connection that a request came by.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// The client.
    pub(crate) from: SocketAddr,
    /// Its sender goes with the connection.
    open: watch::Receiver<()>,
}

impl Visit {
    /// A visit, and what ends it when dropped.
    pub(crate) fn new(from: SocketAddr) -> (Self, watch::Sender<()>) {
        let (end, open) = watch::channel(());
        (Self { from, open }, end)
    }

    /// Returns when the connection is over: its answer is written, or the client has gone.
    pub(crate) async fn over(&mut self) {
        while self.open.changed().await.is_ok() {}
    }
}
