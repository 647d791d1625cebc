//! Secrets stay secret: everything that the binaries print, at the most talkative level, with credentials that
//! work and credentials that do not, on a server that answers, refuses, hangs or is not there.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use flatline_tests::{Azurite, BlobStore, Program, free_port, get};

use crate::SOON;

/// A key of the right form that opens nothing.
const WRONG_KEY: &str = "d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyBrZXkgd3Jvbmcga2V5IHdyb25nIGtleSE=";
/// How long a program that does not end by itself gets to talk.
const TALK: Duration = Duration::from_millis(2500);

/// A way to sign in: the variable, its value, and the part of it that must not show.
struct Secret {
    variable: &'static str,
    value: String,
    hidden: String,
}

impl Secret {
    fn key(key: &str) -> Self {
        Self { variable: "AZURE_STORAGE_KEY", value: key.to_owned(), hidden: key.to_owned() }
    }

    fn connection_string(url: &str, key: &str) -> Self {
        let value = format!("AccountName={};AccountKey={key};BlobEndpoint={url};", Azurite::ACCOUNT);
        Self { variable: "AZURE_STORAGE_CONNECTION_STRING", value, hidden: key.to_owned() }
    }

    fn sas(sas: String) -> Self {
        let hidden = signature(&sas);
        Self { variable: "AZURE_STORAGE_SAS_TOKEN", value: sas, hidden }
    }

    fn signed_url(url: &str, sas: &str) -> Self {
        Self { variable: "HEARTBEAT_STORE", value: format!("{url}?{sas}"), hidden: signature(sas) }
    }
}

/// The signature in a query, as it is written there.
fn signature(sas: &str) -> String {
    sas.split('&').find_map(|field| field.strip_prefix("sig=")).unwrap_or_default().to_owned()
}

/// A query with the same form and another signature.
fn forged(sas: &str) -> String {
    sas.replace(&signature(sas), "Zm9yZ2VkIHNpZ25hdHVyZSBvZiBhIGdvb2QgbGVuZ3RoISE%3D")
}

fn secrets(store: &BlobStore) -> Result<Vec<Secret>> {
    let account = store.azurite().account_url();
    Ok(vec![
        Secret::key(Azurite::KEY),
        Secret::key(WRONG_KEY),
        Secret::connection_string(&account, Azurite::KEY),
        Secret::connection_string(&account, WRONG_KEY),
        Secret::sas(store.sas().to_owned()),
        Secret::sas(forged(store.sas())),
        Secret::sas(store.expired_sas()?),
        Secret::signed_url(&store.url(), store.sas()),
        Secret::signed_url(&store.url(), &forged(store.sas())),
    ])
}

/// Every command, and whether it ends by itself.
fn commands() -> Result<Vec<(Program, bool)>> {
    let monitor = |words: &[&str]| Program::monitor().map(|monitor| monitor.args(words));
    let writer = |words: &[&str]| Program::writer().map(|writer| writer.args(words));
    let both = ["--this-cluster", "b", "--that-cluster", "a"];
    Ok(vec![
        (monitor(&["--help"])?, true),
        (monitor(&["wait", "--help"])?, true),
        (monitor(&["wait", "--no-such-flag"])?, true),
        (monitor(&["wait"])?.args(both), false),
        (monitor(&["check", "--that-cluster", "a"])?, true),
        (monitor(&["check", "--that-cluster", "a", "-o", "json"])?, true),
        (monitor(&["status"])?, true),
        (monitor(&["doctor"])?.args(both), true),
        (monitor(&["watch"])?, false),
        (writer(&["--help"])?, true),
        (writer(&["run", "--help"])?, true),
        (writer(&["once"])?.args(both), true),
        (writer(&["run"])?.args(both), false),
    ])
}

/// Runs every command with every secret at the same time and looks through what each printed.
fn nothing_shows(store: &BlobStore) -> Result<()> {
    let mut running = Vec::new();
    for secret in secrets(store)? {
        for format in ["human", "json"] {
            for (program, ends) in commands()? {
                let program = program.env("HEARTBEAT_STORE", store.url()).env(secret.variable, &secret.value);
                let program = program.env("RUST_LOG", "trace").env("LOG_FORMAT", format);
                running.push((program.start()?, ends, secret.hidden.clone()));
            }
        }
    }
    std::thread::sleep(TALK);
    for (mut process, ends, hidden) in running {
        if !ends {
            process.terminate()?;
        }
        let text = process.exit_within(SOON * 3)?.all_text();
        assert!(!text.is_empty());
        for form in forms(&hidden) {
            assert!(!text.contains(&form), "'{form}' shows in: {text}");
        }
    }
    Ok(())
}

/// A secret as it is, as a URL holds it, as a URL decodes it, and the beginning of each.
fn forms(hidden: &str) -> Vec<String> {
    let decoded = hidden.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let encoded = decoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let long = [hidden.to_owned(), decoded, encoded];
    let starts = long.clone().map(|form| form.chars().take(16).collect());
    long.into_iter().chain(starts).collect()
}

#[test]
fn no_secret_shows_while_the_store_answers_or_refuses() -> Result<()> {
    nothing_shows(&BlobStore::new(Azurite::shared()?)?)
}

#[test]
fn no_secret_shows_while_the_store_hangs() -> Result<()> {
    let store = BlobStore::new(Arc::new(Azurite::start()?))?;
    store.azurite().freeze()?;
    let outcome = nothing_shows(&store);
    store.azurite().thaw()?;
    outcome
}

#[test]
fn no_secret_shows_while_nobody_listens_at_the_store() -> Result<()> {
    let store = BlobStore::new(Arc::new(Azurite::start()?))?;
    store.azurite().stop()?;
    nothing_shows(&store)
}

#[test]
fn no_secret_shows_at_the_endpoints_or_in_the_process_list() -> Result<()> {
    let store = BlobStore::new(Azurite::shared()?)?;
    for secret in secrets(&store)? {
        let port = free_port()?;
        let writer =
            Program::writer()?.args(["--this-cluster", "a", "--listen", &format!("127.0.0.1:{port}")]);
        let writer =
            writer.env("HEARTBEAT_STORE", store.url()).env(secret.variable, &secret.value).start()?;
        flatline_tests::until("the endpoints", SOON, || get(port, "/livez").ok())?;
        let mut shown = std::fs::read_to_string(format!("/proc/{}/cmdline", writer.pid()))?;
        for path in ["/livez", "/readyz", "/metrics", "/state", "/nothing"] {
            let answer = get(port, path)?;
            shown.extend([answer.head, answer.body]);
        }
        for form in forms(&secret.hidden) {
            assert!(!shown.contains(&form), "'{form}' shows in: {shown}");
        }
    }
    Ok(())
}
