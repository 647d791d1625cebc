//! Connection strings: `Name=Value` pairs joined by semicolons.

use azure_core::credentials::Secret;
use url::Url;

use super::{CredentialError, Sas, resolve, variable};

/// What a connection string grants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Key(Secret),
    Sas(Sas),
}

/// What a connection string says that matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConnectionString {
    /// `None` where it names neither an account nor an endpoint.
    pub(super) account: Option<String>,
    pub(super) grant: Grant,
}

/// The account that every emulator has; published with the service's documentation, so no secret.
const EMULATOR_ACCOUNT: &str = "devstoreaccount1";
/// Its key, as public as the account.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

impl ConnectionString {
    pub(super) fn parse(text: &str) -> Result<Self, CredentialError> {
        let bad = |reason| CredentialError::BadConnectionString { reason };
        let pairs = pairs(text)?;
        let value = |name: &str| {
            pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
        };
        if value("UseDevelopmentStorage").is_some_and(|flag| flag.eq_ignore_ascii_case("true")) {
            let grant = Grant::Key(Secret::new(EMULATOR_KEY));
            return Ok(Self { account: Some(EMULATOR_ACCOUNT.to_owned()), grant });
        }
        let grant = match (value("AccountKey"), value("SharedAccessSignature")) {
            (Some(key), _) => Grant::Key(resolve::checked_key(key, variable::CONNECTION_STRING)?),
            (None, Some(sas)) => Grant::Sas(Sas::parse(sas).map_err(|reason| CredentialError::BadSas {
                variable: variable::CONNECTION_STRING,
                reason,
            })?),
            (None, None) => return Err(bad("it has neither an AccountKey nor a SharedAccessSignature")),
        };
        let endpoint = value("BlobEndpoint").map(account_of_endpoint).transpose()?;
        let account = value("AccountName").map(str::to_owned).or(endpoint);
        Ok(Self { account, grant })
    }
}

/// The pairs in their order, empty values left out.
fn pairs(text: &str) -> Result<Vec<(&str, &str)>, CredentialError> {
    let parts = text.trim().split(';').map(str::trim).filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let reason = "it is not a list of Name=Value pairs joined by semicolons";
        part.split_once('=').ok_or(CredentialError::BadConnectionString { reason })
    });
    let pairs: Vec<_> = pairs.collect::<Result<_, _>>()?;
    Ok(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// The account of an endpoint such as `https://ACCOUNT.blob.core.windows.net` or `http://HOST/ACCOUNT`.
fn account_of_endpoint(text: &str) -> Result<String, CredentialError> {
    let bad = || CredentialError::BadConnectionString { reason: "its BlobEndpoint is not a URL" };
    let url = Url::parse(text).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?;
    let account = if host.contains(".blob.") { host.split('.').next() } else { url.path().split('/').nth(1) };
    Ok(account.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: Option<&str>) -> ConnectionString {
        let grant = Grant::Key(Secret::new("c2VjcmV0"));
        ConnectionString { account: account.map(str::to_owned), grant }
    }

    #[test]
    fn every_usual_form_is_understood() {
        let sas = Grant::Sas(Sas::parse("sv=1&se=2030-01-01&sig=abc").unwrap());
        let by_sas = ConnectionString { account: Some("acc".into()), grant: sas };
        let emulator = Grant::Key(Secret::new(EMULATOR_KEY));
        let table = [
            ("AccountName=acc;AccountKey=c2VjcmV0", key(Some("acc")), "the shortest"),
            (
                "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net\n",
                key(Some("acc")),
                "as the portal shows it",
            ),
            ("accountname = acc; accountkey=c2VjcmV0;;", key(None), "white space inside a name is no name"),
            ("ACCOUNTNAME=acc; accountkey=c2VjcmV0;;", key(Some("acc")), "any case, stray semicolons"),
            (
                "BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=1&se=2030-01-01&sig=abc",
                by_sas,
                "a signature",
            ),
            ("AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:1/acc;", key(Some("acc")), "an emulator"),
            ("AccountKey=c2VjcmV0", key(None), "no account"),
            (
                "UseDevelopmentStorage=true",
                ConnectionString { account: Some("devstoreaccount1".into()), grant: emulator },
                "Azurite",
            ),
        ];
        for (text, expected, why) in table {
            assert_eq!(ConnectionString::parse(text), Ok(expected), "{why}");
        }
    }

    #[test]
    fn what_is_no_connection_string_is_refused_and_not_shown() {
        let table = [
            ("PLANTED", "Name=Value"),
            ("AccountName=acc;PLANTED", "Name=Value"),
            ("AccountName=acc", "neither an AccountKey"),
            ("UseDevelopmentStorage=false", "neither an AccountKey"),
            ("AccountName=acc;AccountKey=PLANTED!", "not base64"),
            ("AccountName=acc;AccountKey=", "neither an AccountKey"),
            ("AccountName=acc;SharedAccessSignature=PLANTED", "no 'sig'"),
            ("AccountKey=c2VjcmV0;BlobEndpoint=PLANTED", "BlobEndpoint"),
        ];
        for (text, hint) in table {
            let error = ConnectionString::parse(text).unwrap_err();
            assert!(error.to_string().contains(hint), "{text}: {error}");
            assert!(!format!("{error}{error:?}").contains("PLANTED"), "{error:?}");
        }
    }
}
