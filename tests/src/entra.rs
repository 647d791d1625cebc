//! A stand-in for Entra: hands out tokens over https on loopback, in the shapes that a workload identity, an App
//! Service identity and the Azure command line see. Azurite takes these tokens; Azure would not.

mod certificates;
mod exchange;

use std::collections::VecDeque;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

pub use certificates::Certificates;

/// The stand-in, which serves as long as it lives.
#[derive(Debug)]
pub struct IdentityProvider {
    port: u16,
    desk: Arc<Desk>,
}

/// What the threads that serve share.
#[derive(Debug)]
struct Desk {
    hangs: AtomicBool,
    life: Duration,
    requests: Mutex<VecDeque<String>>,
}

impl IdentityProvider {
    /// The application that it knows.
    pub const CLIENT_ID: &str = "11111111-1111-1111-1111-111111111111";
    /// The tenant that it knows.
    pub const TENANT_ID: &str = "22222222-2222-2222-2222-222222222222";
    /// What it expects in the token file of a service account.
    pub const SERVICE_ACCOUNT_TOKEN: &str = "the-token-of-a-service-account";
    /// What it expects as `IDENTITY_HEADER`.
    pub const IDENTITY_HEADER: &str = "the-secret-of-an-app-service";

    /// Starts to serve; its tokens live for `life`.
    pub fn start(certificates: &Certificates, life: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let desk = Arc::new(Desk { hangs: AtomicBool::new(false), life, requests: Mutex::default() });
        let tls = Arc::new(certificates.server_config()?);
        let served = Arc::clone(&desk);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (desk, tls) = (Arc::clone(&served), Arc::clone(&tls));
                // A client that goes away in the middle is its own affair.
                thread::spawn(move || drop(exchange::serve(connection, tls, &desk)));
            }
        });
        Ok(Self { port, desk })
    }

    /// What belongs into `AZURE_AUTHORITY_HOST`.
    pub fn authority_host(&self) -> String {
        format!("https://127.0.0.1:{}/", self.port)
    }

    /// What belongs into `IDENTITY_ENDPOINT`.
    pub fn identity_endpoint(&self) -> String {
        format!("https://127.0.0.1:{}/msi/token", self.port)
    }

    /// Takes requests and answers none, or answers again.
    pub fn hang(&self, hangs: bool) {
        self.desk.hangs.store(hangs, Ordering::SeqCst);
    }

    /// The first line of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.desk.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Writes the file that the kubelet would mount, and returns its path.
    pub fn write_service_account_token(folder: &Path) -> Result<PathBuf> {
        let path = folder.join("service-account-token");
        fs::write(&path, Self::SERVICE_ACCOUNT_TOKEN)?;
        Ok(path)
    }

    /// Writes a program `az` that prints what the Azure command line does for a person who is logged in, or
    /// fails as it does for one who is not. Returns its folder, for `PATH`.
    pub fn write_azure_cli(folder: &Path, logged_in: bool) -> Result<PathBuf> {
        let life = Duration::from_hours(1);
        let token = json!({
            "accessToken": token(life)?,
            "expiresOn": "2030-01-02 03:04:05.000000",
            "expires_on": seconds_from_now(life)?,
            "tenant": Self::TENANT_ID,
            "tokenType": "Bearer",
        });
        let answer = if logged_in {
            format!("cat <<'END'\n{token:#}\nEND\n")
        } else {
            "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1\n".to_owned()
        };
        let expected = "account get-access-token -o json --scope https://storage.azure.com/.default";
        let script =
            format!("#!/bin/sh\n[ \"$*\" = '{expected}' ] || {{ echo \"az: $*\" >&2; exit 2; }}\n{answer}");
        let bin = folder.join("bin");
        fs::create_dir_all(&bin)?;
        let program = bin.join("az");
        fs::write(&program, script)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        Ok(bin)
    }
}

/// A token that Azurite takes: it looks at the times, the issuer and the audience, and at no signature.
fn token(life: Duration) -> Result<String> {
    let claims = json!({
        "aud": "https://storage.azure.com",
        "iss": format!("https://sts.windows.net/{}/", IdentityProvider::TENANT_ID),
        "iat": seconds_from_now(Duration::ZERO)? - 60,
        "nbf": seconds_from_now(Duration::ZERO)? - 60,
        "exp": seconds_from_now(life)?,
        "appid": IdentityProvider::CLIENT_ID,
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    Ok(format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode("no signature")))
}

fn seconds_from_now(span: Duration) -> Result<u64> {
    let at = SystemTime::now() + span;
    Ok(at.duration_since(UNIX_EPOCH).context("a clock before 1970")?.as_secs())
}
