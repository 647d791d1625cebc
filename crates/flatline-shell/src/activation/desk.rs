//! Between a request to activate and the program that carries it out.

use std::fmt;
use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use failover_policy::ClusterId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::key::ActivationKey;
use super::visit::Visit;
use super::wrong_keys::{Refusal, RefusedActivations, WrongKeys};

/// Requests that wait for the program at once; further ones are told to come back. They come from people who have
/// the key, of whom there are few.
pub(super) const MAX_WAITING: usize = 4;
/// How long the program may take for its answer: a read, a write and a read to settle it, each with its deadline
/// (1 s, 1.5 s, 1 s by default).
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(4);
/// How long a program is held up by a client that is slow to take its answer.
const DELIVERY_PATIENCE: Duration = Duration::from_millis(250);

/// The end of the endpoints: checks keys, and passes on what was asked for with the right one.
pub struct ActivationDesk {
    key: Option<ActivationKey>,
    wrong_keys: WrongKeys,
    requests: mpsc::Sender<ActivationRequest>,
}

/// The end of the program: what people with the key ask for.
#[derive(Debug)]
pub struct Activations(mpsc::Receiver<ActivationRequest>);

/// Somebody with the right key wants this cluster to own the work. Dropping it is an answer too: that the program
/// did not carry it out.
#[derive(Debug)]
pub struct ActivationRequest {
    visit: Visit,
    answer: oneshot::Sender<ActivationOutcome>,
}

/// What became of a request to activate. Reasons are one line each, and say what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivationOutcome {
    /// This cluster owns the work now. Answered with 200 and these values as JSON.
    Activated {
        /// The owner from now on: the cluster that was asked.
        cluster: ClusterId,
        /// Its term.
        term: u64,
        /// Who owned the work before; `None` where nobody did, or the record did not say.
        previous: Option<ClusterId>,
    },
    /// Nothing was changed, and asking again changes nothing either, as where this cluster owns already: 409.
    Refused(String),
    /// Not possible for now, as where the store is away: 503.
    Unavailable(String),
}

/// What the desk replies to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// There is no key, so there is no activation.
    Off,
    /// The key was wrong or missing; the delay is over.
    WrongKey,
    /// The same, without a delay: too many are being held back.
    TooManyWrongKeys,
    /// The key was right, and this came of it.
    Outcome(ActivationOutcome),
}

impl ActivationDesk {
    /// Both ends. Without a key everybody is told that activation is off, and nothing is ever asked of the program.
    pub fn new(key: Option<ActivationKey>) -> (Self, Activations) {
        let (requests, waiting) = mpsc::channel(MAX_WAITING);
        (Self { key, wrong_keys: WrongKeys::new(), requests }, Activations(waiting))
    }

    /// The count of requests with a wrong or missing key.
    pub fn refused(&self) -> RefusedActivations {
        self.wrong_keys.refused()
    }

    /// Deals with one request that came with this key. Keys are compared before anything else, so that whoever
    /// has the right one never waits for those who do not.
    pub(crate) async fn serve(&self, sent: Option<&[u8]>, visit: Visit) -> Reply {
        let Some(key) = &self.key else { return Reply::Off };
        if sent.is_some_and(|sent| key.matches(sent)) {
            return Reply::Outcome(self.pass_on(visit).await);
        }
        match self.wrong_keys.refuse(visit.from).await {
            Refusal::HeldBack => Reply::WrongKey,
            Refusal::AtOnce => Reply::TooManyWrongKeys,
        }
    }

    async fn pass_on(&self, visit: Visit) -> ActivationOutcome {
        tracing::info!(from = %visit.from, "activation asked for");
        let (answer, answered) = oneshot::channel();
        let unavailable = |reason: &str| ActivationOutcome::Unavailable(reason.to_owned());
        match self.requests.try_send(ActivationRequest { visit, answer }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return unavailable("other activations are waiting; try again in a few seconds");
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                return unavailable("this program takes no activation any more");
            }
        }
        // Giving up drops the near end of the answer, which withdraws a request that was not taken yet.
        match timeout(ANSWER_DEADLINE, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => unavailable("this program did not carry it out; look at /state"),
            Err(_) => ActivationOutcome::Unavailable(format!(
                "no answer within {}s: it may still be carried out; look at /state before trying again",
                ANSWER_DEADLINE.as_secs()
            )),
        }
    }
}

impl Activations {
    /// The next request. Waits for ever where nothing can be asked, as where no endpoint is served. Safe to cancel.
    ///
    /// Requests that nobody waits for any more are left out: an operator who gave up must not be surprised by a
    /// takeover later.
    pub async fn next(&mut self) -> ActivationRequest {
        loop {
            match self.0.recv().await {
                Some(request) if request.is_withdrawn() => {
                    tracing::info!(from = %request.from(), "activation withdrawn before it was begun");
                }
                Some(request) => return request,
                None => return pending().await,
            }
        }
    }
}

impl ActivationRequest {
    /// Who asked.
    pub fn from(&self) -> SocketAddr {
        self.visit.from
    }

    /// Whether nobody waits for the answer any more: the client left, or was told that it takes too long.
    pub fn is_withdrawn(&self) -> bool {
        self.answer.is_closed()
    }

    /// Answers, and returns when the answer is on its way, so that a program which ends after an activation does not
    /// cut it off. A slow client holds it up for a quarter of a second at the most.
    pub async fn answer(mut self, outcome: ActivationOutcome) {
        if self.answer.send(outcome).is_ok() {
            let _ = timeout(DELIVERY_PATIENCE, self.visit.over()).await;
        }
    }
}

impl fmt::Debug for ActivationDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivationDesk").field("refused", &self.refused().total()).finish_non_exhaustive()
    }
}
