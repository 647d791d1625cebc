//! The three identities of Entra, signing in to a real Azurite with tokens of a stand-in for Entra. Entra and
//! Azure themselves were not tried: what is shown is that each identity fetches a token in its documented way
//! and that requests carry it.
//!
//! The publisher's client reads some variables by itself, so each sign-in happens in a process of its own: this
//! very program, asked for its one ignored test.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

mod child;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use flatline_tests::{Azurite, Certificates, IdentityProvider};
use heartbeat_store::CredentialKind;

/// A service that takes tokens, and somebody who issues them.
struct Scene {
    azurite: Azurite,
    provider: IdentityProvider,
    certificates: Certificates,
    folder: tempfile::TempDir,
    container: String,
}

impl Scene {
    fn new() -> Self {
        let certificates = Certificates::new().unwrap();
        let azurite = Azurite::start_with_tokens(&certificates).unwrap();
        let provider = IdentityProvider::start(&certificates, Duration::from_hours(1)).unwrap();
        let container = azurite.new_container().unwrap();
        Self { azurite, provider, certificates, folder: tempfile::tempdir().unwrap(), container }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A process that signs in this way and has nothing but these variables.
    fn child(&self, kind: CredentialKind, variables: &[(&str, OsString)]) -> Output {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command.args(["--exact", "child::signs_in_and_uses_the_store", "--ignored", "--nocapture"]);
        command.env_clear().env("SSL_CERT_FILE", self.certificates.bundle());
        command.env(child::STORE, self.azurite.store_url(&self.container)).env(child::KIND, kind.to_string());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.output().unwrap()
    }

    fn pod(&self) -> Vec<(&'static str, OsString)> {
        let token = IdentityProvider::write_service_account_token(self.folder()).unwrap();
        vec![
            ("AZURE_AUTHORITY_HOST", self.provider.authority_host().into()),
            ("AZURE_CLIENT_ID", IdentityProvider::CLIENT_ID.into()),
            ("AZURE_TENANT_ID", IdentityProvider::TENANT_ID.into()),
            ("AZURE_FEDERATED_TOKEN_FILE", token.into()),
        ]
    }

    fn app_service(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("IDENTITY_ENDPOINT", self.provider.identity_endpoint().into()),
            ("IDENTITY_HEADER", IdentityProvider::IDENTITY_HEADER.into()),
        ]
    }

    /// A person's machine, with the Azure command line beside what its script needs.
    fn desk(&self, logged_in: bool) -> Vec<(&'static str, OsString)> {
        let bin = IdentityProvider::write_azure_cli(self.folder(), logged_in).unwrap();
        vec![("PATH", std::env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap())]
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Everything worked, and nothing that was printed is a token.
fn assert_signed_in(output: &Output) {
    let text = text(output);
    assert!(output.status.success() && text.contains(child::DONE), "{text}");
    assert!(!text.contains("eyJ"), "a token was printed: {text}");
}

fn assert_refused(output: &Output, expected: &[&str]) {
    let text = text(output);
    let line = text.lines().find_map(|line| line.strip_prefix(child::ERROR)).expect(&text);
    for part in expected {
        assert!(line.contains(part), "'{part}' in: {line}");
    }
    assert!(!text.contains("eyJ") && !text.contains(IdentityProvider::SERVICE_ACCOUNT_TOKEN), "{text}");
}

#[test]
fn a_workload_identity_signs_in_with_the_token_of_its_service_account() {
    let scene = Scene::new();
    assert_signed_in(&scene.child(CredentialKind::WorkloadIdentity, &scene.pod()));
    assert_signed_in(&scene.child(CredentialKind::Auto, &scene.pod()));
    let requests = scene.provider.requests();
    let expected = format!("POST /{}/oauth2/v2.0/token HTTP/1.1", IdentityProvider::TENANT_ID);
    assert_eq!(requests, [expected.clone(), expected], "one token per process");
}

#[test]
fn a_managed_identity_signs_in_with_what_the_app_service_hands_out() {
    let scene = Scene::new();
    assert_signed_in(&scene.child(CredentialKind::ManagedIdentity, &scene.app_service()));
    assert_signed_in(&scene.child(CredentialKind::Auto, &scene.app_service()));
    let requests = scene.provider.requests();
    assert_eq!(requests.len(), 2, "one token per process: {requests:?}");
    assert!(requests[0].starts_with("GET /msi/token?"), "{requests:?}");
}

#[test]
fn the_azure_command_line_signs_in_whoever_is_logged_in() {
    let scene = Scene::new();
    assert_signed_in(&scene.child(CredentialKind::AzureCli, &scene.desk(true)));
    assert_signed_in(&scene.child(CredentialKind::Auto, &scene.desk(true)));
}

#[test]
fn an_identity_that_is_refused_is_told_so_with_what_to_mend() {
    let scene = Scene::new();
    let mut stranger = scene.pod();
    stranger[1].1 = "33333333-3333-3333-3333-333333333333".into();
    let output = scene.child(CredentialKind::WorkloadIdentity, &stranger);
    assert_refused(&output, &["denied", "AADSTS700016: no such application", "check AZURE_CLIENT_ID"]);

    let mut stranger = scene.app_service();
    stranger[1].1 = "a wrong secret".into();
    let output = scene.child(CredentialKind::ManagedIdentity, &stranger);
    assert_refused(&output, &["denied", "has not been assigned", "assign the identity"]);

    let output = scene.child(CredentialKind::AzureCli, &scene.desk(false));
    assert_refused(&output, &["denied", "Please run 'az login'", "run: az login"]);
}

#[test]
fn an_identity_provider_that_hangs_or_is_gone_makes_the_store_unreachable_within_the_deadline() {
    let scene = Scene::new();
    scene.provider.hang(true);
    let output = scene.child(CredentialKind::WorkloadIdentity, &scene.pod());
    assert_refused(&output, &["unreachable", "no answer within 1s"]);
    scene.provider.hang(false);

    let mut nobody = scene.pod();
    nobody[0].1 = "https://127.0.0.1:1/".into();
    let output = scene.child(CredentialKind::WorkloadIdentity, &nobody);
    assert_refused(&output, &["unreachable", "Connection refused"]);
}

#[test]
fn an_authority_that_nobody_vouches_for_gets_nothing() {
    let scene = Scene::new();
    let mut pod = scene.pod();
    pod.push(("SSL_CERT_FILE", Certificates::new().unwrap().bundle().into()));
    // The folder of the other authority is gone by now, so there is no certificate at all.
    let output = scene.child(CredentialKind::WorkloadIdentity, &pod);
    assert_refused(&output, &["cannot prepare https connections", "SSL_CERT_FILE"]);

    let other = Certificates::new().unwrap();
    let (_, bundle) = pod.last_mut().unwrap();
    *bundle = other.bundle().into();
    let output = scene.child(CredentialKind::WorkloadIdentity, &pod);
    assert_refused(&output, &["unreachable", "certificate"]);
    assert_eq!(scene.provider.requests(), Vec::<String>::new(), "the assertion never left");
}
