//! Whose answer it is: only Blob storage's own answer to this very request means anything.
//!
//! A captive portal or the login page of a proxy answers `200` or `201` to anything, and a proxy with a cache
//! answers with what was true before. Either could pass for a swap that was won, a record that is not there, or a
//! heart that stands still.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{CLIENT_REQUEST_ID, CONTENT_TYPE, HeaderName, Headers};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request, StatusCode, Url};

/// What every answer of Blob storage carries, whatever its status.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const LOCATION: HeaderName = HeaderName::from_static("location");

/// Why an answer counts as none. The texts hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotTheStore {
    /// Somebody on the way wants a name and a password.
    #[error(
        "HTTP 407: a proxy on the way asks for a user name and a password; put them into HTTPS_PROXY as \
         http://USER:PASSWORD@HOST:PORT, or name the store's host in NO_PROXY"
    )]
    ProxyLogin,
    /// Somebody on the way sends its visitors elsewhere; the place is a host, without anything behind it.
    #[error(
        "HTTP {status} to {place}: Blob storage never sends anybody elsewhere; look for a proxy on the way or a \
         captive portal that wants a login"
    )]
    Elsewhere { status: u16, place: String },
    /// A page for a person to read.
    #[error(
        "HTTP {status} with a web page instead of Blob storage's answer; look for a proxy on the way, a captive portal \
         that wants a login, or another host in the store URL"
    )]
    Page { status: u16 },
    /// Nothing says whose it is.
    #[error(
        "HTTP {status}, but the answer is not Blob storage's (no x-ms-request-id); look for a proxy on the way, and check \
         the store URL"
    )]
    Unsigned { status: u16 },
    /// It was given to somebody else, or to an earlier request.
    #[error(
        "HTTP {status}, but the answer belongs to another request (another x-ms-client-request-id); look for a proxy on \
         the way that answers out of its cache, and name the store's host in NO_PROXY"
    )]
    Other { status: u16 },
    /// A success that Blob storage does not give to such a request.
    #[error(
        "HTTP {status} is not how Blob storage answers a {method}; look for a proxy on the way that changes answers"
    )]
    Odd { status: u16, method: &'static str },
}

/// Lets nothing through but answers of Blob storage to the request at hand: those that carry its request id, give
/// back the client's request id if they give back any, and have a status that it gives to such a request.
#[derive(Debug)]
pub(super) struct OnlyTheStore;

#[async_trait]
impl Policy for OnlyTheStore {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let answer = next[0].send(context, request, &next[1..]).await?;
        match stranger(request, answer.status(), answer.headers()) {
            None => Ok(answer),
            Some(stranger) => Err(azure_core::Error::new(ErrorKind::Other, stranger)),
        }
    }
}

/// Says why an answer is not the store's; `None` where it is.
fn stranger(request: &Request, status: StatusCode, headers: &Headers) -> Option<NotTheStore> {
    let method = request.method();
    let code = u16::from(status);
    if headers.get_optional_str(&REQUEST_ID).is_none_or(str::is_empty) {
        return Some(unsigned(request.url(), code, headers));
    }
    let sent = request.headers().get_optional_str(&CLIENT_REQUEST_ID);
    let returned = headers.get_optional_str(&CLIENT_REQUEST_ID);
    if returned.is_some() && returned != sent {
        return Some(NotTheStore::Other { status: code });
    }
    if status.is_success() && !usual(method).contains(&code) {
        return Some(NotTheStore::Odd { status: code, method: method.as_str() });
    }
    None
}

fn unsigned(asked: &Url, status: u16, headers: &Headers) -> NotTheStore {
    let page = || headers.get_optional_str(&CONTENT_TYPE).is_some_and(|kind| kind.contains("html"));
    match (status, headers.get_optional_str(&LOCATION)) {
        (407, _) => NotTheStore::ProxyLogin,
        (300..=399, Some(location)) => NotTheStore::Elsewhere { status, place: host_of(location, asked) },
        _ if page() => NotTheStore::Page { status },
        _ => NotTheStore::Unsigned { status },
    }
}

/// The host alone: paths and queries of login pages repeat the URL that was asked for, signature included.
fn host_of(location: &str, asked: &Url) -> String {
    let host = asked.join(location).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "another place".to_owned())
}

/// The successes of Put Blob, Get Blob and List Blobs, Get Blob Properties, and Delete Blob, as documented.
fn usual(method: Method) -> &'static [u16] {
    match method {
        Method::Put => &[201],
        Method::Get => &[200, 206],
        Method::Head => &[200],
        Method::Delete => &[202],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields<'a> = &'a [(&'static str, &'static str)];

    const URL: &str = "https://acc.blob.core.windows.net/con/b?sig=PLANTED";
    const MARK: (&str, &str) = ("x-ms-request-id", "1");
    const OURS: (&str, &str) = ("x-ms-client-request-id", "ours");
    const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");

    fn judged(method: Method, status: u16, headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut request = Request::new(Url::parse(URL).unwrap(), method);
        request.insert_header(CLIENT_REQUEST_ID, "ours");
        let mut answer = Headers::new();
        for (name, value) in headers {
            answer.insert(HeaderName::from_static(name), *value);
        }
        stranger(&request, status.into(), &answer).map(|stranger| stranger.to_string())
    }

    #[test]
    fn every_answer_of_the_store_passes() {
        let table: [(Method, u16, Fields<'_>, &str); 10] = [
            (Method::Put, 201, &[MARK, OURS], "a write that landed"),
            (Method::Put, 201, &[MARK], "an emulator that gives no client request id back"),
            (Method::Get, 200, &[MARK, OURS], "a list, or a service that ignores ranges"),
            (Method::Get, 206, &[MARK, OURS], "a read"),
            (Method::Head, 200, &[MARK, OURS], "details"),
            (Method::Delete, 202, &[MARK, OURS], "a probe that is gone"),
            (Method::Get, 404, &[MARK, OURS], "nothing there"),
            (Method::Put, 412, &[MARK, OURS], "a swap that lost"),
            (Method::Put, 403, &[MARK, HTML], "a refusal, however it is written"),
            (Method::Put, 503, &[MARK], "a busy store"),
        ];
        for (method, status, headers, why) in table {
            assert_eq!(judged(method, status, headers), None, "{why}");
        }
    }

    #[test]
    fn what_somebody_else_answers_counts_as_no_answer_and_is_called_what_it_is() {
        let theirs = ("x-ms-client-request-id", "theirs");
        let login = ("location", "https://login.portal.example/?to=https%3A%2F%2Facc%3Fsig%3DPLANTED");
        let table: [(Method, u16, Fields<'_>, &str); 16] = [
            (Method::Put, 201, &[], "not Blob storage's"),
            (Method::Put, 201, &[("etag", "\"1\"")], "not Blob storage's"),
            (Method::Put, 200, &[("etag", "\"1\""), HTML], "a web page"),
            (Method::Put, 201, &[MARK, theirs], "out of its cache"),
            (Method::Put, 200, &[MARK, OURS], "HTTP 200 is not how Blob storage answers a PUT"),
            (Method::Put, 204, &[MARK, OURS], "HTTP 204 is not how"),
            (Method::Get, 200, &[("etag", "\"1\"")], "not Blob storage's"),
            (Method::Get, 206, &[MARK, theirs], "another request"),
            (Method::Head, 200, &[("x-ms-meta-version", "1")], "not Blob storage's"),
            (Method::Delete, 200, &[MARK], "HTTP 200 is not how"),
            (Method::Delete, 202, &[], "not Blob storage's"),
            (Method::Get, 404, &[("x-ms-error-code", "BlobNotFound")], "not Blob storage's"),
            (Method::Put, 412, &[("x-ms-error-code", "ConditionNotMet"), MARK, theirs], "another request"),
            (Method::Put, 307, &[login], "HTTP 307 to login.portal.example: Blob storage never"),
            (
                Method::Get,
                302,
                &[("location", "/login?sig=PLANTED")],
                "HTTP 302 to acc.blob.core.windows.net",
            ),
            (Method::Get, 407, &[HTML], "asks for a user name"),
        ];
        for (method, status, headers, expected) in table {
            let judged = judged(method, status, headers).unwrap_or_default();
            assert!(judged.contains(expected), "{status} {headers:?}: {judged}");
            assert!(!judged.contains("PLANTED"), "{judged}");
        }
    }
}
