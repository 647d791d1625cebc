//! The names of the ways to sign in.

use std::fmt;
use std::str::FromStr;

/// Which way to sign in: the value of `--credential`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialKind {
    /// Whatever the environment holds, in the order of the variants below; see
    /// [`super::Credential::resolve`].
    #[default]
    Auto,
    /// `AZURE_STORAGE_CONNECTION_STRING`.
    ConnectionString,
    /// A shared access signature in the store's URL or in `AZURE_STORAGE_SAS_TOKEN`.
    Sas,
    /// The account's key in `AZURE_STORAGE_KEY`.
    Key,
    /// Entra workload identity, as AKS sets it up.
    WorkloadIdentity,
    /// The managed identity of the machine or App Service.
    ManagedIdentity,
    /// The login of the Azure command line.
    AzureCli,
    /// None: the container is public.
    Anonymous,
}

/// A text that names no way to sign in. It is not repeated, since a secret in the wrong place could be it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the credential is not one of auto, connection-string, sas, key, workload-identity, managed-identity, \
     azure-cli, anonymous"
)]
pub struct UnknownCredentialKind;

impl CredentialKind {
    /// Every way, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::ConnectionString,
        Self::Sas,
        Self::Key,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::Anonymous,
    ];

    /// The name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::ConnectionString => "connection-string",
            Self::Sas => "sas",
            Self::Key => "key",
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::AzureCli => "azure-cli",
            Self::Anonymous => "anonymous",
        }
    }
}

impl FromStr for CredentialKind {
    type Err = UnknownCredentialKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownCredentialKind)
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_that_reads_back_and_stands_in_the_message() {
        for kind in CredentialKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert!(UnknownCredentialKind.to_string().contains(kind.name()));
        }
        for text in ["", "Auto", "keys", "AccountKey=PLANTED"] {
            assert_eq!(text.parse::<CredentialKind>(), Err(UnknownCredentialKind), "{text}");
        }
    }
}
