//! What to do after a refusal: the last part of a message, chosen by error code and credential.

use azure_core::time::{OffsetDateTime, to_rfc3339};
use azure_storage_blob::models::StorageErrorCode as Code;

use super::failure::Effect;
use crate::{BlobPlace, Credential, Origin, Sas};

/// A request that was answered and not carried out.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) status: u16,
    pub(super) code: &'a Code,
    pub(super) effect: Effect,
    /// By the wall clock, to tell an expired signature from a wrong one.
    pub(super) now: OffsetDateTime,
}

/// How to create the container, which is never done here.
pub(super) fn create_container(place: &BlobPlace) -> String {
    format!(
        "create it with: az storage container create --account-name {} --name {}",
        place.account(),
        place.container()
    )
}

/// The line that ends a lease, as it can be typed.
pub(super) fn break_lease(place: &BlobPlace, blob: &str) -> String {
    format!(
        "break it with: az storage blob lease break --account-name {} --container-name {} --blob-name {blob} --auth-mode login",
        place.account(),
        place.container()
    )
}

/// What to do about a refusal.
pub(super) fn after_refusal(refusal: &Refusal, place: &BlobPlace, credential: &Credential) -> String {
    if let Some(hint) = for_code(refusal.code) {
        return hint.to_owned();
    }
    // Anonymous requests are refused with all sorts of codes.
    if *credential != Credential::Anonymous && !matches!(refusal.status, 401 | 403) {
        return "check the store URL, and that it is a storage account's blob endpoint".to_owned();
    }
    let hint = for_credential(refusal, place, credential);
    if *refusal.code == Code::AuthorizationFailure {
        // What the firewall answers; the emulator answers it to whomever it does not know.
        return format!("{hint}, or allow this network in the storage account's firewall");
    }
    hint
}

fn for_credential(refusal: &Refusal, place: &BlobPlace, credential: &Credential) -> String {
    let role = match refusal.effect {
        Effect::None => "Storage Blob Data Reader",
        Effect::Write | Effect::Swap => "Storage Blob Data Contributor",
    };
    match credential {
        Credential::Sas { sas, origin } => after_refused_sas(sas, *origin, refusal),
        Credential::SharedKey { origin, .. } => {
            // The service refuses what was signed more than a quarter of an hour away from its own clock.
            format!(
                "set {origin} to one of the present keys of storage account '{}', and check this machine's clock",
                place.account()
            )
        }
        Credential::WorkloadIdentity { .. } | Credential::ManagedIdentity { .. } | Credential::AzureCli => {
            format!(
                "assign the role '{role}' on container '{}' to {credential}; a new role takes some minutes",
                place.container()
            )
        }
        Credential::Anonymous => {
            "the container is not public: choose a --credential and set its variables".to_owned()
        }
    }
}

/// What to do about a token that the identity provider refused.
pub(super) fn without_token(credential: &Credential) -> String {
    match credential {
        Credential::WorkloadIdentity { .. } => {
            "check AZURE_CLIENT_ID, AZURE_TENANT_ID and the federated credential that trusts this service account"
        }
        Credential::ManagedIdentity { .. } => {
            "assign the identity to this machine, or set AZURE_CLIENT_ID to the one that is"
        }
        Credential::AzureCli => "run: az login",
        Credential::Sas { .. } | Credential::SharedKey { .. } | Credential::Anonymous => "check the credential",
    }
    .to_owned()
}

/// What to do about an error code that says by itself what is wrong, whoever asks; `None` for all others.
pub(super) fn for_code(code: &Code) -> Option<&'static str> {
    Some(match code {
        Code::LeaseIdMissing | Code::LeaseAlreadyPresent | Code::LeaseIdMismatchWithBlobOperation => {
            "somebody holds a lease on the blob: az storage blob lease break"
        }
        Code::BlobImmutableDueToPolicy => {
            "remove the container's immutability policy or legal hold: every beat replaces its blob"
        }
        Code::InvalidBlobType => "delete what has the blob's name: it is no block blob",
        Code::BlobArchived | Code::BlobBeingRehydrated => "set the blob's access tier to Hot",
        Code::AuthorizationSourceIPMismatch => "make a signature without 'sip', or with this address in it",
        Code::AuthorizationProtocolMismatch => {
            "the signature is for https only: write https in the store URL"
        }
        Code::AccountIsDisabled | Code::ContainerDisabled => "enable the storage account",
        Code::UnknownValue(code) => match code.as_str() {
            "KeyBasedAuthenticationNotPermitted" => {
                "the account forbids keys and what they signed: use workload-identity or managed-identity"
            }
            "PublicAccessNotPermitted" => "the account forbids anonymous access: choose a --credential",
            _ => return None,
        },
        _ => return None,
    })
}

fn after_refused_sas(sas: &Sas, origin: Origin, refusal: &Refusal) -> String {
    let replace = format!("make a new one and set it in {origin}");
    match (sas.starts(), sas.expires()) {
        (_, Some(expires)) if expires <= refusal.now => {
            format!("the signature expired at {}: {replace}", to_rfc3339(&expires))
        }
        (Some(starts), _) if starts > refusal.now => {
            format!(
                "the signature starts at {}: check this machine's clock, or {replace}",
                to_rfc3339(&starts)
            )
        }
        _ if *refusal.code == Code::AuthorizationPermissionMismatch => {
            let rights = match refusal.effect {
                Effect::None => "read (r) and list (l)",
                Effect::Write | Effect::Swap => "read (r), create (c), write (w), delete (d) and list (l)",
            };
            format!(
                "the signature does not grant this: make one that grants {rights}, and set it in {origin}"
            )
        }
        _ => format!("the signature is cut off, or was made with a key that was replaced since: {replace}"),
    }
}

#[cfg(test)]
mod tests;
