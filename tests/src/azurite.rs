//! A real Azurite, Microsoft's emulator of Blob storage: one process per test, in memory, on loopback.
//!
//! Azurite is not Azure. What only an emulator has shown is marked so where it matters.

mod sas;
mod wire;

use std::env;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{Certificates, Program, Running};
pub use sas::Validity;
use wire::Request;

/// Names the program, for machines that have it somewhere else.
const PROGRAM: &str = "FLATLINE_AZURITE";
/// How long a Node.js program may take to load and listen, on a machine that builds beside it.
const START: Duration = Duration::from_mins(1);
/// What it prints once it listens, before its URL.
const LISTENS: &str = "successfully listens on ";

/// A running emulator with one storage account. Dropping it kills it, and with it all that it held.
#[derive(Debug)]
pub struct Azurite {
    /// Behind a lock because a handle on a process may be used by one thread at a time.
    running: Mutex<Running>,
    address: Ipv4Addr,
    port: u16,
    certificates: Option<Certificates>,
    /// Its working folder, in which it leaves nothing.
    _folder: TempDir,
}

impl Azurite {
    /// The account that every emulator has.
    pub const ACCOUNT: &str = "devstoreaccount1";
    /// Its key, published with the service's documentation.
    pub const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// Starts one that speaks http.
    pub fn start() -> Result<Self> {
        Self::launch(Ipv4Addr::LOCALHOST, None)
    }

    /// Starts one that speaks http on an address of this thread's network namespace, as only a namespace of a
    /// test's own may have one that is not loopback.
    pub fn start_on(address: Ipv4Addr) -> Result<Self> {
        Self::launch(address, None)
    }

    /// One that speaks http, shared by the tests of this process that run at the same time; the last one ends
    /// it. Each test takes containers of its own, from [`Azurite::new_container`], and neither freezes nor stops
    /// it.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Azurite>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// Starts one that speaks https, with a certificate of this authority, and takes Entra tokens. It checks
    /// their times, issuer and audience, but no signature and no roles.
    pub fn start_with_tokens(certificates: &Certificates) -> Result<Self> {
        Self::launch(Ipv4Addr::LOCALHOST, Some(certificates.clone()))
    }

    /// The account's URL, such as `http://127.0.0.1:PORT/devstoreaccount1`.
    pub fn account_url(&self) -> String {
        let scheme = if self.certificates.is_some() { "https" } else { "http" };
        format!("{scheme}://{}:{}/{}", self.address, self.port, Self::ACCOUNT)
    }

    /// The URL of a container, as `--store` takes it. A prefix may follow a slash.
    pub fn store_url(&self, container: &str) -> String {
        format!("{}/{container}", self.account_url())
    }

    /// The address that it listens on.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What belongs into `AZURE_STORAGE_CONNECTION_STRING`.
    pub fn connection_string(&self) -> String {
        format!("AccountName={};AccountKey={};BlobEndpoint={};", Self::ACCOUNT, Self::KEY, self.account_url())
    }

    /// A signature for everything in a container: rights in the order of the service, such as `rcwdl`.
    pub fn container_sas(&self, container: &str, rights: &str, validity: Validity) -> Result<String> {
        sas::of_container(container, rights, validity)
    }

    /// Creates a container with a name that nobody else in this process uses, and returns the name.
    pub fn new_container(&self) -> Result<String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("store-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.create_container(&name)?;
        Ok(name)
    }

    /// Creates a container.
    pub fn create_container(&self, container: &str) -> Result<()> {
        let answer = self.send("PUT", container, "restype=container", &[], b"")?;
        ensure!(answer.status == 201, "cannot create container '{container}': {answer}");
        Ok(())
    }

    /// Whether a container exists.
    pub fn has_container(&self, container: &str) -> Result<bool> {
        let answer = self.send("HEAD", container, "restype=container", &[], b"")?;
        ensure!(matches!(answer.status, 200 | 404), "cannot look for container '{container}': {answer}");
        Ok(answer.status == 200)
    }

    /// Removes a container with everything in it.
    pub fn delete_container(&self, container: &str) -> Result<()> {
        let answer = self.send("DELETE", container, "restype=container", &[], b"")?;
        ensure!(answer.status == 202, "cannot delete container '{container}': {answer}");
        Ok(())
    }

    /// Writes a blob, named as `container/name`, with these names and values of metadata.
    pub fn put_blob(&self, path: &str, bytes: &[u8], metadata: &[(&str, &str)]) -> Result<()> {
        let mut headers = vec![("x-ms-blob-type".to_owned(), "BlockBlob")];
        headers.extend(metadata.iter().map(|(name, value)| (format!("x-ms-meta-{name}"), *value)));
        let answer = self.send("PUT", path, "", &headers, bytes)?;
        ensure!(answer.status == 201, "cannot write blob '{path}': {answer}");
        Ok(())
    }

    /// The bytes of a blob; `None` where there is none.
    pub fn blob(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let answer = self.send("GET", path, "", &[], b"")?;
        ensure!(matches!(answer.status, 200 | 404), "cannot read blob '{path}': {answer}");
        Ok((answer.status == 200).then_some(answer.body))
    }

    /// Takes a lease on a blob that never ends: nobody without its id changes the blob.
    pub fn lease_blob(&self, path: &str) -> Result<()> {
        let acquire = [("x-ms-lease-action".to_owned(), "acquire"), ("x-ms-lease-duration".to_owned(), "-1")];
        let answer = self.send("PUT", path, "comp=lease", &acquire, b"")?;
        ensure!(answer.status == 201, "cannot lease blob '{path}': {answer}");
        Ok(())
    }

    /// Ends the lease on a blob, as `az storage blob lease break` does.
    pub fn break_lease(&self, path: &str) -> Result<()> {
        let answer =
            self.send("PUT", path, "comp=lease", &[("x-ms-lease-action".to_owned(), "break")], b"")?;
        ensure!(answer.status == 202, "cannot break the lease on blob '{path}': {answer}");
        Ok(())
    }

    /// Removes a blob.
    pub fn delete_blob(&self, path: &str) -> Result<()> {
        let answer = self.send("DELETE", path, "", &[], b"")?;
        ensure!(answer.status == 202, "cannot delete blob '{path}': {answer}");
        Ok(())
    }

    /// Stops it in its tracks, as a network that is cut off does: connections stay, answers do not come.
    pub fn freeze(&self) -> Result<()> {
        self.running().freeze()
    }

    /// Lets it go on where it stood.
    pub fn thaw(&self) -> Result<()> {
        self.running().thaw()
    }

    /// Ends it for good: connections are refused from here on.
    pub fn stop(&self) -> Result<()> {
        let mut running = self.running();
        running.kill()?;
        running.exit_within(START).map(drop)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn launch(address: Ipv4Addr, certificates: Option<Certificates>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("flatline-azurite-").tempdir()?;
        let mut command = Command::new(program()?);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["PATH", "HOME"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        // Port 0 lets it choose a free one, which it then prints.
        command.arg("--blobHost").arg(address.to_string());
        command.args(["--blobPort", "0", "--inMemoryPersistence"]);
        // The client speaks a newer version of the service than the emulator knows.
        command.args(["--skipApiVersionCheck", "--silent", "--disableTelemetry"]).current_dir(folder.path());
        // The account is in the path, also where a host has a name.
        command.arg("--disableProductStyleUrl");
        if let Some(certificates) = &certificates {
            command.arg("--cert").arg(certificates.certificate_file());
            command.arg("--key").arg(certificates.key_file()).args(["--oauth", "basic"]);
        }
        let program = Program { label: "azurite".to_owned(), command, echo: None };
        let mut running = program.start()?;
        let line = running.line_with(LISTENS, START)?.text;
        let port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok());
        let port = port.with_context(|| format!("no port in '{line}'"))?;
        Ok(Self { running: Mutex::new(running), address, port, certificates, _folder: folder })
    }

    /// Asks the emulator directly, with a signature for the whole account.
    fn send(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &[(String, &str)],
        body: &[u8],
    ) -> Result<wire::Answer> {
        let joint = if query.is_empty() { "" } else { "&" };
        let target = format!("/{}/{path}?{query}{joint}{}", Self::ACCOUNT, sas::of_account()?);
        let request = Request { method, target: &target, headers, body };
        wire::send((self.address, self.port).into(), self.certificates.as_ref(), &request)
            .with_context(|| format!("cannot ask Azurite to {method} {path}"))
    }
}

/// The emulator's program: in cargo's target folder, wherever the environment or the repository has that.
fn program() -> Result<PathBuf> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let targets = env::var_os("CARGO_TARGET_DIR").into_iter().chain(["target".into()]);
    let installed = targets.map(|target| workspace.join(target).join("tools/node_modules/.bin/azurite-blob"));
    let candidates: Vec<PathBuf> = match env::var_os(PROGRAM) {
        Some(program) => vec![program.into()],
        None => installed.collect(),
    };
    let found = candidates.iter().find(|program| program.is_file()).cloned();
    found.with_context(|| {
        let looked: Vec<_> = candidates.iter().map(|program| program.display().to_string()).collect();
        format!(
            "Azurite is not installed (looked for {}): run `cargo xtask test`, which installs it, or set {PROGRAM}",
            looked.join(", ")
        )
    })
}
