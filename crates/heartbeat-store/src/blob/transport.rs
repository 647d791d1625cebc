//! How requests travel: a client with hard deadlines, and nothing that acts behind the caller's back.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RetryOptions, Transport};
use reqwest::{ClientBuilder, redirect, retry};

use super::OpenError;
use crate::redact::clean;

/// Which way requests take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// Through `HTTPS_PROXY` where it is set and `NO_PROXY` does not name the host, as every Azure tool does.
    Internet,
    /// Straight to the host, whatever the environment says: identities of the machine and emulators live on it
    /// or beside it, and a proxy would be asked to reach its own loopback.
    Direct,
}

/// Connections that are kept for the next request. One loop needs one; the second serves a doctor or a
/// reader beside it.
const IDLE_CONNECTIONS: usize = 2;

/// A transport whose requests end within `deadline`, from connecting to the last byte of the answer.
/// Without `tls` no certificates are loaded, so that an emulator needs none on the machine.
pub(super) fn within(deadline: Duration, route: Route, tls: bool) -> Result<Transport, OpenError> {
    // An error means that a provider is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = ClientBuilder::new()
        .connect_timeout(deadline)
        .timeout(deadline)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .pool_max_idle_per_host(IDLE_CONNECTIONS);
    if route == Route::Direct {
        builder = builder.no_proxy();
    }
    if !tls {
        builder = builder.tls_certs_only([]);
    }
    let client = builder.build().map_err(|error| OpenError::Transport { detail: root_cause(&error) })?;
    Ok(Transport::new(Arc::new(client)))
}

/// Options of an Azure client on this transport, without retries.
pub(super) fn options(transport: Transport) -> ClientOptions {
    ClientOptions { transport: Some(transport), retry: RetryOptions::none(), ..Default::default() }
}

/// What lies at the bottom of an error, fit for one line. The layers above it repeat each other, and one of
/// them holds the URL with its signature.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    clean(&cause.to_string())
}
