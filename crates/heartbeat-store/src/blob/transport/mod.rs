//! How requests travel: a client with hard deadlines, and nothing that acts behind the caller's back.
//!
//! It is put together from the crates that the publisher's usual client is made of (hyper, rustls), because that one
//! gives up an attempt to connect together with the request that asked for it, and cannot say what it waited for. A
//! request finds its way through [`client`], a connection through [`connections`] (who gets it), [`dial`] (how it comes
//! about), [`names`] (where to) and [`proxies`]; [`trouble`] says what failed.

mod client;
mod connections;
mod dial;
mod names;
mod proxies;
mod trouble;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use azure_core::http::{ClientOptions, RetryOptions, Transport};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;

use super::OpenError;
use crate::redact::clean;
pub(super) use client::Client;
use connections::Connections;
use dial::Dialer;
use names::{Names, System};
pub use proxies::InvalidProxy;
pub(super) use proxies::Proxies;

/// Everything that is sent is there as a whole.
type Body = http_body_util::Full<azure_core::Bytes>;

/// A transport whose requests end within `deadline`, from connecting to the last byte of the answer, while an attempt
/// to connect goes on for whoever comes next. `proxies` are for https; plain http goes to emulators and to identities
/// of the machine, which a proxy could not reach. Without `tls` no certificates are loaded, so that an emulator needs
/// none on the machine.
pub(super) fn within(deadline: Duration, proxies: Proxies, tls: bool) -> Result<Arc<Client>, OpenError> {
    let tls = tls
        .then(tls_client)
        .transpose()
        .map_err(|error| OpenError::Transport { detail: root_cause(&error) })?;
    let dialer = Dialer {
        names: Names::new(System),
        proxies,
        tls,
        #[cfg(test)]
        distance: Duration::ZERO,
    };
    Ok(Arc::new(Client::new(Connections::new(dialer), deadline)))
}

/// Trusts whom the machine trusts, or the bundle that `SSL_CERT_FILE` names.
fn tls_client() -> Result<TlsConnector, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_platform_verifier()?;
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
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

#[cfg(test)]
mod tests;
