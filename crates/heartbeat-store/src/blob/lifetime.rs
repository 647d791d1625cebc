//! Looks at how long a token is said to live before the publisher's client does: it adds the number to the present
//! unchecked, which ends the process where no calendar reaches that far.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{AsyncRawResponse, Context, Request};
use serde::Deserialize;

/// The longest life that is believed, in seconds; Entra's tokens live for a day at the most.
const LONGEST: i64 = Duration::from_hours(366 * 24).as_secs().cast_signed();

/// Refuses an answer of the token endpoint whose token would live for longer than a year, or ended as long ago.
#[derive(Debug)]
pub(super) struct BelievableLifetime;

/// What matters of an answer; `None` where it has no such field, which the client reports by itself.
#[derive(Deserialize)]
struct TokenAnswer {
    expires_in: Option<i64>,
}

#[async_trait]
impl Policy for BelievableLifetime {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let (status, headers, body) = next[0].send(context, request, &next[1..]).await?.deconstruct();
        let bytes = body.collect().await?;
        match serde_json::from_slice(&bytes) {
            Ok(TokenAnswer { expires_in: Some(life) }) if !(-LONGEST..=LONGEST).contains(&life) => {
                let text = format!("the identity provider's token expires in {life} s, which is no lifetime");
                Err(azure_core::Error::with_message(ErrorKind::DataConversion, text))
            }
            _ => Ok(AsyncRawResponse::from_bytes(status, headers, bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use azure_core::http::headers::Headers;
    use azure_core::http::{HttpClient, Transport};

    use super::super::entra::EntraSource;
    use super::super::fresh_token::TokenSource;
    use crate::Credential;

    use super::*;

    /// Gives every request this answer.
    #[derive(Debug)]
    struct Endpoint(String);

    #[async_trait]
    impl HttpClient for Endpoint {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            Ok(AsyncRawResponse::from_bytes(200.into(), Headers::new(), self.0.clone()))
        }
    }

    #[tokio::test]
    async fn a_lifetime_that_no_calendar_holds_is_refused_and_any_other_is_the_clients_affair() {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, "assertion").unwrap();
        let table = [
            ("3600", true),
            ("86400", true),
            ("0", true),
            ("9223372036854775807", false),
            ("-9223372036854775808", false),
            ("300000000000", false),
            ("92233720368547758070", false),
        ];
        for (life, believed) in table {
            let answer = format!(r#"{{"token_type":"Bearer","expires_in":{life},"access_token":"secret"}}"#);
            let credential = Credential::WorkloadIdentity {
                client_id: "client".to_owned(),
                tenant_id: "tenant".to_owned(),
                token_file: token_file.clone(),
            };
            let source = EntraSource::on(&credential, Transport::new(Arc::new(Endpoint(answer))));
            let fetched = source.fetch().await;
            assert_eq!(fetched.is_ok(), believed, "{life}: {fetched:?}");
            assert!(!format!("{fetched:?}").contains("secret"), "{fetched:?}");
        }
    }
}
