//! A certificate authority for one test.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tempfile::TempDir;

/// An authority that was made a moment ago, and one certificate of it, for 127.0.0.1. Clones share the files,
/// which go with the last of them.
#[derive(Debug, Clone)]
pub struct Certificates {
    folder: Arc<TempDir>,
    authority: CertificateDer<'static>,
    certificate: CertificateDer<'static>,
    key: Arc<KeyPair>,
}

impl Certificates {
    /// Makes an authority and its certificate.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("flatline-certificates-").tempdir()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Flatline's tests");
        let authority_key = KeyPair::generate()?;
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);

        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        let certificate = params.signed_by(&key, &issuer)?;

        fs::write(folder.path().join("authority.pem"), authority.pem())?;
        fs::write(folder.path().join("certificate.pem"), certificate.pem())?;
        fs::write(folder.path().join("key.pem"), key.serialize_pem())?;
        let (authority, certificate) = (authority.der().clone(), certificate.der().clone());
        Ok(Self { folder: Arc::new(folder), authority, certificate, key: Arc::new(key) })
    }

    /// The folder that they are in, for what belongs to the same test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority, for `SSL_CERT_FILE`.
    pub fn bundle(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The certificate of a server on 127.0.0.1.
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Its key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// What a client needs that trusts this authority alone.
    pub fn client_config(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }

    /// What a server on 127.0.0.1 needs.
    pub fn server_config(&self) -> Result<ServerConfig> {
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        Ok(builder.with_no_client_auth().with_single_cert(vec![self.certificate.clone()], key)?)
    }
}
