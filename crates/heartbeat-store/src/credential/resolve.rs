//! Finds the credential in the environment.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use azure_core::base64;
use azure_core::credentials::Secret;

use super::connection_string::{ConnectionString, Grant};
use super::{Credential, CredentialError, CredentialKind, Origin, Sas, Variables, variable};
use crate::BlobPlace;

impl Credential {
    /// The credential of this kind for this place. [`CredentialKind::Auto`] takes the first of: a signature in
    /// the store's URL, a connection string, a signature, a key, a workload identity (its token file's variable
    /// is set), a managed identity (`IDENTITY_ENDPOINT` or `AZURE_CLIENT_ID` is set), the Azure command line
    /// (`az` is on `PATH`), a managed identity after all. A variable that is empty counts as not set.
    pub fn resolve(
        kind: CredentialKind,
        place: &BlobPlace,
        variables: Variables,
    ) -> Result<Self, CredentialError> {
        let found = Finder { place, variables };
        let missing = |variable| CredentialError::Missing { kind, variable };
        match kind {
            CredentialKind::Auto => found.first(),
            CredentialKind::ConnectionString => {
                found.connection_string()?.ok_or(missing(variable::CONNECTION_STRING))
            }
            CredentialKind::Sas => found
                .sas_of_url()
                .map_or_else(|| found.sas(), |sas| Ok(Some(sas)))?
                .ok_or(missing(variable::SAS_TOKEN)),
            CredentialKind::Key => found.key()?.ok_or(missing(variable::KEY)),
            CredentialKind::Anonymous => Ok(Self::Anonymous),
            CredentialKind::WorkloadIdentity | CredentialKind::ManagedIdentity | CredentialKind::AzureCli
                if place.is_plain_http() =>
            {
                Err(CredentialError::TokenOverHttp(kind))
            }
            CredentialKind::WorkloadIdentity => {
                found.workload_identity()?.ok_or(missing(variable::FEDERATED_TOKEN_FILE))
            }
            CredentialKind::ManagedIdentity => Ok(found.managed_identity()),
            CredentialKind::AzureCli if found.azure_cli() => Ok(Self::AzureCli),
            CredentialKind::AzureCli => Err(CredentialError::NoAzureCli),
        }
    }
}

/// A key that can sign: legal base64, of at least one byte.
pub(super) fn checked_key(text: &str, variable: &'static str) -> Result<Secret, CredentialError> {
    match base64::decode(text) {
        Ok(key) if !key.is_empty() => Ok(Secret::new(text.to_owned())),
        _ => Err(CredentialError::BadKey { variable }),
    }
}

/// Looks each kind of credential up.
struct Finder<'a> {
    place: &'a BlobPlace,
    variables: Variables<'a>,
}

impl Finder<'_> {
    fn first(&self) -> Result<Credential, CredentialError> {
        if let Some(credential) = self.sas_of_url() {
            return Ok(credential);
        }
        // Not all at once: what is not needed may be wrong.
        for look in [Self::connection_string, Self::sas, Self::key] {
            if let Some(credential) = look(self)? {
                return Ok(credential);
            }
        }
        if self.place.is_plain_http() {
            return Err(CredentialError::NothingForEmulator);
        }
        if let Some(credential) = self.workload_identity()? {
            return Ok(credential);
        }
        let has_identity = self.variable(variable::IDENTITY_ENDPOINT).is_some()
            || self.variable(variable::CLIENT_ID).is_some();
        Ok(if !has_identity && self.azure_cli() { Credential::AzureCli } else { self.managed_identity() })
    }

    fn sas_of_url(&self) -> Option<Credential> {
        self.place.sas().map(|sas| Credential::Sas { sas: sas.clone(), origin: Origin::StoreUrl })
    }

    fn connection_string(&self) -> Result<Option<Credential>, CredentialError> {
        let Some(text) = self.variable(variable::CONNECTION_STRING) else { return Ok(None) };
        let ConnectionString { account, grant } = ConnectionString::parse(&text)?;
        if let Some(found) = account.filter(|found| found != self.place.account()) {
            return Err(CredentialError::OtherAccount { found, expected: self.place.account().to_owned() });
        }
        let origin = Origin::Variable(variable::CONNECTION_STRING);
        Ok(Some(match grant {
            Grant::Key(key) => Credential::SharedKey { key, origin },
            Grant::Sas(sas) => Credential::Sas { sas, origin },
        }))
    }

    fn sas(&self) -> Result<Option<Credential>, CredentialError> {
        let Some(text) = self.variable(variable::SAS_TOKEN) else { return Ok(None) };
        let sas = Sas::parse(&text)
            .map_err(|reason| CredentialError::BadSas { variable: variable::SAS_TOKEN, reason })?;
        Ok(Some(Credential::Sas { sas, origin: Origin::Variable(variable::SAS_TOKEN) }))
    }

    fn key(&self) -> Result<Option<Credential>, CredentialError> {
        let Some(text) = self.variable(variable::KEY) else { return Ok(None) };
        let key = checked_key(&text, variable::KEY)?;
        Ok(Some(Credential::SharedKey { key, origin: Origin::Variable(variable::KEY) }))
    }

    fn workload_identity(&self) -> Result<Option<Credential>, CredentialError> {
        let Some(token_file) = self.variable(variable::FEDERATED_TOKEN_FILE) else { return Ok(None) };
        let needed =
            |name| self.variable(name).ok_or(CredentialError::HalfWorkloadIdentity { missing: name });
        Ok(Some(Credential::WorkloadIdentity {
            client_id: needed(variable::CLIENT_ID)?,
            tenant_id: needed(variable::TENANT_ID)?,
            token_file: PathBuf::from(token_file),
        }))
    }

    fn managed_identity(&self) -> Credential {
        Credential::ManagedIdentity { client_id: self.variable(variable::CLIENT_ID) }
    }

    /// Whether `az` is a program on `PATH`.
    fn azure_cli(&self) -> bool {
        let Some(path) = self.variable(variable::PATH) else { return false };
        env::split_paths(&path).any(|folder| {
            let program = folder.join("az").metadata();
            program.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
    }

    /// A variable without white space around it, which secrets in files often have; `None` where it is empty.
    fn variable(&self, name: &str) -> Option<String> {
        let value = (self.variables)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, Source};

    const REAL: &str = "https://acc.blob.core.windows.net/con";
    const EMULATOR: &str = "http://127.0.0.1:1/acc/con";
    const SAS: &str = "sv=1&se=2030-01-01&sig=PLANTED";
    const FILE: (&str, &str) = (variable::FEDERATED_TOKEN_FILE, "/token");
    const CLIENT: (&str, &str) = (variable::CLIENT_ID, "client");
    const TENANT: (&str, &str) = (variable::TENANT_ID, "tenant");
    const CONNECTION: (&str, &str) = (variable::CONNECTION_STRING, "AccountName=acc;AccountKey=UExBTlRFRA==");

    fn resolve(
        kind: CredentialKind,
        url: &str,
        variables: &[(&str, &str)],
    ) -> Result<Credential, CredentialError> {
        let Ok(Place::Blob(place)) = Place::parse(url, Source::Environment) else { panic!("{url}") };
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Credential::resolve(kind, &place, &lookup)
    }

    fn auto(url: &str, variables: &[(&str, &str)]) -> String {
        resolve(CredentialKind::Auto, url, variables).unwrap().to_string()
    }

    #[test]
    fn auto_takes_the_first_that_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let az = folder.path().join("az");
        std::fs::write(&az, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = (variable::PATH, folder.path().to_str().unwrap());
        let sas = (variable::SAS_TOKEN, SAS);
        let key = (variable::KEY, "UExBTlRFRA==\n");
        let endpoint = (variable::IDENTITY_ENDPOINT, "http://127.0.0.1/msi");
        let all = [CONNECTION, sas, key, FILE, CLIENT, TENANT, endpoint, path];
        let table = [
            (format!("{REAL}?{SAS}"), &all[..], "the shared access signature in the store URL"),
            (REAL.into(), &all[..], "the account key in AZURE_STORAGE_CONNECTION_STRING"),
            (REAL.into(), &all[1..], "the shared access signature in AZURE_STORAGE_SAS_TOKEN"),
            (REAL.into(), &all[2..], "the account key in AZURE_STORAGE_KEY"),
            (REAL.into(), &all[3..], "workload identity client"),
            (REAL.into(), &all[4..], "managed identity client"),
            (REAL.into(), &all[6..], "the system-assigned managed identity"),
            (REAL.into(), &all[7..], "the login of the Azure command line"),
            (REAL.into(), &[], "the system-assigned managed identity"),
            (
                REAL.into(),
                &[(variable::CONNECTION_STRING, " "), (variable::KEY, ""), path],
                "the login of the Azure command line",
            ),
            (EMULATOR.into(), &all[2..], "the account key in AZURE_STORAGE_KEY"),
        ];
        for (url, variables, expected) in table {
            assert_eq!(auto(&url, variables), expected);
        }
    }

    #[test]
    fn a_kind_that_is_asked_for_is_the_one_that_is_taken() {
        use CredentialKind as K;
        let all =
            [CONNECTION, (variable::SAS_TOKEN, SAS), (variable::KEY, "UExBTlRFRA=="), FILE, CLIENT, TENANT];
        let table = [
            (K::ConnectionString, "the account key in AZURE_STORAGE_CONNECTION_STRING"),
            (K::Sas, "the shared access signature in AZURE_STORAGE_SAS_TOKEN"),
            (K::Key, "the account key in AZURE_STORAGE_KEY"),
            (K::WorkloadIdentity, "workload identity client"),
            (K::ManagedIdentity, "managed identity client"),
            (K::Anonymous, "no credential (anonymous)"),
        ];
        for (kind, expected) in table {
            assert_eq!(resolve(kind, REAL, &all).unwrap().to_string(), expected);
        }
        let of_url = resolve(K::Sas, &format!("{REAL}?{SAS}"), &all).unwrap();
        assert_eq!(of_url.to_string(), "the shared access signature in the store URL");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_in_one_line() {
        use CredentialError as E;
        use CredentialKind as K;
        let missing = |kind, variable| E::Missing { kind, variable };
        let other = (variable::CONNECTION_STRING, "AccountName=else;AccountKey=UExBTlRFRA==");
        let half = |missing| E::HalfWorkloadIdentity { missing };
        let table = [
            (K::ConnectionString, REAL, vec![], missing(K::ConnectionString, variable::CONNECTION_STRING)),
            (K::Sas, REAL, vec![CONNECTION], missing(K::Sas, variable::SAS_TOKEN)),
            (K::Key, REAL, vec![(variable::KEY, "")], missing(K::Key, variable::KEY)),
            (
                K::WorkloadIdentity,
                REAL,
                vec![CLIENT],
                missing(K::WorkloadIdentity, variable::FEDERATED_TOKEN_FILE),
            ),
            (K::Auto, REAL, vec![FILE, CLIENT], half(variable::TENANT_ID)),
            (K::Auto, REAL, vec![FILE, TENANT], half(variable::CLIENT_ID)),
            (K::AzureCli, REAL, vec![(variable::PATH, "/nowhere:")], E::NoAzureCli),
            (K::AzureCli, REAL, vec![], E::NoAzureCli),
            (K::Auto, REAL, vec![other], E::OtherAccount { found: "else".into(), expected: "acc".into() }),
            (K::Auto, REAL, vec![(variable::KEY, "PLANTED!")], E::BadKey { variable: variable::KEY }),
            (K::Auto, EMULATOR, vec![FILE, CLIENT, TENANT], E::NothingForEmulator),
            (
                K::WorkloadIdentity,
                EMULATOR,
                vec![FILE, CLIENT, TENANT],
                E::TokenOverHttp(K::WorkloadIdentity),
            ),
            (K::ManagedIdentity, EMULATOR, vec![], E::TokenOverHttp(K::ManagedIdentity)),
            (K::AzureCli, EMULATOR, vec![], E::TokenOverHttp(K::AzureCli)),
        ];
        for (kind, url, variables, expected) in table {
            let error = resolve(kind, url, &variables).unwrap_err();
            let line = error.to_string();
            assert_eq!(error, expected);
            assert!(!line.contains('\n') && !line.contains("PLANTED") && !line.contains("  "), "{line}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let variables = [(variable::KEY, "UExBTlRFRA==")];
        for text in [
            format!("{:?}", resolve(CredentialKind::Auto, REAL, &variables)),
            format!("{:?}", resolve(CredentialKind::Auto, &format!("{REAL}?{SAS}"), &variables)),
        ] {
            assert!(!text.contains("PLANTED") && !text.contains("UExBTlRFRA"), "{text}");
        }
    }
}
