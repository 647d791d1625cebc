//! Tokens from Entra, in the three ways that need no secret of ours.

use std::ffi::OsStr;
use std::io;
use std::process::{Output, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::Transport;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, Executor,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use super::OpenError;
use super::fresh_token::{FETCH_DEADLINE, TokenError, TokenSource};
use super::lifetime::BelievableLifetime;
use super::transport::{self, Proxies};
use crate::redact::clean;
use crate::{Credential, Variables};

/// The right that is asked for: whatever the identity may do with storage.
const SCOPE: &str = "https://storage.azure.com/.default";

/// Fetches tokens with the publisher's credentials, made anew for each fetch: they keep the last token until
/// five minutes before its end, and hold a lock while they fetch, which a hung endpoint would never give back.
/// Made anew, a workload identity also reads its token file, which the kubelet replaces, at each fetch.
#[derive(Debug)]
pub(super) struct EntraSource {
    credential: Credential,
    transport: Transport,
}

impl EntraSource {
    /// A source for this credential; an error where it can never give a token, such as a token file that is
    /// not there. `None` for credentials that are no matter of Entra.
    pub(super) fn new(credential: &Credential, variables: Variables) -> Result<Option<Self>, OpenError> {
        let proxies = match credential {
            Credential::WorkloadIdentity { .. } | Credential::AzureCli => Proxies::named(variables)?,
            // It lives on the machine or beside it, where no proxy reaches.
            Credential::ManagedIdentity { .. } => Proxies::default(),
            Credential::Sas { .. } | Credential::SharedKey { .. } | Credential::Anonymous => return Ok(None),
        };
        let transport = Transport::new(transport::within(FETCH_DEADLINE, proxies, true)?);
        let source = Self::on(credential, transport);
        source.publishers_credential().map_err(|error| OpenError::Token {
            credential: credential.to_string(),
            detail: clean(&error.to_string()),
        })?;
        Ok(Some(source))
    }

    /// A source that asks over this transport.
    pub(super) fn on(credential: &Credential, transport: Transport) -> Self {
        Self { credential: credential.clone(), transport }
    }

    fn publishers_credential(&self) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let client_options = || transport::options(self.transport.clone());
        Ok(match &self.credential {
            Credential::WorkloadIdentity { client_id, tenant_id, token_file } => {
                let mut client_options = client_options();
                client_options.per_try_policies.push(Arc::new(BelievableLifetime));
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options },
                    client_id: Some(client_id.clone()),
                    tenant_id: Some(tenant_id.clone()),
                    token_file_path: Some(token_file.clone()),
                }))?
            }
            Credential::ManagedIdentity { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    // For virtual machines the client insists on retries of its own, up to 72 s of them; the
                    // deadline of the fetch ends them.
                    client_options: client_options(),
                }))?
            }
            Credential::AzureCli => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                executor: Some(Arc::new(WholeGroup)),
                ..Default::default()
            }))?,
            Credential::Sas { .. } | Credential::SharedKey { .. } | Credential::Anonymous => {
                return Err(azure_core::Error::with_message(ErrorKind::Other, "no matter of Entra"));
            }
        })
    }

    /// A refusal is an answer of the provider; the command line, which has no status codes, refuses by saying
    /// anything at all.
    fn failure(&self, error: &azure_core::Error) -> TokenError {
        let text = error.to_string();
        if let Some(sentence) = sentence_of_entra(&text) {
            return TokenError::Refused(clean(sentence));
        }
        // The publisher adds a line with a link to its troubleshooting guide.
        let text = clean(text.split("\nTo troubleshoot").next().unwrap_or(&text));
        let mut layer: Option<&azure_core::Error> = Some(error);
        while let Some(error) = layer {
            match error.kind() {
                ErrorKind::HttpResponse { status, .. } if (400..500).contains(&u16::from(*status)) => {
                    return TokenError::Refused(text);
                }
                ErrorKind::Connection | ErrorKind::Io => {
                    return TokenError::Unavailable(format!("no token: {}", transport::root_cause(error)));
                }
                _ => layer = error.downcast_ref(),
            }
        }
        if self.credential == Credential::AzureCli {
            TokenError::Refused(text)
        } else {
            TokenError::Unavailable(text)
        }
    }
}

/// What Entra says in a refusal: the sentence that begins with its error code, without the numbers for its
/// support. It is looked for in the text because `azure_identity` 1.0 cannot read an answer whose sentence has
/// an escaped line break, as Entra's have, and reports the answer as unreadable, with the sentence inside.
fn sentence_of_entra(text: &str) -> Option<&str> {
    let sentence = &text[text.find("AADSTS")?..];
    let ends = ["\r", "\n", "\\r", "\\n", "\"", " Trace ID"];
    let end = ends.iter().filter_map(|end| sentence.find(end)).min().unwrap_or(sentence.len());
    Some(sentence[..end].trim_end())
}

#[async_trait]
impl TokenSource for EntraSource {
    async fn fetch(&self) -> Result<AccessToken, TokenError> {
        let fetched = async { self.publishers_credential()?.get_token(&[SCOPE], None).await };
        fetched.await.map_err(|error| self.failure(&error))
    }
}

/// Runs a command line whose whole process group ends when the future is dropped: the shell's child is the
/// program that hangs, and a new one would join it at every fetch.
#[derive(Debug)]
struct WholeGroup;

#[async_trait]
impl Executor for WholeGroup {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let guard = GroupGuard(group);
        let output = child.wait_with_output().await;
        guard.disarm();
        output
    }
}

struct GroupGuard(Option<Pid>);

impl GroupGuard {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for GroupGuard {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The leader was not waited for, so its number still names this group.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_sentence_of_entra_is_found_in_every_wrapping() {
        let unreadable =
            r#"failed. invalid type: string "AADSTS700016: no such app.\r\nTrace ID: 1", expected a"#;
        let table = [
            (unreadable, Some("AADSTS700016: no such app.")),
            (
                "failed. AADSTS700016: no such app.\r\nTrace ID: 1\nTo troubleshoot, visit",
                Some("AADSTS700016: no such app."),
            ),
            (
                "failed. AADSTS700016: no such app. Trace ID: 1 Correlation ID: 2",
                Some("AADSTS700016: no such app."),
            ),
            ("failed. AADSTS1: x", Some("AADSTS1: x")),
            ("failed to execute `reqwest` request", None),
        ];
        for (text, expected) in table {
            assert_eq!(sentence_of_entra(text), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_command_line_that_hangs_ends_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {0}.new && mv {0}.new {0}; wait", note.display());
        let args = [OsStr::new("-c"), OsStr::new(&script)];
        let hung = tokio::time::timeout(Duration::from_secs(5), async {
            let run = WholeGroup.run(OsStr::new("/bin/sh"), &args);
            tokio::pin!(run);
            // Until the script has told its child's number.
            while !note.exists() {
                tokio::select! {
                    _ = &mut run => panic!("it was to hang"),
                    () = tokio::time::sleep(Duration::from_millis(10)) => {}
                }
            }
        });
        hung.await.unwrap();
        let child = std::fs::read_to_string(&note).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        let gone = || {
            std::fs::read_to_string(&stat).is_ok_and(|s| s.contains(") Z "))
                || !std::path::Path::new(&stat).exists()
        };
        for _ in 0..200 {
            if gone() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the child of the shell still runs: {stat}");
    }
}
