//! An address that cannot be taken yet.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::listen;

/// How often it is tried again. A try is one call of the kernel, and probes wait for it.
const PACE: Duration = Duration::from_secs(1);

/// Tries until the address can be taken. Says why it cannot, once for each reason, and what does not answer meanwhile.
pub(super) async fn until_free(wanted: SocketAddr, missing: &str) -> TcpListener {
    let mut told = None;
    loop {
        match listen(wanted) {
            Ok((listener, taken)) => {
                if told.is_some() {
                    tracing::info!(listen = %taken, answers = missing, "the address is free: probes and people are answered");
                }
                return listener;
            }
            Err(error) => {
                if told.replace(error.kind()) != Some(error.kind()) {
                    tell(wanted, missing, &error);
                }
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

fn tell(wanted: SocketAddr, missing: &str, error: &io::Error) {
    tracing::warn!(
        listen = %wanted,
        missing,
        %error,
        "cannot listen: probes and people get no answer; all else goes on, and this is tried again every second; free the \
         address, or choose another one with --listen"
    );
}
