//! The folder that the images are built from: the binaries, and the few files below `/etc` that they read.

use std::fs;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::binaries::BINARIES;
use super::place::{Place, copy_with_mode, set_mode};

/// Where rustls looks first for the certificates of authorities, below `/etc` (Debian's place for them).
const BUNDLE: &str = "ssl/certs/ca-certificates.crt";

/// Files of the repository that go to `/etc`.
const ETC: [&str; 2] = ["group", "passwd"];

/// Writes the folder. Modes are set here, so that they do not depend on the mask of whoever builds.
pub(super) fn write(place: &Place) -> Result<()> {
    let context = place.context();
    for folder in ["", "etc", "etc/ssl", "etc/ssl/certs"].map(|name| context.join(name)) {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        set_mode(&folder, 0o755)?;
    }
    for name in BINARIES {
        copy_with_mode(&place.out().join(name), &context.join(name), 0o755)?;
    }
    for name in ETC {
        copy_with_mode(&place.sources.join("images/etc").join(name), &context.join("etc").join(name), 0o644)?;
    }
    let bundle = context.join("etc").join(BUNDLE);
    fs::write(&bundle, authorities()).with_context(|| format!("cannot write {}", bundle.display()))?;
    set_mode(&bundle, 0o644)
}

/// The authorities that Mozilla trusts for servers, as PEM, from the crate that the lock file pins: the same bytes
/// everywhere, unlike the bundle of the machine that builds.
fn authorities() -> String {
    TLS_SERVER_ROOT_CERTS.iter().map(|certificate| pem(certificate)).collect()
}

/// A certificate in the form of RFC 7468: base64 in lines of 64.
fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let (mut rest, mut lines) = (text.as_str(), String::new());
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(64));
        lines += line;
        lines += "\n";
        rest = next;
    }
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_wrapped_at_64_letters_and_the_bundle_holds_one_block_for_each() {
        let expected =
            format!("-----BEGIN CERTIFICATE-----\n{}\nAAAA\n-----END CERTIFICATE-----\n", "A".repeat(64));
        assert_eq!(pem(&[0; 51]), expected);
        let blocks = authorities().matches("-----BEGIN CERTIFICATE-----\n").count();
        assert_eq!(blocks, TLS_SERVER_ROOT_CERTS.len());
    }

    #[test]
    fn the_authorities_of_azure_are_among_them() {
        // Those that Azure's services are announced to use: "Azure certificate authority details", root authorities.
        for name in [
            "DigiCert Global Root G2",
            "DigiCert Global Root G3",
            "DigiCert TLS ECC P384 Root G5",
            "DigiCert TLS RSA4096 Root G5",
            "Microsoft ECC Root Certificate Authority 2017",
            "Microsoft RSA Root Certificate Authority 2017",
        ] {
            let holds_name =
                |certificate: &[u8]| certificate.windows(name.len()).any(|part| part == name.as_bytes());
            assert!(
                TLS_SERVER_ROOT_CERTS.iter().any(|certificate| holds_name(certificate)),
                "{name} is missing"
            );
        }
    }
}
