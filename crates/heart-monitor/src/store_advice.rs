//! What to do about an error of the store that does not say so itself.

use heartbeat_store::StoreError;

pub(crate) fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::NotFound { .. } => "start the beacon that writes it",
        StoreError::NoStore { .. } => "mount or create the store by hand, Flatline never does",
        StoreError::Conflict { .. } => "look who else changes it; two may have met",
        StoreError::Denied { .. } => "mend the credential or the permission",
        StoreError::Unreachable { .. } => "look at the network, the mount and the firewall of the account",
        StoreError::NoSpace { .. } => "free space in the store",
        StoreError::Ambiguous { .. } => "try again when the store answers",
        StoreError::Malformed { .. } => "look at what is stored there, and who else writes it",
        StoreError::Obstructed { .. } => "remove what stands in the file's place",
        StoreError::Unsupported { .. } => "use Azure Blob or another mount",
    }
}
