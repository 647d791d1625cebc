//! `POST /activate` in terms of HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use heartbeat_store::redact;
use serde_json::json;

use crate::activation::{ActivationDesk, ActivationKey, ActivationOutcome, Reply, Visit};

/// The route of a program with a desk, or of one that takes no activation and says so. A body is not read.
pub(super) fn routes(desk: Option<ActivationDesk>) -> Router {
    match desk {
        Some(desk) => Router::new().route("/activate", post(activate)).with_state(Arc::new(desk)),
        None => Router::new().route("/activate", post(nothing_to_activate)),
    }
}

async fn nothing_to_activate() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, "this program takes no activation: ask a waiting monitor\n")
}

async fn activate(
    State(desk): State<Arc<ActivationDesk>>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
) -> Response {
    respond(desk.serve(bearer(&headers), visit).await)
}

/// The key in `Authorization: Bearer KEY`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

fn respond(reply: Reply) -> Response {
    match reply {
        Reply::Off => {
            let off = format!("activation is off: set {} on this program\n", ActivationKey::VARIABLE);
            (StatusCode::FORBIDDEN, off).into_response()
        }
        Reply::WrongKey => {
            let how = "send the activation key: 'Authorization: Bearer KEY'\n";
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], how).into_response()
        }
        Reply::TooManyWrongKeys => {
            let why = "wrong key, among too many wrong keys\n";
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], why).into_response()
        }
        Reply::Outcome(outcome) => answer(&outcome),
    }
}

fn answer(outcome: &ActivationOutcome) -> Response {
    let line = |reason: &str| redact(&format!("{reason}\n"));
    match outcome {
        ActivationOutcome::Activated { cluster, term, previous } => {
            let body =
                json!({"outcome": "activated", "cluster": cluster, "term": term, "previous": previous});
            ([(CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
        }
        ActivationOutcome::Refused(reason) => (StatusCode::CONFLICT, line(reason)).into_response(),
        ActivationOutcome::Unavailable(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, line(reason)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_key_is_what_follows_the_scheme() {
        let table: [(Option<&str>, Option<&str>, &str); 9] = [
            (Some("Bearer abcdefghi"), Some("abcdefghi"), "as documented"),
            (Some("bearer abcdefghi"), Some("abcdefghi"), "schemes know no case"),
            (Some("Bearer   abcdefghi "), Some("abcdefghi"), "more white space"),
            (Some("Bearer "), Some(""), "no key, which matches none"),
            (Some("Bearer"), None, "a scheme alone"),
            (Some("Bearerabcdefghi"), None, "no separator"),
            (Some("Basic abcdefghi"), None, "another scheme"),
            (Some("abcdefghi"), None, "no scheme"),
            (None, None, "no header"),
        ];
        for (value, expected, why) in table {
            let headers = value
                .map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
                .into_iter()
                .collect();
            assert_eq!(bearer(&headers), expected.map(str::as_bytes), "{why}");
        }
        let foreign =
            HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xfc\xff").unwrap())]);
        assert_eq!(bearer(&foreign), Some(&b"\xfc\xff"[..]), "bytes that are no text");
    }
}
