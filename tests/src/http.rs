//! Plain requests on loopback: enough to ask a process for its endpoints.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

/// How long an endpoint on the same machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an endpoint answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// The header lines.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Asks a loopback port for a path.
pub fn get(port: u16, path: &str) -> Result<Answer> {
    ask(port, "GET", path, "")
}

/// Asks any address for a path.
pub(crate) fn get_from(address: SocketAddr, path: &str, patience: Duration) -> Result<Answer> {
    ask_within(patience, address, "GET", path, "")
}

/// Posts nothing to a path of a loopback port, with the key that asks for it.
pub fn post(port: u16, path: &str, key: &str) -> Result<Answer> {
    ask(port, "POST", path, &format!("Authorization: Bearer {key}\r\nContent-Length: 0\r\n"))
}

fn ask(port: u16, method: &str, path: &str, headers: &str) -> Result<Answer> {
    ask_within(PATIENCE, (Ipv4Addr::LOCALHOST, port).into(), method, path, headers)
}

fn ask_within(
    patience: Duration,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
) -> Result<Answer> {
    let mut stream =
        TcpStream::connect_timeout(&address, patience).with_context(|| format!("no answer on {address}"))?;
    stream.set_read_timeout(Some(patience))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("{address}{path} broke off"))?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
    let status = head.split(' ').nth(1).context("an answer without a status")?.parse()?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
