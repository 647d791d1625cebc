//! Whether a record could be changed, without changing it.

use azure_storage_blob::models::{
    BlobClientGetPropertiesResultHeaders, BlobClientUploadOptions, LeaseDuration, LeaseStatus,
};

use super::failure::Attempt;
use super::{BlobBackend, hint, json};
use crate::{RecordName, StoreError, Touched};

/// The tag of no state of any blob.
const IMPOSSIBLE: &str = "\"0x0\"";

impl BlobBackend {
    /// Looks for what would refuse a change whatever its condition, then asks for a change whose condition cannot hold.
    /// Only a refusal for that reason shows that all the rest would be granted. In which order a service looks at lease
    /// and condition is nowhere promised (the emulator looks at the condition first), so the lease is looked at, too.
    pub(super) async fn touch(&self, name: &RecordName) -> Result<Touched, StoreError> {
        let blob_name = self.record_name(name);
        self.look_for_locks(name, &blob_name).await?;
        let attempt = Attempt::writing("change", name.to_string()).on(&blob_name);
        let condition = BlobClientUploadOptions { if_match: Some(IMPOSSIBLE.into()), ..json() };
        match self.put(&blob_name, b"", condition).await.map_err(|error| self.failed(&attempt, &error)) {
            Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(Touched::default()),
            Err(error) => Err(error),
            // Rehearsals try this with a record of their own first.
            Ok(_) => Err(StoreError::Unsupported {
                attempt: attempt.described(&self.place.to_string()),
                detail: "it was changed although the condition could not hold".to_owned(),
                hint: "use a storage account's own blob endpoint".to_owned(),
            }),
        }
    }

    async fn look_for_locks(&self, name: &RecordName, blob_name: &str) -> Result<(), StoreError> {
        let attempt = Attempt::reading("look at", name.to_string());
        let found = self.container.blob_client(blob_name).get_properties(None).await;
        let found = match found.map_err(|error| self.failed(&attempt, &error)) {
            Err(StoreError::NotFound { .. }) => return Ok(()),
            found => found?,
        };
        let denied = |detail: &str, hint: String| {
            let attempt = Attempt::writing("change", name.to_string()).described(&self.place.to_string());
            Err(StoreError::Denied { attempt, detail: detail.to_owned(), hint })
        };
        // What cannot be understood here is for the request that follows to find.
        if let Ok(Some(LeaseStatus::Locked)) = found.lease_status() {
            let infinite = matches!(found.duration(), Ok(Some(LeaseDuration::Infinite)));
            let detail = if infinite {
                "somebody holds an infinite lease on it"
            } else {
                "somebody holds a lease on it"
            };
            return denied(detail, hint::break_lease(&self.place, blob_name, &self.credential));
        }
        let held = matches!(found.legal_hold(), Ok(Some(true)));
        if held || matches!(found.immutability_policy_mode(), Ok(Some(_))) {
            let hint =
                "remove the container's immutability policy or legal hold: the record is replaced".to_owned();
            return denied("it is immutable", hint);
        }
        Ok(())
    }
}
