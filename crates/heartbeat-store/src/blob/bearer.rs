//! Puts a token on requests.
//!
//! The publisher's own policy keeps a token of its own, waits for the next one under a lock that every request
//! takes, and after a 401 asks for a token without saying that the last one was refused. This one leaves all of
//! that to [`FreshToken`].

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, StatusCode};

use super::fresh_token::FreshToken;

#[derive(Debug)]
pub(super) struct BearerPolicy {
    token: FreshToken,
}

impl BearerPolicy {
    pub(super) fn new(token: FreshToken) -> Self {
        Self { token }
    }
}

#[async_trait]
impl Policy for BearerPolicy {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        if request.url().scheme() != "https" {
            return Err(azure_core::Error::with_message(
                ErrorKind::Other,
                "a token is never sent without TLS",
            ));
        }
        let token = self.token.get().await.map_err(|e| azure_core::Error::new(ErrorKind::Credential, e))?;
        request.insert_header(AUTHORIZATION, format!("Bearer {}", token.secret()));
        let answer = next[0].send(context, request, &next[1..]).await?;
        if answer.status() == StatusCode::Unauthorized {
            self.token.refused(&token);
        }
        Ok(answer)
    }
}
