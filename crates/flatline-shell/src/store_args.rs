//! The flags that say where the store is.

use clap::Args;

use crate::{ConfigError, Environment};

/// Where the store is and how to sign in to it.
///
/// The variables are read here rather than by clap, because a signature in a URL is accepted only from the
/// environment: a command line shows in process lists.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreArgs {
    /// The store: a folder, or `https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]`
    /// [env: `HEARTBEAT_STORE`, else `HEART_BEAT_FOLDER`]
    #[arg(long, value_name = "PLACE")]
    pub store: Option<String>,
}

/// A `--store` value and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenStore {
    pub(crate) place: String,
    pub(crate) origin: &'static str,
}

/// The flag first, then these, in this order.
const VARIABLES: [&str; 2] = ["HEARTBEAT_STORE", "HEART_BEAT_FOLDER"];

impl StoreArgs {
    pub(crate) fn given(&self, environment: &Environment) -> Result<GivenStore, ConfigError> {
        if let Some(place) = &self.store {
            return Ok(GivenStore { place: place.clone(), origin: "--store" });
        }
        for origin in VARIABLES {
            if let Some(place) = environment.get(origin)? {
                return Ok(GivenStore { place: place.to_owned(), origin });
            }
        }
        Err(ConfigError::new(
            "where is the store? set --store or HEARTBEAT_STORE to a folder or the URL of a blob container",
        ))
    }
}
