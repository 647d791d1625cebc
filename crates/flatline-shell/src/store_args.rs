//! The flags that say where the store is and how to sign in to it.

use std::cell::RefCell;

use clap::Args;
use heartbeat_store::{CredentialKind, Deadlines, Place, Source, Store};

use crate::{ConfigError, Environment};

/// Where the store is and how to sign in to it.
///
/// The store's variables are read here rather than by clap, because a signature in a URL is accepted only from
/// the environment: a command line shows in process lists.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreArgs {
    /// The store as the command line names it.
    #[arg(
        long,
        value_name = "PLACE",
        help = "A folder, file://PATH, or https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX] \
                [env: HEARTBEAT_STORE, else HEART_BEAT_FOLDER]"
    )]
    pub store: Option<String>,
    /// How to sign in to Azure Blob: auto, connection-string, sas, key, workload-identity, managed-identity,
    /// azure-cli or anonymous; secrets come from the variables of the Azure tools
    #[arg(long, value_name = "KIND", env = "HEARTBEAT_CREDENTIAL", default_value_t)]
    pub credential: CredentialKind,
}

/// Where the store is looked up when there is no flag, in this order.
const VARIABLES: [&str; 2] = ["HEARTBEAT_STORE", "HEART_BEAT_FOLDER"];

impl StoreArgs {
    /// Checks place and credential and opens the store, without touching it: one that is away is no error here.
    /// Call it inside the runtime that will use the store.
    pub fn open(&self, environment: &Environment, deadlines: Deadlines) -> Result<Store, ConfigError> {
        let place = self.place(environment)?;
        let unreadable = RefCell::new(None);
        let lookup = |name: &str| {
            let value = environment.get(name).map_err(|error| unreadable.replace(Some(error)));
            value.ok().flatten().map(str::to_owned)
        };
        let opened = Store::open(&place, self.credential, &lookup, deadlines);
        match unreadable.into_inner() {
            Some(error) => Err(error),
            None => opened.map_err(ConfigError::new),
        }
    }

    /// The same, and waits until the store can be asked, [`Store::REACH`] at the most: for commands that ask once.
    pub async fn open_and_reach(
        &self,
        environment: &Environment,
        deadlines: Deadlines,
    ) -> Result<Store, ConfigError> {
        let store = self.open(environment, deadlines)?;
        store.reach().await;
        Ok(store)
    }

    /// The checked place, without opening it.
    pub fn place(&self, environment: &Environment) -> Result<Place, ConfigError> {
        let (text, origin, source) = self.given(environment)?;
        Place::parse(text, source).map_err(|error| ConfigError::new(format_args!("{origin}: {error}")))
    }

    fn given<'g>(
        &'g self,
        environment: &'g Environment,
    ) -> Result<(&'g str, &'static str, Source), ConfigError> {
        if let Some(text) = &self.store {
            return Ok((text, "--store", Source::Flag));
        }
        for variable in VARIABLES {
            if let Some(text) = environment.get(variable)? {
                return Ok((text, variable, Source::Environment));
            }
        }
        Err(ConfigError::new(
            "where is the store? set --store or HEARTBEAT_STORE to a folder or the URL of a blob container",
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CONTAINER: &str = "https://acc.blob.core.windows.net/hearts";
    const SECOND: Duration = Duration::from_secs(1);

    type Variables<'v> = &'v [(&'v str, &'v str)];

    fn open(store: Option<&str>, variables: Variables) -> Result<String, String> {
        let args = StoreArgs { store: store.map(str::to_owned), credential: CredentialKind::default() };
        let environment = variables.iter().copied().collect();
        let opened = args.open(&environment, Deadlines { read: SECOND, write: SECOND });
        opened.map(|store| store.location()).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_flag_comes_first_then_the_variable_then_the_classic_one() {
        let classic = ("HEART_BEAT_FOLDER", "/classic");
        let newer = ("HEARTBEAT_STORE", "/newer");
        let nothing = ("HEARTBEAT_STORE", "");
        let table: [(Option<&str>, Variables, &str); 4] = [
            (Some("/flag"), &[classic, newer], "/flag"),
            (None, &[classic, newer], "/newer"),
            (None, &[classic], "/classic"),
            (None, &[classic, nothing], "/classic"),
        ];
        for (flag, variables, expected) in table {
            assert_eq!(open(flag, variables).as_deref(), Ok(expected));
        }
        assert!(open(None, &[]).unwrap_err().contains("set --store or HEARTBEAT_STORE"));
    }

    #[tokio::test]
    async fn a_signature_in_a_url_is_taken_from_the_environment_alone() {
        let signed = format!("{CONTAINER}?sv=2025-01-05&se=2030-01-01&sp=rw&sig=PLANTED");
        assert_eq!(open(None, &[("HEARTBEAT_STORE", &signed)]).as_deref(), Ok(CONTAINER));
        let error = open(Some(&signed), &[]).unwrap_err();
        assert!(error.starts_with("--store: the store URL has a signature"), "{error}");
        assert!(!error.contains("PLANTED"), "{error}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_with_where_it_was_found() {
        let error = open(None, &[("HEART_BEAT_FOLDER", "s3://bucket")]).unwrap_err();
        assert!(error.starts_with("HEART_BEAT_FOLDER: the store URL has an unknown scheme"), "{error}");
        let error = open(Some(CONTAINER), &[("AZURE_STORAGE_KEY", "no base64!")]).unwrap_err();
        assert!(error.contains("AZURE_STORAGE_KEY is not base64"), "{error}");
    }
}
