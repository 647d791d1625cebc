//! Opens a container: no request is sent, so a store that is away is no error here.

use std::sync::Arc;

use azure_core::http::policies::Policy;
use azure_core::http::{HttpClient, Transport};
use azure_storage_blob::{BlobContainerClient, BlobContainerClientOptions};

use super::BlobBackend;
use super::bearer::BearerPolicy;
use super::entra::EntraSource;
use super::fresh_token::FreshToken;
use super::marks::OnlyTheStore;
use super::shared_key::SharedKeyPolicy;
use super::transport::{self, Client, InvalidProxy, Proxies};
use crate::redact::clean;
use crate::{BlobPlace, Credential, CredentialError, Deadlines, Variables};

/// Why a store cannot be opened: a configuration that no waiting mends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no way to sign in.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// This identity can never get a token.
    #[error("{credential} cannot be used: {detail}")]
    Token {
        /// The credential, without secrets.
        credential: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The environment names a proxy that cannot be used.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
    /// No client can be made.
    #[error(
        "cannot prepare https connections: {detail}; install CA certificates, or set SSL_CERT_FILE to a bundle"
    )]
    Transport {
        /// What is wrong.
        detail: String,
    },
}

impl BlobBackend {
    /// A client for this place that signs in with this credential. Each request ends within the longer of the
    /// two deadlines; [`crate::Store`] holds each operation to its own.
    ///
    /// Requests over https go through `HTTPS_PROXY` where it is set and `NO_PROXY` does not name the host;
    /// requests over http, and those to a managed identity, never go through a proxy.
    pub fn open(
        place: &BlobPlace,
        credential: &Credential,
        variables: Variables,
        deadlines: Deadlines,
    ) -> Result<Self, OpenError> {
        let plain = place.is_plain_http();
        let proxies = if plain { Proxies::default() } else { Proxies::named(variables)? };
        let client = transport::within(deadlines.read.max(deadlines.write), proxies, !plain)?;
        let token = token(place, credential, variables)?;
        let transport = Transport::new(Arc::clone(&client) as Arc<dyn HttpClient>);
        let way = Some(Way { client, token: token.clone() });
        Ok(Self { way, ..Self::on_transport(place, credential, token, transport)? })
    }

    pub(super) fn on_transport(
        place: &BlobPlace,
        credential: &Credential,
        token: Option<Arc<FreshToken>>,
        transport: Transport,
    ) -> Result<Self, OpenError> {
        let mut container_url = place.container_url().clone();
        if let Credential::Sas { sas, .. } = credential {
            container_url.set_query(Some(sas.query().secret()));
        }
        let mut client_options = transport::options(transport);
        client_options.per_try_policies.push(Arc::new(OnlyTheStore));
        client_options.per_try_policies.extend(signer(place, credential, token));
        let options = BlobContainerClientOptions { client_options, ..Default::default() };
        let container = BlobContainerClient::new(container_url, None, Some(options))
            .map_err(|error| OpenError::Transport { detail: clean(&error.to_string()) })?;
        Ok(Self { container, place: place.clone(), credential: credential.clone(), way: None })
    }
}

/// What it takes to reach the store before anything is asked of it.
pub(super) struct Way {
    pub(super) client: Arc<Client>,
    pub(super) token: Option<Arc<FreshToken>>,
}

/// What puts the credential on each request; `None` where the URL does, or nothing.
fn signer(
    place: &BlobPlace,
    credential: &Credential,
    token: Option<Arc<FreshToken>>,
) -> Option<Arc<dyn Policy>> {
    if let Credential::SharedKey { key, .. } = credential {
        return Some(Arc::new(SharedKeyPolicy::new(place.account(), key.clone())));
    }
    token.map(|token| Arc::new(BearerPolicy::new(token)) as Arc<dyn Policy>)
}

/// Where an identity's tokens come from; `None` for credentials that need none.
fn token(
    place: &BlobPlace,
    credential: &Credential,
    variables: Variables,
) -> Result<Option<Arc<FreshToken>>, OpenError> {
    let Some(source) = EntraSource::new(credential, variables)? else { return Ok(None) };
    if place.is_plain_http() {
        return Err(OpenError::Token {
            credential: credential.to_string(),
            detail: "its tokens are never sent over http; write https".to_owned(),
        });
    }
    Ok(Some(Arc::new(FreshToken::new(source))))
}
