//! One connection comes about: the name is looked up, the addresses race, a proxy is asked, TLS is agreed on.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use hyper::client::conn::http1;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::Body;
use super::names::Names;
use super::proxies::{Proxies, Proxy};
use super::trouble::Trouble;
use crate::progress::{Standing, seconds};

/// From the start with one address to the start with the next, while the first leads nowhere: RFC 8305.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// More addresses are not tried for one connection.
const MOST_ADDRESSES: usize = 8;

/// Steps that took less together are not worth a word.
const TELLING: Duration = Duration::from_millis(10);

/// Whom a connection leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

/// Everything that it takes to connect.
pub(super) struct Dialer {
    pub(super) names: Names,
    pub(super) proxies: Proxies,
    /// `None` where nothing is reached over TLS.
    pub(super) tls: Option<TlsConnector>,
    /// What TCP's handshake takes beyond that of loopback.
    #[cfg(test)]
    pub(super) distance: Duration,
}

/// One attempt to connect, and how far it has come.
#[derive(Debug)]
pub(super) struct Dial {
    steps: Mutex<Vec<(Step, Instant)>>,
    pub(super) started: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    LookUp(String),
    Connect(String),
    Proxy(String),
    Tls(String),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that can carry a request.
pub(super) type Sender = http1::SendRequest<Body>;

impl Dialer {
    /// Makes a connection. No request is sent on it, but for the question to a proxy.
    pub(super) async fn dial(&self, target: &Target, dial: &Dial) -> Result<Sender, Trouble> {
        let proxy = if target.tls { self.proxies.towards(&target.host) } else { None };
        let stream = match &proxy {
            Some(proxy) => self.through(proxy, target, dial).await?,
            None => Box::new(self.connect(&target.host, target.port, dial).await?),
        };
        let stream = if target.tls { self.secure(&target.host, stream, dial).await? } else { stream };
        let broken = |error: hyper::Error| Trouble::Broken(error.to_string());
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(async move {
            // Whoever waits for an answer on it is told as well.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the store ended");
            }
        });
        Ok(sender)
    }

    async fn connect(&self, host: &str, port: u16, dial: &Dial) -> Result<TcpStream, Trouble> {
        dial.begin(Step::LookUp(host.to_owned()));
        let lookup = |detail| Trouble::Lookup { host: host.to_owned(), detail };
        let addresses = self.names.addresses(host).await.map_err(lookup)?;
        dial.begin(Step::Connect(listed(&addresses, port)));
        #[cfg(test)]
        tokio::time::sleep(self.distance).await;
        match race(&addresses, port).await {
            Ok(stream) => Ok(stream),
            Err(error) => {
                self.names.doubt(host);
                Err(Trouble::Connect { target: listed(&addresses, port), detail: error.to_string() })
            }
        }
    }

    async fn secure(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
        dial: &Dial,
    ) -> Result<Box<dyn Stream>, Trouble> {
        dial.begin(Step::Tls(host.to_owned()));
        let refused = |error: io::Error| Trouble::tls(host, &error);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let name = name.map_err(|error| refused(io::Error::other(error)))?;
        let Some(tls) = &self.tls else { return Err(refused(io::ErrorKind::Unsupported.into())) };
        Ok(Box::new(tls.connect(name, stream).await.map_err(refused)?))
    }

    /// A way through a proxy, which is told the host and sees nothing of what follows.
    async fn through(&self, proxy: &Proxy, target: &Target, dial: &Dial) -> Result<Box<dyn Stream>, Trouble> {
        let fails = |detail: String| Trouble::proxy(proxy, &detail);
        let reached = self.connect(&proxy.host, proxy.port, dial).await;
        let stream: Box<dyn Stream> = Box::new(reached.map_err(|trouble| fails(trouble.to_string()))?);
        let stream = if proxy.tls { self.secure(&proxy.host, stream, dial).await? } else { stream };
        dial.begin(Step::Proxy(proxy.to_string()));
        let broken = |error: hyper::Error| fails(format!("the connection broke ({error})"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection.with_upgrades());
        let authority = format!("{}:{}", target.host, target.port);
        let mut question =
            Request::builder().method(Method::CONNECT).uri(&authority).header(HOST, &authority);
        if let Some(authorization) = &proxy.authorization {
            question = question.header(PROXY_AUTHORIZATION, authorization);
        }
        let question = question.body(Body::default()).map_err(|error| fails(error.to_string()))?;
        let answer = sender.send_request(question).await.map_err(broken)?;
        if !answer.status().is_success() {
            return Err(fails(refusal(answer.status(), proxy)));
        }
        let upgraded = hyper::upgrade::on(answer).await.map_err(broken)?;
        Ok(Box::new(TokioIo::new(upgraded)))
    }
}

fn refusal(status: StatusCode, proxy: &Proxy) -> String {
    let said = format!("HTTP {}", status.as_u16());
    match (status, &proxy.authorization) {
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, None) => {
            format!("{said}: it asks for a user name and password; write http://USER:PASSWORD@HOST:PORT")
        }
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) => {
            format!("{said}: it does not take this user name and password")
        }
        _ => format!("{said}: it does not let this machine through to that host"),
    }
}

/// Connects to whichever address answers first: each one is tried a little after the one before, or at once where that
/// has failed.
async fn race(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().take(MOST_ADDRESSES);
    let mut running = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            running.push(TcpStream::connect(SocketAddr::new(*address, port)));
        } else if running.is_empty() {
            return Err(failure);
        }
        let outcome = if waiting.len() == 0 {
            running.next().await
        } else {
            tokio::time::timeout(NEXT_ADDRESS, running.next()).await.ok().flatten()
        };
        match outcome {
            Some(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Some(Err(error)) => failure = error,
            None => {}
        }
    }
}

fn listed(addresses: &[IpAddr], port: u16) -> String {
    let one = |address: &IpAddr| SocketAddr::new(*address, port).to_string();
    let shown: Vec<String> = addresses.iter().take(MOST_ADDRESSES).map(one).collect();
    shown.join(" and ")
}

impl Dial {
    pub(super) fn new() -> Self {
        Self { steps: Mutex::default(), started: Instant::now() }
    }

    fn begin(&self, step: Step) {
        self.lock().push((step, Instant::now()));
    }

    /// How long it has taken since the name was known: some round trips, and nothing else.
    pub(super) fn round_trips(&self, now: Instant) -> Duration {
        let steps = self.lock();
        let connecting = steps.iter().find(|(step, _)| matches!(step, Step::Connect(_)));
        connecting.map_or(Duration::ZERO, |(_, since)| now.duration_since(*since))
    }

    /// What each step took, until `now`.
    pub(super) fn account(&self, now: Instant) -> String {
        let steps = self.lock();
        let ends = steps.iter().skip(1).map(|(_, at)| *at).chain([now]);
        let spans = steps
            .iter()
            .zip(ends)
            .map(|((step, from), to)| format!("{step}: {}", seconds(to.duration_since(*from))));
        spans.collect::<Vec<_>>().join(", ")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Step, Instant)>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing for Dial {
    fn told(&self, now: Instant) -> String {
        let steps = self.lock().clone();
        let Some((step, since)) = steps.last() else { return "about to connect".to_owned() };
        let before = match steps.as_slice() {
            [(_, first), .., (_, last)] if *last >= *first + TELLING => {
                format!(", after {} of other steps", seconds(last.duration_since(*first)))
            }
            _ => String::new(),
        };
        let advice = step.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        format!("still {step} (for {}{before}){advice}", seconds(now.duration_since(*since)))
    }
}

impl Step {
    /// What to look at where this takes too long; `None` where it is the network or the firewall of the account.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::LookUp(_) => Some("check the DNS of this machine or cluster"),
            Self::Connect(_) => None,
            Self::Proxy(_) => Some("look at the proxy"),
            Self::Tls(_) => Some("look for a firewall or proxy on the way that inspects TLS"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookUp(host) => write!(f, "looking up {host}"),
            Self::Connect(addresses) => write!(f, "connecting to {addresses}"),
            Self::Proxy(proxy) => write!(f, "waiting for the proxy {proxy}"),
            Self::Tls(host) => write!(f, "agreeing on TLS with {host}"),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

/// A dial that others can watch.
pub(super) type SharedDial = Arc<Dial>;
