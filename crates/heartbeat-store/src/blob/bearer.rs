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
    token: Arc<FreshToken>,
}

impl BearerPolicy {
    pub(super) fn new(token: Arc<FreshToken>) -> Self {
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use azure_core::credentials::AccessToken;
    use azure_core::http::headers::Headers;
    use azure_core::http::{AsyncRawResponse, Method, Url};
    use azure_core::time::OffsetDateTime;

    use super::*;
    use crate::blob::fresh_token::{TokenError, TokenSource};

    /// Issues token 1, token 2 and so on.
    #[derive(Debug, Default)]
    struct Issuer(AtomicUsize);

    #[async_trait]
    impl TokenSource for Issuer {
        async fn fetch(&self) -> Result<AccessToken, TokenError> {
            let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(AccessToken::new(
                format!("token {number}"),
                OffsetDateTime::now_utc() + Duration::from_hours(1),
            ))
        }
    }

    /// Takes no token but the second one.
    #[derive(Debug, Default)]
    struct Service(Mutex<Vec<String>>);

    #[async_trait]
    impl Policy for Service {
        async fn send(&self, _: &Context, request: &mut Request, _: &[Arc<dyn Policy>]) -> PolicyResult {
            let shown = request.headers().get_optional_str(&AUTHORIZATION).unwrap_or_default().to_owned();
            let status = if shown == "Bearer token 2" { StatusCode::Ok } else { StatusCode::Unauthorized };
            self.0.lock().unwrap().push(shown);
            Ok(AsyncRawResponse::from_bytes(status, Headers::new(), ""))
        }
    }

    async fn send(
        policy: &BearerPolicy,
        service: &Arc<Service>,
        url: &str,
    ) -> azure_core::Result<StatusCode> {
        let mut request = Request::new(Url::parse(url).unwrap(), Method::Get);
        let next: [Arc<dyn Policy>; 1] = [Arc::clone(service) as _];
        policy.send(&Context::new(), &mut request, &next).await.map(|answer| answer.status())
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_the_service_refuses_is_replaced_for_a_later_request() {
        let policy = BearerPolicy::new(Arc::new(FreshToken::new(Issuer::default())));
        let service = Arc::default();
        let mut answers = Vec::new();
        for _ in 0..10 {
            answers.push(send(&policy, &service, "https://acc.blob.core.windows.net/con").await.unwrap());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(answers[0], StatusCode::Unauthorized);
        assert_eq!(answers[9], StatusCode::Ok, "{:?}", service.0.lock().unwrap());
    }

    #[tokio::test]
    async fn a_token_never_travels_without_tls() {
        let policy = BearerPolicy::new(Arc::new(FreshToken::new(Issuer::default())));
        let service = Arc::default();
        assert!(send(&policy, &service, "http://127.0.0.1:1/acc/con").await.is_err());
        assert!(service.0.lock().unwrap().is_empty());
    }
}
