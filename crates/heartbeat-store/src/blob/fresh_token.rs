//! A token that is fetched ahead of need, aside from the requests that use it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret};
use azure_core::time::OffsetDateTime;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::progress::{self, Operation, Standing, seconds};

/// How long one fetch may take. It runs aside, so this only bounds how long a hung endpoint keeps the next
/// fetch waiting; Entra answers within a second, the Azure command line within a few.
pub(super) const FETCH_DEADLINE: Duration = Duration::from_secs(10);
/// The shortest time from the end of one fetch to the start of the next, whatever its outcome: token endpoints
/// throttle those who ask too often.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a token that has just been issued is used at least. One that seems to expire sooner means that
/// this machine's clock is ahead; the store refuses the token if it is really over.
const LEAST_USE: Duration = Duration::from_mins(1);

/// Where tokens come from.
#[async_trait]
pub(super) trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// Fetches a new token, never a kept one.
    async fn fetch(&self) -> Result<AccessToken, TokenError>;
}

/// Why there is no token. The texts are one line each and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// The identity provider said no.
    #[error("{0}")]
    Refused(String),
    /// The identity provider gave no answer that makes sense, or none in time.
    #[error("{0}")]
    Unavailable(String),
}

/// Hands out a token at once as long as one is good, and fetches the next one in the background from the middle
/// of its life on, one fetch at a time. So an identity provider that hangs or is down delays nothing while
/// the kept token is good; without a good one, callers share the fetch that is under way, each for as long as
/// its own deadline allows.
///
/// Ages are counted on the local steady clock from the moment of issue, so a step of the wall clock spoils no
/// good token.
#[derive(Debug)]
pub(super) struct FreshToken {
    shared: Arc<SharedState>,
}

#[derive(Debug)]
struct SharedState {
    source: Box<dyn TokenSource>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: Option<Kept>,
    /// The last fetch, under way or over.
    fetch: Option<Fetch>,
    /// Not before this moment the next one.
    rest_until: Option<Instant>,
}

#[derive(Debug)]
struct Kept {
    token: Secret,
    renew_at: Instant,
    good_until: Instant,
}

#[derive(Debug)]
struct Fetch {
    outcome: Shared<BoxFuture<'static, Result<Secret, TokenError>>>,
    task: AbortHandle,
    /// Where it stands.
    operation: Operation,
}

/// Somebody waits for a fetch.
struct Waits {
    since: Instant,
    fetch: Operation,
}

impl Standing for Waits {
    fn told(&self, now: Instant) -> String {
        let stands = self.fetch.told().map(|stood| format!(": {stood}")).unwrap_or_default();
        format!("still waiting for a token (for {}){stands}", seconds(now.duration_since(self.since)))
    }
}

impl FreshToken {
    pub(super) fn new(source: impl TokenSource) -> Self {
        Self { shared: Arc::new(SharedState { source: Box::new(source), state: Mutex::default() }) }
    }

    /// A token that is good, at once where one is kept. Dropping the future leaves the fetch running for the
    /// next caller.
    pub(super) async fn get(&self) -> Result<Secret, TokenError> {
        let outcome = {
            let mut state = self.shared.lock();
            let now = Instant::now();
            if state.wants_fetch(now) {
                state.fetch = Some(SharedState::start_fetch(&self.shared));
            }
            match (state.good_token(now), &state.fetch) {
                (Some(token), _) => return Ok(token),
                // While the source rests, this is the answer that it last gave.
                (None, Some(fetch)) => {
                    progress::waits_for(Arc::new(Waits { since: now, fetch: fetch.operation.clone() }));
                    fetch.outcome.clone()
                }
                (None, None) => return Err(TokenError::Unavailable("no token was fetched yet".to_owned())),
            }
        };
        outcome.await
    }

    /// Tells that the store did not take this token: the next one is fetched as soon as may be. Until it is
    /// there the old one is tried again, since a refusal can be the store's own passing trouble.
    pub(super) fn refused(&self, token: &Secret) {
        let mut state = self.shared.lock();
        if let Some(kept) = state.kept.as_mut().filter(|kept| kept.token == *token) {
            kept.renew_at = Instant::now();
        }
    }
}

impl State {
    fn wants_fetch(&self, now: Instant) -> bool {
        let due = self.kept.as_ref().is_none_or(|kept| now >= kept.renew_at);
        let running = self.fetch.as_ref().is_some_and(|fetch| !fetch.task.is_finished());
        due && !running && self.rest_until.is_none_or(|until| now >= until)
    }

    fn good_token(&self, now: Instant) -> Option<Secret> {
        self.kept.as_ref().filter(|kept| now < kept.good_until).map(|kept| kept.token.clone())
    }
}

impl SharedState {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_fetch(this: &Arc<Self>) -> Fetch {
        let shared = Arc::clone(this);
        let operation = Operation::alone(FETCH_DEADLINE);
        let running = operation.clone();
        let task = tokio::spawn(async move {
            let fetched = running.run(shared.source.fetch()).await.unwrap_or_else(|overrun| {
                Err(TokenError::Unavailable(format!("the identity provider gave {overrun}")))
            });
            shared.note(fetched)
        });
        let abort = task.abort_handle();
        let outcome = task.map(|outcome| {
            outcome.unwrap_or_else(|_| {
                Err(TokenError::Unavailable("the fetch of a token was cut off".to_owned()))
            })
        });
        Fetch { outcome: outcome.boxed().shared(), task: abort, operation }
    }

    /// Keeps what a fetch brought, and lets the source rest.
    fn note(&self, fetched: Result<AccessToken, TokenError>) -> Result<Secret, TokenError> {
        let mut state = self.lock();
        let now = Instant::now();
        state.rest_until = Some(now + PAUSE);
        let AccessToken { token, expires_on } = fetched.inspect_err(|error| {
            tracing::debug!(%error, "no new token");
        })?;
        let life =
            Duration::try_from(expires_on - OffsetDateTime::now_utc()).unwrap_or_default().max(LEAST_USE);
        state.kept = Some(Kept { token: token.clone(), renew_at: now + life / 2, good_until: now + life });
        Ok(token)
    }
}

/// A fetch ends with the token that it is for.
impl Drop for FreshToken {
    fn drop(&mut self) {
        if let Some(fetch) = &self.shared.lock().fetch {
            fetch.task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
