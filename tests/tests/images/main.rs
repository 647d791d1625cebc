//! The images as they are shipped, run as a kubelet runs them: their own files and nothing else, read-only, by their
//! user, without capabilities. Where `cargo xtask dist` has built no images, or bubblewrap is missing, a line says so.

mod container;
mod names;

use std::time::Duration;

use anyhow::{Result, ensure};
use flatline_tests::{Azurite, Certificates, IdentityProvider, Ticks};

use container::Container;

/// Where the images keep the certificates of authorities.
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where the pod of these tests has the token of its service account.
const TOKEN: &str = "/etc/service-account-token";

#[test]
fn every_program_of_every_image_runs_with_nothing_but_the_image() -> Result<()> {
    for (image, programs) in [
        ("heartbeat-writer", &["heartbeat-writer"][..]),
        ("heart-monitor", &["heart-monitor"][..]),
        ("flatline", &["heartbeat-writer", "heart-monitor"][..]),
    ] {
        let Some(container) = Container::of(image)? else { return Ok(()) };
        for program in programs {
            let exit = container.run(&[program, "--version"])?;
            exit.succeeds()?;
            let expected = format!("{program} {}", env!("CARGO_PKG_VERSION"));
            ensure!(exit.all_text().contains(&expected), "{image} does not say {expected}: {exit}");
        }
    }
    Ok(())
}

#[test]
fn the_entry_point_is_the_program_that_the_image_is_named_after_and_the_image_with_both_has_none()
-> Result<()> {
    for (image, expected) in [
        ("heartbeat-writer", Some("heartbeat-writer")),
        ("heart-monitor", Some("heart-monitor")),
        ("flatline", None),
    ] {
        let Some(container) = Container::of(image)? else { return Ok(()) };
        ensure!(
            container.entry_point() == expected.into_iter().collect::<Vec<_>>(),
            "{image} starts {:?}",
            container.entry_point()
        );
    }
    Ok(())
}

#[test]
fn https_goes_by_the_bundle_at_its_place_in_the_image_and_by_nothing_else() -> Result<()> {
    let certificates = Certificates::new()?;
    let azurite = Azurite::start_with_tokens(&certificates)?;
    let container = azurite.new_container()?;
    azurite.put_blob(&format!("{container}/b/heartbeat.txt"), Ticks::now()?.0.to_string().as_bytes(), &[])?;
    let provider = IdentityProvider::start(&certificates, Duration::from_hours(1))?;
    let token = IdentityProvider::write_service_account_token(certificates.folder())?;

    let Some(monitor) = Container::of("heart-monitor")? else { return Ok(()) };
    let monitor = monitor
        .mount(&token, TOKEN)?
        .env("AZURE_AUTHORITY_HOST", &provider.authority_host())
        .env("AZURE_CLIENT_ID", IdentityProvider::CLIENT_ID)
        .env("AZURE_TENANT_ID", IdentityProvider::TENANT_ID)
        .env("AZURE_FEDERATED_TOKEN_FILE", TOKEN)
        .env("HEARTBEAT_STORE", &azurite.store_url(&container))
        .env("HEARTBEAT_CREDENTIAL", "workload-identity");
    // Generous, since a busy machine is no failure.
    let check =
        ["heart-monitor", "check", "--that-cluster", "b", "--flatline-after", "1h", "--read-deadline", "20s"];

    let exit = monitor.run(&check)?;
    ensure!(exit.code == 2 && exit.all_text().contains("certificate"), "an unknown authority: {exit}");
    ensure!(provider.requests().is_empty(), "the assertion left: {:?}", provider.requests());

    let exit = monitor.mount(&certificates.bundle(), BUNDLE)?.run(&check)?;
    exit.succeeds()?;
    ensure!(provider.requests().len() == 1, "one token: {:?}", provider.requests());
    Ok(())
}
