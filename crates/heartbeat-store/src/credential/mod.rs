//! How to sign in to a container: which way, and the secrets it takes.

mod connection_string;
mod error;
mod kind;
mod resolve;
mod sas;

use std::fmt;
use std::path::PathBuf;

use azure_core::credentials::Secret;

pub use error::CredentialError;
pub use kind::{CredentialKind, UnknownCredentialKind};
pub use sas::{InvalidSas, Sas};

/// The variables that credentials are read from: the names that the Azure tools use.
pub mod variable {
    /// Account name with a key or a signature, in one line.
    pub const CONNECTION_STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";
    /// A shared access signature: the part of a URL behind its question mark.
    pub const SAS_TOKEN: &str = "AZURE_STORAGE_SAS_TOKEN";
    /// One of the account's two keys, in base64.
    pub const KEY: &str = "AZURE_STORAGE_KEY";
    /// The application or user-assigned identity.
    pub const CLIENT_ID: &str = "AZURE_CLIENT_ID";
    /// The Entra tenant.
    pub const TENANT_ID: &str = "AZURE_TENANT_ID";
    /// The file with the service account's token; the cluster's webhook sets it.
    pub const FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
    /// Where an App Service hands out tokens of its identity.
    pub const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
    /// The folders of commands; `az` is looked for in them.
    pub const PATH: &str = "PATH";
}

/// Looks a variable up. Tests bring their own.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A checked way to sign in. Its secrets never print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A shared access signature.
    Sas {
        /// The signature.
        sas: Sas,
        /// Where it was set.
        origin: Origin,
    },
    /// One of the account's keys.
    SharedKey {
        /// The key, legal base64.
        key: Secret,
        /// Where it was set.
        origin: Origin,
    },
    /// A Kubernetes service account that Entra trusts.
    WorkloadIdentity {
        /// The application or user-assigned identity.
        client_id: String,
        /// The Entra tenant.
        tenant_id: String,
        /// The file with the service account's token.
        token_file: PathBuf,
    },
    /// The identity of the machine or App Service.
    ManagedIdentity {
        /// A user-assigned identity; `None` for the system-assigned one.
        client_id: Option<String>,
    },
    /// Whoever is logged in to the Azure command line.
    AzureCli,
    /// Nobody: the container is public.
    Anonymous,
}

/// Where a secret was set, so that messages can name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the store's URL.
    StoreUrl,
    /// In this variable.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreUrl => f.write_str("the store URL"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// Names the credential, without its secrets.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sas { origin, .. } => write!(f, "the shared access signature in {origin}"),
            Self::SharedKey { origin, .. } => write!(f, "the account key in {origin}"),
            Self::WorkloadIdentity { client_id, .. } => write!(f, "workload identity {client_id}"),
            Self::ManagedIdentity { client_id: Some(id) } => write!(f, "managed identity {id}"),
            Self::ManagedIdentity { client_id: None } => f.write_str("the system-assigned managed identity"),
            Self::AzureCli => f.write_str("the login of the Azure command line"),
            Self::Anonymous => f.write_str("no credential (anonymous)"),
        }
    }
}
