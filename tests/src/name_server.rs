//! A stand-in for a cluster's DNS: it knows one name, and is as slow or as deaf as it is told.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::Program;

/// The types of the two questions that a client asks of a name.
const A: [u8; 2] = [0, 1];
const AAAA: [u8; 2] = [0, 28];
/// The length of a message's head.
const HEAD: usize = 12;

/// How it answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// How long each answer takes.
    pub takes: Duration,
    /// Questions for an IPv6 address are lost, as in Azure/AKS#964; else the answer is that there is none.
    pub drops_aaaa: bool,
    /// Every question is lost.
    pub silent: bool,
}

/// The stand-in, which serves as long as the process does.
#[derive(Debug)]
pub struct NameServer {
    manner: Arc<Mutex<Manner>>,
    /// What stands in the place of `resolv.conf`.
    folder: TempDir,
}

impl NameServer {
    /// The one name that it knows.
    pub const NAME: &str = "store.test";

    /// Starts on this address of this thread's network namespace, at the port that all names are asked at, and leads
    /// to the same address.
    pub fn start_on(address: Ipv4Addr, manner: Manner) -> Result<Self> {
        let socket = UdpSocket::bind((address, 53)).context("the port of the DNS is taken")?;
        let folder = tempfile::Builder::new().prefix("flatline-names-").tempdir()?;
        std::fs::write(folder.path().join("resolv.conf"), format!("nameserver {address}\n"))?;
        let manner = Arc::new(Mutex::new(manner));
        let obeyed = Arc::clone(&manner);
        thread::spawn(move || serve(&socket, address, &obeyed));
        Ok(Self { manner, folder })
    }

    /// Changes how it answers.
    pub fn behaves(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// Has a program ask here, by a mount table of its own.
    pub fn asked_by(&self, program: Program) -> Result<Program> {
        let file = self.folder.path().join("resolv.conf");
        let script = format!("mount --bind {} /etc/resolv.conf && exec \"$@\"", file.display());
        program.under(&["unshare", "--mount", "sh", "-c", &script, "sh"])
    }
}

fn serve(socket: &UdpSocket, leads_to: Ipv4Addr, manner: &Mutex<Manner>) {
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        let manner = *manner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answer) = answer(&question[..length], leads_to, manner) else { continue };
        let Ok(socket) = socket.try_clone() else { return };
        thread::spawn(move || reply(&socket, from, &answer, manner.takes));
    }
}

fn reply(socket: &UdpSocket, to: SocketAddr, answer: &[u8], takes: Duration) {
    thread::sleep(takes);
    // Whoever asked may be gone.
    let _ = socket.send_to(answer, to);
}

/// The answer to one question; `None` where it is lost.
fn answer(question: &[u8], leads_to: Ipv4Addr, manner: Manner) -> Option<Vec<u8>> {
    let name_end = HEAD + question.get(HEAD..)?.iter().position(|byte| *byte == 0)? + 1;
    let kind: [u8; 2] = question.get(name_end..name_end + 2)?.try_into().ok()?;
    if manner.silent || (manner.drops_aaaa && kind == AAAA) {
        return None;
    }
    let known = question.get(HEAD..name_end)? == b"\x05store\x04test\x00";
    let found = known && kind == A;
    let mut answer = question.get(..2)?.to_vec();
    // An answer, without trouble or without such a name; then one question, and what was found.
    answer.extend_from_slice(&[0x81, if known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(found), 0, 0, 0, 0]);
    answer.extend_from_slice(question.get(HEAD..name_end + 4)?);
    if found {
        // The name again, its kind and class, five seconds to live, four bytes.
        answer.extend_from_slice(&[0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
        answer.extend_from_slice(&leads_to.octets());
    }
    Some(answer)
}
