//! What to do after a refusal: the last part of a message, chosen by error code and credential.

use std::time::Duration;

use azure_core::time::{OffsetDateTime, to_rfc3339};
use azure_storage_blob::models::StorageErrorCode as Code;

use super::failure::Effect;
use crate::oddity::quoted;
use crate::{BlobPlace, Credential, Origin, Sas};

/// A request that was answered and not carried out.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) status: u16,
    pub(super) code: &'a Code,
    pub(super) effect: Effect,
    /// The blob, where it was about one.
    pub(super) blob: Option<&'a str>,
    /// By this machine's wall clock.
    pub(super) now: OffsetDateTime,
    /// By the store's, which is the one that counts: to tell an expired signature from a wrong one, and a wrong clock
    /// from both.
    pub(super) stores_now: Option<OffsetDateTime>,
}

/// Clocks that are less apart than this are no reason for a refusal: what it takes to answer, and what machines with
/// time synchronisation differ by.
const APART: Duration = Duration::from_secs(5);

/// How to create the container, which is never done here.
pub(super) fn create_container(place: &BlobPlace) -> String {
    format!(
        "create it with: az storage container create --account-name {} --name {}",
        place.account(),
        place.container()
    )
}

/// The line that ends a lease, as it can be typed.
pub(super) fn break_lease(place: &BlobPlace, blob: &str, credential: &Credential) -> String {
    format!("break it with: {}", on_blob("lease break", "--blob-name", blob, place, credential))
}

/// What to do about a refusal.
pub(super) fn after_refusal(refusal: &Refusal, place: &BlobPlace, credential: &Credential) -> String {
    if let Some(hint) = for_lease(refusal, place, credential) {
        return hint;
    }
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
            let clock = match (refusal.stores_now, clock_off(refusal)) {
                (Some(_), Some(off)) => format!("; {off}"),
                (Some(_), None) => String::new(),
                (None, _) => ", and check this machine's clock".to_owned(),
            };
            format!("set {origin} to one of the present keys of storage account '{}'{clock}", place.account())
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

/// The whole line that ends a lease; `None` where the refusal is about none.
fn for_lease(refusal: &Refusal, place: &BlobPlace, credential: &Credential) -> Option<String> {
    match refusal.code {
        Code::LeaseIdMissing | Code::LeaseAlreadyPresent | Code::LeaseIdMismatchWithBlobOperation => {}
        _ => return None,
    }
    let line = break_lease(place, refusal.blob?, credential);
    Some(format!("somebody holds a lease on the blob, which nothing of Flatline does; {line}"))
}

/// A line of the Azure command line about one blob, as it can be typed.
pub(super) fn on_blob(
    verb: &str,
    named_by: &str,
    blob: &str,
    place: &BlobPlace,
    credential: &Credential,
) -> String {
    let (account, container, blob) = (place.account(), place.container(), quoted(blob));
    let mut line = format!(
        "az storage blob {verb} --account-name {account} --container-name {container} {named_by} {blob}"
    );
    if place.is_path_style() {
        // Whatever is no real account: an emulator, a gateway.
        line.push_str(&format!(" --blob-endpoint {}", place.account_url()));
    }
    // With a key at hand the command line finds one too; else it signs in as the person who types.
    if !matches!(credential, Credential::SharedKey { .. }) {
        line.push_str(" --auth-mode login");
    }
    line
}

/// By how much this machine's clock is off the store's, where that matters.
fn clock_off(refusal: &Refusal) -> Option<String> {
    let apart = refusal.now - refusal.stores_now?;
    let seconds = apart.whole_seconds();
    let way = if seconds > 0 { "ahead of" } else { "behind" };
    (apart.unsigned_abs() >= APART)
        .then(|| format!("this machine's clock is {} s {way} the store's: set it", seconds.unsigned_abs()))
}

/// What to do about an error code that says by itself what is wrong, whoever asks; `None` for all others.
pub(super) fn for_code(code: &Code) -> Option<&'static str> {
    Some(match code {
        Code::LeaseIdMissing | Code::LeaseAlreadyPresent | Code::LeaseIdMismatchWithBlobOperation => {
            "somebody holds a lease on the blob: break it"
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
    // Where a clock is off, whoever made the signature on this machine made it for another time.
    let clock = clock_off(refusal).map(|off| format!(" ({off})")).unwrap_or_default();
    let (now, whose) = match refusal.stores_now {
        Some(now) => (now, "the store's clock"),
        None => (refusal.now, "this machine's clock"),
    };
    match (sas.starts(), sas.expires()) {
        (_, Some(expires)) if expires <= now => {
            format!(
                "the signature expired at {}, and by {whose} it is {}{clock}: {replace}",
                to_rfc3339(&expires),
                to_rfc3339(&now)
            )
        }
        (Some(starts), _) if starts > now => {
            format!(
                "the signature starts at {}, and by {whose} it is {}{clock}: wait, or make one that starts a quarter of an \
                 hour ago and set it in {origin}",
                to_rfc3339(&starts),
                to_rfc3339(&now)
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
