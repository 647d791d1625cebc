//! A line to Azurite on which every answer takes its time, as on a store far away or under load.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// What a request begins with.
const METHODS: [&[u8]; 4] = [b"GET ", b"HEAD ", b"PUT ", b"DELETE "];

/// Forwards connections to a port on loopback. It ends with the process.
#[derive(Debug)]
pub struct SlowProxy {
    address: SocketAddr,
    upstream: SocketAddr,
}

impl SlowProxy {
    /// One in front of `upstream` on which every request takes so much longer.
    pub fn in_front_of(upstream: SocketAddr, takes: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that breaks is what its client sees of it.
                thread::spawn(move || drop(carry(client, upstream, takes)));
            }
        });
        Ok(Self { address, upstream })
    }

    /// The URL with this in its upstream's place.
    pub fn url(&self, url: &str) -> String {
        url.replace(&self.upstream.to_string(), &self.address.to_string())
    }
}

/// Carries one connection until a side ends it. HTTP/1.1 without pipelining: bytes that begin with a method begin a
/// request.
fn carry(mut client: TcpStream, upstream: SocketAddr, takes: Duration) -> Result<()> {
    let mut service = TcpStream::connect(upstream)?;
    let (mut answers, mut to_client) = (service.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        // Whichever side ends it ends both.
        let _ = std::io::copy(&mut answers, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 8 * 1024];
    loop {
        let read = client.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(service.shutdown(Shutdown::Both)?);
        }
        if METHODS.iter().any(|method| bytes.starts_with(method)) {
            thread::sleep(takes);
        }
        service.write_all(bytes)?;
    }
}
