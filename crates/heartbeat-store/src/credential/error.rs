//! Why there is no way to sign in. No variant keeps a secret.

use super::{CredentialKind, InvalidSas};

/// Why the environment does not give the credential that was asked for. Every message says which variable to
/// set or mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The variable that this way needs is not set.
    #[error("credential '{kind}' needs {variable}, which is not set; set it or choose another --credential")]
    Missing {
        /// The way that was asked for.
        kind: CredentialKind,
        /// The variable; an empty one counts as not set.
        variable: &'static str,
    },
    /// A key that cannot be one.
    #[error("the account key in {variable} is not base64; copy one of the storage account's two keys")]
    BadKey {
        /// Where it was set.
        variable: &'static str,
    },
    /// A signature that cannot be one.
    #[error(
        "the shared access signature in {variable} cannot be used: {reason}; copy everything behind the '?' of the signed URL"
    )]
    BadSas {
        /// Where it was set.
        variable: &'static str,
        /// What is wrong with it.
        reason: InvalidSas,
    },
    /// A connection string that does not make sense.
    #[error("AZURE_STORAGE_CONNECTION_STRING cannot be used: {reason}; copy it from the storage account")]
    BadConnectionString {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A connection string for somebody else.
    #[error(
        "AZURE_STORAGE_CONNECTION_STRING is for the storage account '{found}' but the store is in '{expected}'; \
         set the one of '{expected}'"
    )]
    OtherAccount {
        /// The account in the connection string.
        found: String,
        /// The account in the store's URL.
        expected: String,
    },
    /// A workload identity of which only a part is set.
    #[error(
        "AZURE_FEDERATED_TOKEN_FILE is set but {missing} is not; label the pod with \
         azure.workload.identity/use and annotate its service account, or choose another --credential"
    )]
    HalfWorkloadIdentity {
        /// What else it needs.
        missing: &'static str,
    },
    /// The Azure command line was asked for and is not there.
    #[error(
        "credential 'azure-cli' needs the command 'az' on PATH; install the Azure CLI or choose another --credential"
    )]
    NoAzureCli,
    /// A token over plain http, where everybody could read it.
    #[error(
        "credential '{0}' needs https, and the store URL has http; use an account key or a shared access signature"
    )]
    TokenOverHttp(CredentialKind),
    /// An emulator without a secret of its own.
    #[error(
        "nothing to sign in to the emulator with; set AZURE_STORAGE_CONNECTION_STRING \
         (UseDevelopmentStorage=true for Azurite), AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY"
    )]
    NothingForEmulator,
}
