//! The publisher's HTTP client, on these connections.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, Headers};
use azure_core::http::{AsyncRawResponse, Body as AzureBody, HttpClient, Request, Url};
use azure_core::{Bytes, Error};
use futures::{AsyncReadExt, Stream, stream};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::{Response, http};
use tokio::time::Instant;

use super::Body;
use super::connections::{Connections, Sent};
use super::dial::Target;
use super::trouble::Trouble;
use crate::progress::{self, Operation};

/// Sends each request once, and ends it at its deadline: no retries, no redirects, no decompression.
pub(in crate::blob) struct Client {
    connections: Connections,
    /// For one request, from its start to the last byte of its answer.
    deadline: Duration,
}

impl Client {
    pub(super) fn new(connections: Connections, deadline: Duration) -> Self {
        Self { connections, deadline }
    }

    /// Waits until there is a connection to this place, as far as this operation's time allows; nothing is sent.
    pub(in crate::blob) async fn reach(&self, place: &Url) {
        let Ok(target) = Target::of(place) else { return };
        if let Ok(taken) = self.connections.take(&target).await {
            self.connections.give_back(&target, taken.sender);
        }
    }

    async fn send(
        &self,
        target: &Target,
        request: http::Request<Body>,
    ) -> Result<Response<Incoming>, Trouble> {
        let mut request = request;
        loop {
            let mut taken = self.connections.take(target).await?;
            let now = Instant::now();
            if progress::deadline().is_some_and(|deadline| now >= deadline) {
                // This process stood still: what it meant to send is of yesterday.
                self.connections.give_back(target, taken.sender);
                return Err(Trouble::TooLate("this process was not running".to_owned()));
            }
            progress::waits_for(std::sync::Arc::new(Sent(now)));
            match taken.sender.try_send_request(request).await {
                Ok(answer) => {
                    self.connections.give_back(target, taken.sender);
                    return Ok(answer);
                }
                Err(mut failed) => match failed.take_message() {
                    // The other end had hung up before anything was sent.
                    Some(unsent) if taken.kept => request = unsent,
                    _ => return Err(Trouble::Broken(root(failed.error()))),
                },
            }
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let (target, outgoing) = translated(request).await.map_err(failed)?;
        tracing::debug!(
            method = request.method().as_str(),
            host = target.host,
            path = request.url().path(),
            "sends a request"
        );
        let until = Instant::now() + self.deadline;
        let operation = Operation::lasting(self.deadline);
        let answered = operation.run(self.send(&target, outgoing)).await;
        let answer =
            answered.map_err(|overrun| Trouble::Overrun(overrun.to_string())).flatten().map_err(failed)?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers() {
            // What is no text means nothing here.
            if let Ok(value) = value.to_str() {
                headers.insert(HeaderName::from(name.as_str().to_owned()), value.to_owned());
            }
        }
        let status = answer.status().as_u16().into();
        Ok(AsyncRawResponse::new(status, headers, Box::pin(frames(answer.into_body(), until))))
    }
}

impl Target {
    fn of(url: &Url) -> Result<Self, Trouble> {
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => {
                Ok(Self { tls: url.scheme() == "https", host: host.to_owned(), port })
            }
            _ => Err(unsendable("it has no host or port")),
        }
    }
}

fn unsendable(detail: &str) -> Trouble {
    Trouble::Unsendable(detail.to_owned())
}

/// The target and the request, as HTTP/1.1 writes it.
async fn translated(request: &Request) -> Result<(Target, http::Request<Body>), Trouble> {
    let url = request.url();
    let target = Target::of(url)?;
    let authority = url.port().map_or_else(|| target.host.clone(), |port| format!("{}:{port}", target.host));
    let mut outgoing = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.path_and_query())
        .header(HOST, authority);
    for (name, value) in request.headers().iter() {
        outgoing = outgoing.header(name.as_str(), value.as_str());
    }
    let body = match request.body().clone() {
        AzureBody::Bytes(bytes) => bytes,
        AzureBody::SeekableStream(mut stream) => {
            // All that is stored here fits in memory many times over.
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.map_err(|error| unsendable(&error.to_string()))?;
            bytes.into()
        }
    };
    // The text of this error could repeat a header.
    let outgoing =
        outgoing.body(Body::new(body)).map_err(|_| unsendable("a header or the path is not plain text"))?;
    Ok((target, outgoing))
}

/// The parts of an answer's body, until the request's deadline.
fn frames(body: Incoming, until: Instant) -> impl Stream<Item = azure_core::Result<Bytes>> + Send {
    stream::try_unfold(body, move |mut body| async move {
        let cut_off = |_| failed(Trouble::Overrun("the answer stopped in its middle".to_owned()));
        loop {
            match tokio::time::timeout_at(until, body.frame()).await.map_err(cut_off)? {
                None => return Ok(None),
                Some(Err(error)) => return Err(failed(Trouble::Broken(root(&error)))),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some((bytes, body)));
                    }
                }
            }
        }
    })
}

fn failed(trouble: Trouble) -> Error {
    let kind = if trouble.never_sent() { ErrorKind::Connection } else { ErrorKind::Io };
    Error::new(kind, trouble)
}

fn root(error: &hyper::Error) -> String {
    super::root_cause(error)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
