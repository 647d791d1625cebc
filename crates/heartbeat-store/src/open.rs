//! From a checked place to an open store.

use std::sync::Arc;

use crate::{
    Backend, BlobBackend, Credential, CredentialKind, Deadlines, FolderBackend, OpenError, Place, Store,
    Variables,
};

impl Store {
    /// Opens a place. Nothing is read and no request is sent, so a store that is away is no error; an error
    /// means that no waiting would help. Call it inside the runtime that will use the store.
    ///
    /// A folder takes no credential: `kind` and `variables` concern containers only.
    pub fn open(
        place: &Place,
        kind: CredentialKind,
        variables: Variables,
        deadlines: Deadlines,
    ) -> Result<Self, OpenError> {
        let backend: Arc<dyn Backend> = match place {
            Place::Folder(path) => Arc::new(FolderBackend::new(path.clone())),
            Place::Blob(place) => {
                let credential = Credential::resolve(kind, place, variables)?;
                Arc::new(BlobBackend::open(place, &credential, variables, deadlines)?)
            }
        };
        Ok(Self::new(backend, deadlines))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{CredentialError, Source, variable};

    fn open(text: &str, variables: &[(&str, &str)]) -> Result<Store, OpenError> {
        let second = Duration::from_secs(1);
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let place = Place::parse(text, Source::Environment).unwrap();
        Store::open(&place, CredentialKind::Auto, &lookup, Deadlines { read: second, write: second })
    }

    #[tokio::test]
    async fn both_kinds_of_place_open_without_being_there() {
        let folder = open("/nowhere/at/all", &[]).unwrap();
        assert_eq!(folder.location(), "/nowhere/at/all");
        let container = open("http://127.0.0.1:1/acc/con/v2", &[(variable::KEY, "a2V5")]).unwrap();
        assert_eq!(container.location(), "http://127.0.0.1:1/acc/con/v2");
        let signed = open("https://acc.blob.core.windows.net/con?sv=1&se=2030-01-01&sig=x", &[]).unwrap();
        assert_eq!(signed.location(), "https://acc.blob.core.windows.net/con");
    }

    #[tokio::test]
    async fn what_no_waiting_mends_is_an_error_at_once() {
        let error = open("http://127.0.0.1:1/acc/con", &[]).unwrap_err();
        assert_eq!(error, OpenError::Credential(CredentialError::NothingForEmulator));
        let half_there = [
            (variable::FEDERATED_TOKEN_FILE, "/nowhere/token"),
            (variable::CLIENT_ID, "client"),
            (variable::TENANT_ID, "tenant"),
        ];
        let error = open("https://acc.blob.core.windows.net/con", &half_there).unwrap_err().to_string();
        assert!(error.contains("workload identity client") && error.contains("/nowhere/token"), "{error}");
    }
}
