//! The `/state` document, field by field.
//!
//! Stamps are texts: a JSON number is exact only up to 2^53 in many readers. Ages are milliseconds; moments are
//! RFC 3339 in UTC by this machine's wall clock.

use failover_policy::{Letter, Now, Verdict};
use heartbeat_store::StoreError;
use serde::Serialize;

use super::{Beats, Identity, Peer, Seen};
use crate::streak::Outage;

/// What `/state` answers.
#[derive(Debug, Serialize)]
pub(super) struct Page<'s> {
    program: &'static str,
    version: &'static str,
    cluster: &'s str,
    /// The classic letter: `O` in the primary and `S` elsewhere, while beats land; `null` where they do not, or
    /// where nobody said which cluster is the primary.
    letter: Option<&'static str>,
    /// Beats that this process has landed.
    heart_beat_count: u64,
    /// How it goes, in a sentence.
    info: String,
    store: &'s str,
    writer: &'s str,
    process_start: String,
    interval_ms: u128,
    write_deadline_ms: u128,
    beats: BeatsPage,
    peer: Option<PeerPage<'s>>,
}

/// The own beats.
#[derive(Debug, Serialize)]
struct BeatsPage {
    landed: u64,
    failed: u64,
    /// Fell due while the process or its machine stood still.
    skipped: u64,
    last: Option<SeenPage>,
    outage: Option<OutagePage>,
}

/// The peer's stamp.
#[derive(Debug, Serialize)]
struct PeerPage<'s> {
    cluster: &'s str,
    /// Whether the last read succeeded; `null` before the first.
    readable: Option<bool>,
    /// The last stamp that was read.
    last: Option<SeenPage>,
    outage: Option<OutagePage>,
}

/// A stamp, and when it was written or read.
#[derive(Debug, Serialize)]
struct SeenPage {
    stamp: String,
    at: String,
    ago_ms: u128,
    /// How old the stamp was at `at`; negative where the other clock is ahead.
    stamp_age_ms: i64,
}

/// Failures that have not ended.
#[derive(Debug, Serialize)]
struct OutagePage {
    reason: Option<&'static str>,
    error: Option<String>,
    for_ms: u128,
    lost: u64,
}

impl<'s> Page<'s> {
    pub(super) fn of(
        identity: &'s Identity,
        beats: &Beats,
        peer: Option<&Peer>,
        ready: &Result<(), String>,
        now: Now,
    ) -> Self {
        let letter = identity
            .primary
            .as_ref()
            .filter(|_| ready.is_ok())
            .and_then(|primary| Letter::without_record(Verdict::Beating, *primary == identity.cluster))
            .map(Letter::as_str);
        Self {
            program: crate::NAME,
            version: env!("CARGO_PKG_VERSION"),
            cluster: identity.cluster.as_str(),
            letter,
            heart_beat_count: beats.landed,
            info: info(ready, beats.error.as_ref()),
            store: &identity.location,
            writer: &identity.writer.0,
            process_start: identity.start.wall.to_string(),
            interval_ms: identity.interval.get().as_millis(),
            write_deadline_ms: identity.write_deadline.get().as_millis(),
            beats: BeatsPage::of(beats, now),
            peer: peer.zip(identity.peer.as_ref()).map(|(peer, id)| PeerPage::of(id.as_str(), peer, now)),
        }
    }
}

fn info(ready: &Result<(), String>, error: Option<&StoreError>) -> String {
    match (ready, error) {
        (Err(reason), _) => reason.clone(),
        (Ok(()), Some(error)) => format!("the last beats failed: {error}"),
        (Ok(()), None) => "beating".to_owned(),
    }
}

impl BeatsPage {
    fn of(beats: &Beats, now: Now) -> Self {
        Self {
            landed: beats.landed,
            failed: beats.failed,
            skipped: beats.skipped,
            last: beats.last.map(|last| SeenPage::of(last, now)),
            outage: beats.streak.outage().map(|outage| OutagePage::of(outage, beats.error.as_ref(), now)),
        }
    }
}

impl<'s> PeerPage<'s> {
    fn of(cluster: &'s str, peer: &Peer, now: Now) -> Self {
        let outage = peer.streak.outage();
        Self {
            cluster,
            readable: (outage.is_some() || peer.last.is_some()).then_some(outage.is_none()),
            last: peer.last.map(|last| SeenPage::of(last, now)),
            outage: outage.map(|outage| OutagePage::of(outage, peer.error.as_ref(), now)),
        }
    }
}

impl SeenPage {
    fn of(seen: Seen, now: Now) -> Self {
        Self {
            stamp: seen.stamp.to_string(),
            at: seen.at.wall.to_string(),
            ago_ms: now.boot.since(seen.at.boot).as_millis(),
            stamp_age_ms: seen.stamp.tick().age_at(seen.at.wall).ticks() / 10_000,
        }
    }
}

impl OutagePage {
    fn of(outage: &Outage, error: Option<&StoreError>, now: Now) -> Self {
        Self {
            reason: error.map(StoreError::reason),
            error: error.map(ToString::to_string),
            for_ms: now.boot.since(outage.since).as_millis(),
            lost: outage.lost,
        }
    }
}
