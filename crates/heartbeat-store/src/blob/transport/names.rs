//! Host names become addresses: IPv4 and IPv6 are asked for apart, and an answer is kept for as long as the process
//! lives.
//!
//! The C library waits for both answers, up to five seconds where one was dropped on the way; and while the DNS of a
//! cluster is down, the store itself seldom is. So each family is a question of its own that outlives whoever asked,
//! the first answer is used, and where there is none, what was answered before.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dns_lookup::{AddrFamily, AddrInfoHints, LookupErrorKind, SockType};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// How long an answer is used without asking again. Azure's names change no faster (their time to live is a minute).
const FRESH: Duration = Duration::from_mins(1);
/// How much longer the second family may take than the first: the "resolution delay" of RFC 8305.
const SECOND_FAMILY: Duration = Duration::from_millis(50);
/// How long a new answer is waited for where an old one is kept.
const RATHER_NEW: Duration = Duration::from_millis(300);
/// What one question may use of the stack: the C library's resolver keeps its buffers there.
const STACK: usize = 256 * 1024;

/// A kind of address, each asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// Somebody who knows addresses. A name that has none of a family is an empty answer.
#[async_trait]
pub(super) trait Resolver: fmt::Debug + Send + Sync + 'static {
    async fn ask(&self, host: &str, family: Family) -> Result<Vec<IpAddr>, String>;
}

/// The C library, with the machine's `resolv.conf`, `hosts` and search list.
#[derive(Debug)]
pub(super) struct System;

/// What is known of each host.
#[derive(Debug, Clone)]
pub(super) struct Names {
    resolver: Arc<dyn Resolver>,
    hosts: Arc<Mutex<HashMap<String, watch::Sender<Host>>>>,
}

#[derive(Debug, Clone, Default)]
struct Host {
    v4: Answer,
    v6: Answer,
    /// Whether the last round of questions brought nothing while addresses were kept.
    failing: bool,
}

#[derive(Debug, Clone, Default)]
struct Answer {
    addresses: Vec<IpAddr>,
    /// When the last answer came, whatever it was.
    settled: Option<Instant>,
    asking: bool,
    failure: Option<String>,
}

impl Names {
    pub(super) fn new(resolver: impl Resolver) -> Self {
        Self { resolver: Arc::new(resolver), hosts: Arc::default() }
    }

    /// The addresses of a host, the families in turns, IPv4 first; never none. What is an address already is not
    /// looked up. Dropping the future leaves the questions to be answered for the next caller.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let asked = Instant::now();
        let mut host = self.ask(host, asked);
        let mut until = None;
        loop {
            let outcome = host.borrow_and_update().judge(asked);
            let limit = match outcome {
                Judged::Settled(addresses) => return addresses,
                Judged::OneFamily => *until.get_or_insert_with(|| Instant::now() + SECOND_FAMILY),
                Judged::OnlyKept => asked + RATHER_NEW,
                Judged::Nothing => {
                    // The sender lives as long as the process knows the host.
                    host.changed().await.map_err(|gone| gone.to_string())?;
                    continue;
                }
            };
            if tokio::time::timeout_at(limit, host.changed()).await.is_err() {
                return Ok(host.borrow().addresses());
            }
        }
    }

    /// Tells that no connection came about with these addresses: they are asked for anew before the next.
    pub(super) fn doubt(&self, host: &str) {
        if let Some(known) = self.lock().get(host) {
            known.send_modify(|host| {
                host.v4.settled = None;
                host.v6.settled = None;
            });
        }
    }

    /// Asks for whatever is not fresh and not being asked for.
    fn ask(&self, host: &str, now: Instant) -> watch::Receiver<Host> {
        let mut hosts = self.lock();
        let known = hosts.entry(host.to_owned()).or_insert_with(|| watch::Sender::new(Host::default()));
        for family in [Family::V4, Family::V6] {
            let due = !known.borrow().answer(family).is_fresh(now) && !known.borrow().answer(family).asking;
            if due {
                known.send_modify(|host| host.answer_mut(family).asking = true);
                let (resolver, known, host) = (Arc::clone(&self.resolver), known.clone(), host.to_owned());
                tokio::spawn(async move {
                    let answered = resolver.ask(&host, family).await;
                    known.send_modify(|known| known.note(&host, family, answered));
                });
            }
        }
        known.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Sender<Host>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What can be done with what is known.
enum Judged {
    /// Nothing better is to be expected.
    Settled(Result<Vec<IpAddr>, String>),
    /// One family has answered, with addresses.
    OneFamily,
    /// There are addresses from before.
    OnlyKept,
    Nothing,
}

impl Host {
    fn answer(&self, family: Family) -> &Answer {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    fn answer_mut(&mut self, family: Family) -> &mut Answer {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// What is known at `now`, to whoever asked then.
    fn judge(&self, now: Instant) -> Judged {
        let both = [&self.v4, &self.v6];
        if both.iter().all(|answer| !answer.asking) {
            let failure = both.iter().find_map(|answer| answer.failure.clone());
            let addresses = self.addresses();
            return Judged::Settled(if addresses.is_empty() {
                Err(failure.unwrap_or_else(|| "there is no host of that name".to_owned()))
            } else {
                Ok(addresses)
            });
        }
        let answered = |answer: &&Answer| answer.is_fresh(now) && !answer.addresses.is_empty();
        match (both.iter().any(answered), self.addresses().is_empty()) {
            (true, _) => Judged::OneFamily,
            (false, false) => Judged::OnlyKept,
            (false, true) => Judged::Nothing,
        }
    }

    /// Both families in turns: where one leads nowhere, the other is tried soon.
    fn addresses(&self) -> Vec<IpAddr> {
        let (v4, v6) = (&self.v4.addresses, &self.v6.addresses);
        let turns = (0..v4.len().max(v6.len())).flat_map(|at| [v4.get(at), v6.get(at)]);
        turns.flatten().copied().collect()
    }

    fn note(&mut self, host: &str, family: Family, answered: Result<Vec<IpAddr>, String>) {
        let answer = self.answer_mut(family);
        answer.asking = false;
        match answered {
            Ok(addresses) => {
                // No address of a family is news only to whoever had none: a broken DNS says so too.
                if !addresses.is_empty() {
                    answer.addresses = addresses;
                }
                answer.settled = Some(Instant::now());
                answer.failure = None;
            }
            Err(failure) => {
                // Asked again for the next connection.
                answer.settled = None;
                answer.failure = Some(failure);
            }
        }
        self.tell_changes(host);
    }

    fn tell_changes(&mut self, host: &str) {
        if self.v4.asking || self.v6.asking {
            return;
        }
        let failure = self.v4.failure.as_ref().or(self.v6.failure.as_ref());
        let failing = failure.is_some() && self.v4.settled.is_none() && self.v6.settled.is_none();
        match (failing, self.failing, failure) {
            (true, false, Some(failure)) if !self.addresses().is_empty() => {
                tracing::warn!(host, error = %failure, "the host name cannot be looked up; its last known addresses are used");
            }
            (false, true, _) => tracing::info!(host, "the host name can be looked up again"),
            _ => {}
        }
        self.failing = failing && !self.addresses().is_empty();
    }
}

impl Answer {
    fn is_fresh(&self, now: Instant) -> bool {
        self.settled.is_some_and(|settled| now.saturating_duration_since(settled) < FRESH)
    }
}

/// Each question has a thread of its own: one can hang for as long as the C library is told to wait, and must hold
/// up neither the other nor the end of the runtime.
#[async_trait]
impl Resolver for System {
    async fn ask(&self, host: &str, family: Family) -> Result<Vec<IpAddr>, String> {
        let (answer, answered) = oneshot::channel();
        let host = host.to_owned();
        let work = move || {
            // Nobody may be left to hear it.
            let _ = answer.send(look_up(&host, family));
        };
        let thread = std::thread::Builder::new().name("dns".to_owned()).stack_size(STACK).spawn(work);
        thread.map_err(|error| error.to_string())?;
        answered.await.unwrap_or_else(|_| Err("the lookup was cut off".to_owned()))
    }
}

fn look_up(host: &str, family: Family) -> Result<Vec<IpAddr>, String> {
    let address = match family {
        Family::V4 => AddrFamily::Inet.into(),
        Family::V6 => AddrFamily::Inet6.into(),
    };
    let hints = AddrInfoHints { address, socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    match dns_lookup::getaddrinfo(Some(host), None, Some(hints)) {
        Ok(found) => Ok(found.filter_map(|one| one.ok().map(|one| one.sockaddr.ip())).collect()),
        Err(error) if matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData) => {
            Ok(Vec::new())
        }
        Err(error) => Err(std::io::Error::from(error).to_string()),
    }
}

#[cfg(test)]
pub(super) mod tests;
