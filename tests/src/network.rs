//! Regions that can be cut off: network namespaces, each tied to the store's by a cable of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::Program;
use crate::program::find;

/// The store's network, and the regions around it. Dropping it takes all of them away; they end as well when this
/// process does.
#[derive(Debug)]
pub struct Network {
    hub: Namespace,
    regions: Vec<(String, Namespace)>,
}

impl Network {
    /// Where the store listens, as every region reaches it.
    pub const STORE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

    /// Why no network can be made on this machine, if so.
    pub fn unavailable() -> Option<String> {
        for program in ["ip", "unshare", "nsenter"] {
            if find(program).is_none() {
                return Some(format!("{program} is not installed"));
            }
        }
        let tried = Command::new("unshare")
            .args(["--net", "ip", "link", "add", "flatline", "type", "veth"])
            .stderr(Stdio::null())
            .status();
        match tried {
            Ok(status) if status.success() => None,
            _ => Some("network namespaces with a cable between them are not allowed here".to_owned()),
        }
    }

    /// Makes the store's network and ties these regions to it.
    pub fn with_regions(names: &[&str]) -> Result<Self> {
        let hub = Namespace::new()?;
        hub.ip(&["address", "add", &Self::STORE.to_string(), "dev", "lo"])?;
        let mut regions = Vec::new();
        for (name, number) in names.iter().zip(1_u8..) {
            let (region, cable) = (Namespace::new()?, cable(name));
            let [near, far] = [NEAR, FAR].map(|end| address(number, end));
            let holder = region.holder.id().to_string();
            hub.ip(&["link", "add", &cable, "type", "veth", "peer", "name", "uplink", "netns", &holder])?;
            hub.ip(&["address", "add", &format!("{near}/24"), "dev", &cable])?;
            hub.ip(&["link", "set", &cable, "up"])?;
            region.ip(&["address", "add", &format!("{far}/24"), "dev", "uplink"])?;
            region.ip(&["link", "set", "uplink", "up"])?;
            region.ip(&["route", "add", "default", "via", &near.to_string()])?;
            regions.push(((*name).to_owned(), region));
        }
        Ok(Self { hub, regions })
    }

    /// Does something in the store's network: what is started there runs there, and what is asked is asked there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let hub = self.hub.path();
        std::thread::scope(|threads| {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            let inside = std::thread::Builder::new().name(name).spawn_scoped(threads, move || {
                enter(&hub).context("cannot enter the store's network")?;
                work()
            })?;
            inside.join().map_err(|_| anyhow!("the work in the store's network panicked"))?
        })
    }

    /// Has a program run in a region.
    pub fn in_region(&self, region: &str, program: Program) -> Result<Program> {
        self.region(region)?.program(program)
    }

    /// A region, for somebody who works there.
    pub fn region(&self, region: &str) -> Result<Region> {
        let mut regions = self.regions.iter().zip(1_u8..);
        let found = regions.find(|((name, _), _)| name == region);
        let ((_, namespace), number) = found.with_context(|| format!("there is no region {region}"))?;
        Ok(Region { namespace: namespace.path(), address: address(number, FAR) })
    }

    /// Cuts a region off: what is sent is lost, and nobody is told.
    pub fn cut(&self, region: &str) -> Result<()> {
        self.hub.ip(&["link", "set", &cable(region), "down"])
    }

    /// Ties it to the store again.
    pub fn heal(&self, region: &str) -> Result<()> {
        self.hub.ip(&["link", "set", &cable(region), "up"])
    }
}

/// A region of a [`Network`] that is there for as long as the network is.
#[derive(Debug, Clone)]
pub struct Region {
    namespace: String,
    address: Ipv4Addr,
}

impl Region {
    /// Its address, as everybody reaches it.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Has a program run there.
    pub fn program(&self, program: Program) -> Result<Program> {
        program.under(&["nsenter", &format!("--net={}", self.namespace)])
    }

    /// Moves this thread there, for good.
    pub fn enter(&self) -> Result<()> {
        enter(&self.namespace).context("cannot enter a region")
    }
}

/// The last part of the addresses of a cable's ends: the hub's and the region's.
const NEAR: u8 = 1;
const FAR: u8 = 2;

fn address(region: u8, end: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, region, end)
}

/// Moves this thread into the network namespace of this path.
fn enter(namespace: &str) -> Result<()> {
    let namespace = File::open(namespace)?;
    Ok(move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?)
}

/// The hub's end of a region's cable.
fn cable(region: &str) -> String {
    format!("to-{region}")
}

/// A network namespace, kept by a process that waits for its standard input to close.
#[derive(Debug)]
struct Namespace {
    holder: Child,
}

impl Namespace {
    fn new() -> Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "ip link set lo up && echo up && exec cat"]);
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = holder.stdout.take().context("a piped standard output")?;
        let namespace = Self { holder };
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line == "up\n", "cannot make a network namespace");
        Ok(namespace)
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }

    fn ip(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new("nsenter");
        let output = command.arg(format!("--net={}", self.path())).arg("ip").args(words).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "ip {}: {}", words.join(" "), said.trim());
        Ok(())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
