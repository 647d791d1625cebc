//! Shared access signatures, made without the code under test.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat};
use ring::hmac;

use super::Azurite;

/// A version of the service whose strings to sign are short, and which Azure and Azurite still take.
const VERSION: &str = "2018-11-09";

/// When a signature grants anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// From a while ago to this long from now.
    For(Duration),
    /// Not any more, since this long.
    ExpiredSince(Duration),
}

impl Validity {
    fn end(self) -> Result<String> {
        let now = SystemTime::now();
        let end = match self {
            Self::For(span) => now + span,
            Self::ExpiredSince(span) => now - span,
        };
        let seconds = i64::try_from(end.duration_since(UNIX_EPOCH)?.as_secs())?;
        let end = DateTime::from_timestamp(seconds, 0).context("an end that no calendar knows")?;
        Ok(end.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

/// A query that grants everything in the account for the next minutes.
pub(super) fn of_account() -> Result<String> {
    let (rights, services, kinds) = ("rwdlacup", "b", "sco");
    let end = Validity::For(Duration::from_mins(10)).end()?;
    // Account, rights, services, kinds, start, end, addresses, protocols, version; each with a line break.
    let text = format!("{}\n{rights}\n{services}\n{kinds}\n\n{end}\n\n\n{VERSION}\n", Azurite::ACCOUNT);
    let fields = [("sv", VERSION), ("ss", services), ("srt", kinds), ("sp", rights), ("se", &end)];
    Ok(query(&fields, &signature(&text)?))
}

/// A query that grants these rights on everything in a container.
pub(super) fn of_container(container: &str, rights: &str, validity: Validity) -> Result<String> {
    let end = validity.end()?;
    let resource = format!("/blob/{}/{container}", Azurite::ACCOUNT);
    // Rights, start, end, resource, policy, addresses, protocols, version, kind, snapshot, five headers.
    let text = format!("{rights}\n\n{end}\n{resource}\n\n\n\n{VERSION}\nc\n\n\n\n\n\n");
    let fields = [("sv", VERSION), ("sr", "c"), ("sp", rights), ("se", &end)];
    Ok(query(&fields, &signature(&text)?))
}

fn signature(text: &str) -> Result<String> {
    let key = STANDARD.decode(Azurite::KEY).context("the emulator's key is base64")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    Ok(STANDARD.encode(hmac::sign(&key, text.as_bytes())))
}

fn query(fields: &[(&str, &str)], signature: &str) -> String {
    let mut query = String::new();
    for (name, value) in fields.iter().chain(&[("sig", signature)]) {
        let value = value.replace('%', "%25").replace('+', "%2B").replace('/', "%2F");
        let value = value.replace('=', "%3D").replace(':', "%3A");
        let joint = if query.is_empty() { "" } else { "&" };
        // Writing to a string cannot fail.
        let _ = write!(query, "{joint}{name}={value}");
    }
    query
}
