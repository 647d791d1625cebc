//! Names are resolved without a single library or setting of a system: what a static program of the GNU C library
//! cannot be relied on for, so it is tried.

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;

use anyhow::{Context, Result, ensure};
use flatline_tests::Network;

use crate::container::Container;

/// A name that only the name server knows.
const SERVED: &str = "served.blob.core.windows.net";
/// A name that only `/etc/hosts` knows, as pods name their `hostAliases`.
const LISTED: &str = "listed.blob.core.windows.net";

#[test]
fn names_are_resolved_by_the_hosts_file_and_by_the_name_server_of_the_pod() -> Result<()> {
    if let Some(why) = Network::unavailable() {
        println!("skipped: {why}");
        return Ok(());
    }
    let Some(monitor) = Container::of("heart-monitor")? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let (hosts, resolver) = (folder.path().join("hosts"), folder.path().join("resolv.conf"));
    fs::write(&hosts, format!("127.0.0.1 localhost\n127.0.0.1 {LISTED}\n"))?;
    fs::write(&resolver, "nameserver 127.0.0.1\n")?;
    let monitor = monitor.mount(&hosts, "/etc/hosts")?.mount(&resolver, "/etc/resolv.conf")?;

    // Nobody listens at 127.0.0.1:443 in here, so a name that was resolved ends in a refusal.
    for (name, expected) in [
        (SERVED, "Connection refused"),
        (LISTED, "Connection refused"),
        ("unknown.blob.core.windows.net", "there is no host of that name"),
    ] {
        let exit = Network::with_regions(&[])?.inside(|| {
            let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).context("cannot serve names")?;
            // Ends with the process: it holds a socket of a network that is gone by then.
            thread::spawn(move || serve_names(&server));
            let store = format!("https://{name}/heartbeat");
            let check =
                ["check", "--that-cluster", "b", "--credential", "anonymous", "--read-deadline", "20s"];
            monitor.run(&[&["heart-monitor"], &check[..], &["--store", &store]].concat())
        })?;
        ensure!(exit.code == 2 && exit.all_text().contains(expected), "{name}: expected {expected}: {exit}");
    }
    Ok(())
}

/// Answers 127.0.0.1 for the one name, and that there is no such name for all others.
fn serve_names(server: &UdpSocket) -> Option<()> {
    let mut packet = [0; 512];
    loop {
        let (length, client) = server.recv_from(&mut packet).ok()?;
        let answer = answer(packet.get(..length)?)?;
        server.send_to(&answer, client).ok()?;
    }
}

/// The answer to a question of RFC 1035; none to what is no question.
fn answer(packet: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    const ADDRESS: [u8; 2] = [0, 1];
    let name_length = packet.get(HEADER..)?.iter().position(|byte| *byte == 0)? + 1;
    let question = packet.get(HEADER..HEADER + name_length + 4)?;
    let is_known = question.starts_with(&encoded(SERVED));
    let is_answered = is_known && question.get(name_length..name_length + 2)? == ADDRESS;
    let mut answer = packet.get(..2)?.to_vec();
    // A response, recursion available; "no error" or "no such name"; one question, one answer or none.
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(is_answered), 0, 0, 0, 0]);
    answer.extend(question);
    if is_answered {
        // The name of the question, an address, class IN, for 5 s, four bytes.
        answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}

/// A name as packets write it: each label behind its length, and an empty one at the end.
fn encoded(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| {
        let length = u8::try_from(label.len()).unwrap_or_default();
        std::iter::once(length).chain(label.bytes())
    });
    labels.chain([0]).collect()
}
