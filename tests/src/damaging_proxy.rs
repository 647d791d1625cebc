//! A line to Azurite on which reads of one blob can be damaged, as proxies, caches and client libraries have been seen
//! to do: everybody else reads what is stored.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long either side may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How an answer is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It is empty, and says so.
    Empty,
    /// It holds half, and says that this is all that there is.
    HalfAsAWhole,
    /// It holds half, and says so of a whole.
    HalfOfAWhole,
    /// It announces all, and ends after half.
    BrokenOff,
}

/// Forwards requests to a port on loopback, one a connection. It ends with the process.
#[derive(Debug)]
pub struct DamagingProxy {
    address: SocketAddr,
    upstream: SocketAddr,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    harm: Option<Harm>,
    /// How many answers were damaged.
    damaged: u64,
}

impl DamagingProxy {
    /// One in front of `upstream` that damages reads of the blob whose path ends so, when it is told to.
    pub fn in_front_of(upstream: SocketAddr, blob: &'static str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, script) = (listener.local_addr()?, Arc::<Mutex<Script>>::default());
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                // A connection that breaks is what its client sees of it.
                thread::spawn(move || drop(forward(client, upstream, blob, &script)));
            }
        });
        Ok(Self { address, upstream, script })
    }

    /// The URL with this in its upstream's place.
    pub fn url(&self, url: &str) -> String {
        url.replace(&self.upstream.to_string(), &self.address.to_string())
    }

    /// Damages answers so from now on, or no more.
    pub fn damages(&self, harm: Option<Harm>) {
        lock(&self.script).harm = harm;
    }

    /// How many answers were damaged so far.
    pub fn damaged(&self) -> u64 {
        lock(&self.script).damaged
    }
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forward(mut client: TcpStream, upstream: SocketAddr, blob: &str, script: &Mutex<Script>) -> Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let (head, body) = Message::read(&mut client)?.split();
    let mut service = TcpStream::connect(upstream)?;
    service.set_read_timeout(Some(PATIENCE))?;
    // One request a connection, so that each answer ends with it.
    let head = without(&head, &["connection"]);
    write!(service, "{head}Connection: close\r\n\r\n")?;
    service.write_all(&body)?;
    let mut answer = Vec::new();
    service.read_to_end(&mut answer)?;
    let harm = harm_to(&head, blob, &answer, script);
    client.write_all(&harm.map_or(answer.clone(), |harm| harm.done_to(&answer)))?;
    Ok(())
}

/// What is done to an answer: only what brings a stamp is damaged.
fn harm_to(head: &str, blob: &str, answer: &[u8], script: &Mutex<Script>) -> Option<Harm> {
    let asked = head.lines().next()?.strip_prefix("GET ")?.split(['?', ' ']).next()?.replace("%2F", "/");
    let brings_it = asked.ends_with(blob) && answer.starts_with(b"HTTP/1.1 20");
    let mut script = lock(script);
    let harm = script.harm.filter(|_| brings_it)?;
    script.damaged += 1;
    Some(harm)
}

impl Harm {
    fn done_to(self, answer: &[u8]) -> Vec<u8> {
        let message = Message(answer.to_vec());
        let (head, body) = message.split();
        let (whole, half) = (body.len(), &body[..body.len() / 2]);
        let (status, range, length, left) = match self {
            Self::Empty => ("200 OK", None, 0, &body[..0]),
            Self::HalfAsAWhole => ("206 Partial Content", Some(half.len()), half.len(), half),
            Self::HalfOfAWhole => ("206 Partial Content", Some(whole), half.len(), half),
            Self::BrokenOff => ("206 Partial Content", Some(whole), whole, half),
        };
        let mut fields =
            without(&head, &["http/1.1", "connection", "content-length", "content-range", "content-md5"]);
        if let Some(whole) = range {
            fields.push_str(&format!("Content-Range: bytes 0-{}/{whole}\r\n", length.saturating_sub(1)));
        }
        let head =
            format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        [head.as_bytes(), left].concat()
    }
}

/// A head and a body.
struct Message(Vec<u8>);

impl Message {
    /// Reads one whose head tells how long its body is.
    fn read(from: &mut impl Read) -> Result<Self> {
        let mut message = Self(Vec::new());
        let mut buffer = [0; 8 * 1024];
        loop {
            let read = from.read(&mut buffer)?;
            message.0.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let Some(ends) = message.head_ends() else {
                anyhow::ensure!(read > 0, "the connection ended within a head");
                continue;
            };
            let head = String::from_utf8_lossy(&message.0[..ends]).to_lowercase();
            let announced = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let body: usize = announced.map_or(Ok(0), |length| length.trim().parse()).context("a length")?;
            if message.0.len() >= ends + body {
                return Ok(message);
            }
            anyhow::ensure!(read > 0, "the connection ended within a body");
        }
    }

    fn head_ends(&self) -> Option<usize> {
        self.0.windows(4).position(|part| part == b"\r\n\r\n").map(|at| at + 4)
    }

    /// The lines of the head, and the body.
    fn split(&self) -> (String, Vec<u8>) {
        let ends = self.head_ends().unwrap_or(self.0.len());
        let head = String::from_utf8_lossy(&self.0[..ends]).trim_end().to_owned();
        (format!("{head}\r\n"), self.0[ends..].to_vec())
    }
}

/// A head without the lines that begin so.
fn without(head: &str, names: &[&str]) -> String {
    let goes = |line: &&str| !names.iter().any(|name| line.to_lowercase().starts_with(name));
    head.lines().filter(goes).map(|line| format!("{line}\r\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/4\r\n\r\nabcd";

    #[test]
    fn an_answer_is_damaged_as_it_was_asked_for_and_keeps_its_marks() {
        let table = [
            (Harm::Empty, "200 OK", "Content-Length: 0", ""),
            (
                Harm::HalfAsAWhole,
                "206 Partial Content",
                "Content-Range: bytes 0-1/2\r\nContent-Length: 2",
                "ab",
            ),
            (
                Harm::HalfOfAWhole,
                "206 Partial Content",
                "Content-Range: bytes 0-1/4\r\nContent-Length: 2",
                "ab",
            ),
            (Harm::BrokenOff, "206 Partial Content", "Content-Range: bytes 0-3/4\r\nContent-Length: 4", "ab"),
        ];
        for (harm, status, lengths, body) in table {
            let expected =
                format!("HTTP/1.1 {status}\r\nETag: \"1\"\r\n{lengths}\r\nConnection: close\r\n\r\n{body}");
            assert_eq!(String::from_utf8(harm.done_to(ANSWER)).unwrap(), expected, "{harm:?}");
        }
    }
}
