//! The outside of a gate or guard: whom it tells, and who may ask it something.

use std::convert::Infallible;
use std::sync::Arc;

use flatline_processes::{Notifier, Reaper};
use flatline_shell::activation::{ActivationDesk, Activations};
use flatline_shell::endpoints::{Endpoints, ListenAddress};
use flatline_shell::{Clock, ConfigError};

use crate::ownership::chronicle::Chronicle;
use crate::ownership::config::OwnershipConfig;
use crate::ownership::state::OwnershipState;

/// Everything that a gate is surrounded by.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) state: Arc<OwnershipState>,
    pub(crate) chronicle: Chronicle,
    pub(crate) activations: Activations,
    pub(crate) counter: Counter,
}

/// Where questions are asked: `--listen`.
#[derive(Debug)]
pub(crate) struct Counter {
    state: Arc<OwnershipState>,
    endpoints: Option<Endpoints>,
    desk: ActivationDesk,
    has_key: bool,
}

impl Front {
    /// Takes the address where it is free, and starts the notifier; `reaper` is asked for only where there is somebody to tell.
    pub(crate) fn new(
        config: &OwnershipConfig,
        listen: Option<ListenAddress>,
        clock: Arc<dyn Clock>,
        reaper: impl FnOnce() -> Result<Reaper, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let endpoints = listen.map(Endpoints::bind);
        if endpoints.is_none() && config.activation_key.is_some() {
            tracing::warn!("ACTIVATION_KEY is set and nobody can use it; set --listen too");
        }
        let (desk, activations) = ActivationDesk::new(config.activation_key.clone());
        let state = Arc::new(OwnershipState::new(config, clock, desk.refused()));
        let notifier = Notifier::start(config.notifications.clone(), reaper)?;
        let chronicle = Chronicle::new(config, Arc::clone(&state), notifier);
        let has_key = config.activation_key.is_some();
        let counter = Counter { state: Arc::clone(&state), endpoints, desk, has_key };
        Ok(Self { state, chronicle, activations, counter })
    }
}

impl Counter {
    /// The address that was taken or is waited for, for the log.
    pub(crate) fn address(&self) -> Option<String> {
        self.endpoints.as_ref().map(|endpoints| endpoints.address().to_string())
    }

    /// Whether an activation can be asked for, for the log.
    pub(crate) fn takes_activations(&self) -> bool {
        self.endpoints.is_some() && self.has_key
    }

    /// Answers for as long as it is polled.
    pub(crate) async fn serve(self) -> Infallible {
        match self.endpoints {
            Some(endpoints) => endpoints.serve(self.state, Some(self.desk)).await,
            None => std::future::pending().await,
        }
    }
}
