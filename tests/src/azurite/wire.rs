//! One HTTP request over a connection of its own, with TLS where the emulator has a certificate.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::Certificates;

/// How long the emulator may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) headers: &'a [(String, &'a str)],
    pub(super) body: &'a [u8],
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

pub(super) fn send(to: SocketAddr, certificates: Option<&Certificates>, request: &Request) -> Result<Answer> {
    let tcp = TcpStream::connect(to)?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_write_timeout(Some(PATIENCE))?;
    let Some(certificates) = certificates else { return exchange(tcp, request) };
    let name = ServerName::IpAddress(to.ip().into());
    let client = ClientConnection::new(Arc::new(certificates.client_config()?), name)?;
    exchange(StreamOwned::new(client, tcp), request)
}

fn exchange(mut stream: impl Read + Write, request: &Request) -> Result<Answer> {
    let Request { method, target, headers, body } = request;
    // Version 1.0, so that the answer comes in one piece that ends with the connection.
    let mut head =
        format!("{method} {target} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in *headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let split = answer.windows(4).position(|part| part == b"\r\n\r\n").context("an answer without a head")?;
    let head = String::from_utf8_lossy(&answer[..split]);
    let status = head.split(' ').nth(1).context("an answer without a status")?.parse()?;
    Ok(Answer { status, body: answer[split + 4..].to_vec() })
}
